"""ElevenLabs: a webhook tool that calls our API by itself.

It fills in two dynamic variables, which the conversation must have been given when it began: ``triptyque_call_id``,
and ``secret__triptyque_authorization`` (“Bearer …”; variables of this prefix go into headers only, never to a model).
Of JSON Schema it knows type, properties, required, items and choices of text, and demands descriptions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.contract import JSON
from actions.manifests.base import Called, Place, Shape, Warn, register
from actions.manifests.schemas import Subset
from actions.manifests.spoken import described

if TYPE_CHECKING:
    from actions.messages import MessageBefore
    from actions.releases import ToolDefinition

CALL_ID = "triptyque_call_id"
AUTHORIZATION = "secret__triptyque_authorization"
TIMEOUT_S = 30

SCHEMA = Subset("ElevenLabs", frozenset({"type", "items", "properties", "description"}), describes=True)


def _tool(tool: ToolDefinition, place: Place, warn: Warn) -> dict[str, JSON]:
    arguments = {"description": "The arguments of the tool.", **SCHEMA.of(tool.parameters, warn)}
    api: dict[str, JSON] = {
        "url": f"{place.api_url}/calls/{place.call_id or '{call_id}'}/actions/{tool.name}",
        "method": "POST",
        "content_type": "application/json",
        "request_headers": {"Authorization": {"variable_name": AUTHORIZATION}},
    }
    if not place.call_id:
        api["path_params_schema"] = {"call_id": {"type": "string", "dynamic_variable": CALL_ID}}
    if arguments["properties"]:
        body = {"arguments": arguments}
        api["request_body_schema"] = {"type": "object", "properties": body, "required": ["arguments"]}
    return {
        "type": "webhook",
        "name": tool.name,
        "description": described(tool, place.language),
        "response_timeout_secs": TIMEOUT_S,
        "pre_tool_speech": _speech(tool.message_before),
        "api_schema": api,
    }


def _speech(message: MessageBefore | None) -> str:
    """``auto``: it speaks before tools that have been slow; ``force``: always."""
    if message is None:
        return "off"
    return "auto" if message.after_ms else "force"


register(Shape("elevenlabs", "ElevenLabs", Called.OVER_REST, _tool))
