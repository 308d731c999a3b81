"""LiveKit Agents: the ``raw_schema`` of ``function_tool``, which hands it to the model as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.contract import JSON
from actions.manifests.base import Called, Place, Shape, Warn, register
from actions.manifests.schemas import warn_unless_plain
from actions.manifests.spoken import described

if TYPE_CHECKING:
    from actions.releases import ToolDefinition


def _tool(tool: ToolDefinition, place: Place, warn: Warn) -> dict[str, JSON]:
    warn_unless_plain(tool.parameters, "LiveKit", warn)
    return {
        "type": "function",
        "name": tool.name,
        "description": described(tool, place.language),
        "parameters": dict(tool.parameters),
    }


register(Shape("livekit", "LiveKit Agents", Called.BY_CODE, _tool))
