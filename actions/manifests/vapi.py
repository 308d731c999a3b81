"""Vapi: a function tool, with its messages per language.

Vapi posts a ``tool-calls`` message of its own to the tool's server, else to the assistant's: not the request that our
API takes. Its schemas know a handful of keywords.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.contract import JSON
from actions.manifests.base import Called, Place, Shape, Warn, register
from actions.manifests.schemas import Subset
from actions.manifests.spoken import asked

if TYPE_CHECKING:
    from actions.messages import MessageBefore
    from actions.releases import ToolDefinition

LONGEST_DESCRIPTION = 999
SOONEST_MS, LATEST_MS = 100, 120_000

SCHEMA = Subset("Vapi", frozenset({"type", "items", "properties", "description", "pattern", "format", "title"}))


def _tool(tool: ToolDefinition, place: Place, warn: Warn) -> dict[str, JSON]:
    description, message = tool.description, tool.message_before
    if message is not None and not _is_fixed(message):
        description = f"{description}\n\n{asked(message, place.language)}"
    shown: dict[str, JSON] = {
        "type": "function",
        "function": {"name": tool.name, "description": description, "parameters": SCHEMA.of(tool.parameters, warn)},
    }
    if message is not None and _is_fixed(message):
        shown["messages"] = [_message(message)]
    if place.bridge_url:
        shown["server"] = {"url": place.bridge_url}
    return shown


def _is_fixed(message: MessageBefore) -> bool:
    """Only fixed text is a message of Vapi's; its own words are asked of the model."""
    return message.mode == "exact" and bool(message.texts)


def _message(message: MessageBefore) -> dict[str, JSON]:
    contents = [{"type": "text", "text": text, "language": language} for language, text in message.texts.items()]
    if message.after_ms:
        wait_ms = min(max(message.after_ms, SOONEST_MS), LATEST_MS)
        return {"type": "request-response-delayed", "timingMilliseconds": wait_ms, "contents": contents}
    return {"type": "request-start", "contents": contents, "blocking": False}


register(Shape("vapi", "Vapi", Called.BY_BRIDGE, _tool, LONGEST_DESCRIPTION))
