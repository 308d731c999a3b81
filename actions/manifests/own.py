"""Our own shape: everything that a tool is, for programs that know us."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy

from actions.contract import JSON
from actions.manifests.base import OWN, Called, Place, Shape, Warn, register

if TYPE_CHECKING:
    from actions.releases import ToolDefinition


def tool_json(tool: ToolDefinition) -> dict[str, JSON]:
    """``messages`` is there only for a tool before which the agent says something."""
    shown: dict[str, JSON] = {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)}
    if tool.message_before is not None:
        shown["messages"] = {"before": tool.message_before.model_dump()}
    return shown


def _tool(tool: ToolDefinition, place: Place, warn: Warn) -> dict[str, JSON]:
    return tool_json(tool)


register(Shape(OWN, gettext_lazy("Triptyque (all that there is)"), Called.BY_CODE, _tool))
