"""Model Context Protocol: what ``tools/list`` of the call's own server answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.contract import JSON
from actions.manifests.base import Called, Place, Shape, Warn, register
from actions.manifests.schemas import warn_unless_plain
from actions.manifests.spoken import described

if TYPE_CHECKING:
    from actions.releases import ToolDefinition

OUTPUT: dict[str, JSON] = {
    "type": "object",
    "properties": {
        "result": {"description": "For the model."},
        "directives": {
            "type": "array",
            "items": {"type": "object"},
            "description": "Orders for whoever runs the call.",
        },
    },
    "required": ["result", "directives"],
}


def _tool(tool: ToolDefinition, place: Place, warn: Warn) -> dict[str, JSON]:
    warn_unless_plain(tool.parameters, "MCP", warn)
    shown: dict[str, JSON] = {
        "name": tool.name,
        "title": tool.name.replace("_", " ").capitalize(),
        "description": described(tool, place.language),
        "inputSchema": {**tool.parameters, "type": "object"},
        "outputSchema": OUTPUT,
    }
    if tool.reads_only:
        shown["annotations"] = {"readOnlyHint": True, "openWorldHint": False}
    return shown


register(Shape("mcp", "MCP", Called.OVER_MCP, _tool))
