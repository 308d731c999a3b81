"""OpenAI: nested functions (Chat Completions), flat ones (Responses and Realtime).

Not ``strict``: in strict mode every argument is required and most keywords are refused; what the model gives is
checked here in any case. Several models refuse descriptions above 1,024 characters, and more than 128 tools.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.contract import JSON
from actions.manifests.base import Called, Place, Shape, Warn, register
from actions.manifests.schemas import warn_unless_plain
from actions.manifests.spoken import described

if TYPE_CHECKING:
    from actions.releases import ToolDefinition

LONGEST_DESCRIPTION = 1024
MOST_TOOLS = 128


def function(tool: ToolDefinition, place: Place, warn: Warn) -> dict[str, JSON]:
    warn_unless_plain(tool.parameters, "OpenAI", warn)
    return {
        "name": tool.name,
        "description": described(tool, place.language),
        "parameters": dict(tool.parameters),
        "strict": False,
    }


def _chat(tool: ToolDefinition, place: Place, warn: Warn) -> dict[str, JSON]:
    return {"type": "function", "function": function(tool, place, warn)}


def _responses(tool: ToolDefinition, place: Place, warn: Warn) -> dict[str, JSON]:
    return {"type": "function", **function(tool, place, warn)}


for name, label, shape in (
    ("openai", "OpenAI Chat Completions", _chat),
    ("openai_responses", "OpenAI Responses", _responses),
):
    register(Shape(name, label, Called.BY_CODE, shape, LONGEST_DESCRIPTION, MOST_TOOLS))
