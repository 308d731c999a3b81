"""Pipecat: the keyword arguments of ``FunctionSchema``, which keeps properties and required names, nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from actions.contract import JSON
from actions.manifests.base import Called, Place, Shape, Warn, register
from actions.manifests.schemas import SILENT, warn_unless_plain
from actions.manifests.spoken import described

if TYPE_CHECKING:
    from actions.releases import ToolDefinition

KEPT = {"type", "properties", "required"}


def _tool(tool: ToolDefinition, place: Place, warn: Warn) -> dict[str, JSON]:
    warn_unless_plain(tool.parameters, "Pipecat", warn)
    lost = sorted(set(tool.parameters) - KEPT - (SILENT - {"$defs"}))
    if lost:
        text = _("%(keywords)s at the top of the arguments’ schema: Pipecat has no place for this.")
        warn(text % {"keywords": ", ".join(lost)})
    return {
        "name": tool.name,
        "description": described(tool, place.language),
        "properties": dict(tool.parameters.get("properties") or {}),
        "required": list(tool.parameters.get("required") or []),
    }


register(Shape("pipecat", "Pipecat", Called.BY_CODE, _tool))
