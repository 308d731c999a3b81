"""LiveKit Agents makes its own tools out of ours, and hands OpenAI and Anthropic what we hand them."""

import json
import sys
from typing import Any

from livekit.agents.llm import ToolContext, function_tool


async def answer(raw_arguments: dict[str, object]) -> str:
    return "done"


given: list[dict[str, Any]] = json.load(sys.stdin)
context = ToolContext([function_tool(answer, raw_schema=each) for each in given])
assert list(context.function_tools) == [each["name"] for each in given]
offered = context.parse_function_tools("openai", strict=False)
for mine, theirs in zip(given, offered, strict=True):
    function = theirs["function"]
    assert {name: function[name] for name in ("name", "description", "parameters")} == {
        name: mine[name] for name in ("name", "description", "parameters")
    }, theirs
assert len(context.parse_function_tools("anthropic", strict=False)) == len(given)
