"""Pipecat makes its own schemas out of ours, and hands OpenAI what we hand it."""

import json
import sys
from typing import Any

from pipecat.adapters.llm.schemas.function_schema import FunctionSchema
from pipecat.adapters.llm.schemas.tools_schema import ToolsSchema

given: list[dict[str, Any]] = json.load(sys.stdin)
schemas = [FunctionSchema(**each) for each in given]
assert ToolsSchema(standard_tools=schemas).standard_tools == schemas
for mine, schema in zip(given, schemas, strict=True):
    theirs = schema.to_default_dict()
    assert theirs["name"] == mine["name"]
    assert theirs["description"] == mine["description"]
    assert theirs["parameters"]["properties"] == mine["properties"]
    assert theirs["parameters"]["required"] == mine["required"]
