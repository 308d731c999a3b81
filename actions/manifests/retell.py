"""Retell: a custom function. It posts ``{name, call, args}`` to a fixed address: not what our API takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from actions.contract import JSON
from actions.manifests.base import Called, Place, Shape, Warn, register
from actions.manifests.schemas import warn_unless_plain
from actions.manifests.spoken import text_of

if TYPE_CHECKING:
    from actions.releases import ToolDefinition

NO_BRIDGE = "https://your-bridge.invalid/"
"""Retell demands an address; ``.invalid`` is reserved and leads nowhere (RFC 2606)."""


def _tool(tool: ToolDefinition, place: Place, warn: Warn) -> dict[str, JSON]:
    warn_unless_plain(tool.parameters, "Retell", warn)
    if not place.bridge_url:
        warn(_("Retell needs the address of your bridge (bridge_url): the one shown here leads nowhere."))
    shown: dict[str, JSON] = {
        "type": "custom",
        "name": tool.name,
        "description": tool.description,
        "url": place.bridge_url or NO_BRIDGE,
        "method": "POST",
        "parameters": {"properties": {}, **tool.parameters, "type": "object"},
        "speak_during_execution": tool.message_before is not None,
        "speak_after_execution": True,
    }
    if tool.message_before is not None and (text := text_of(tool.message_before, place.language)):
        exact = tool.message_before.mode == "exact"
        shown["execution_message_type"] = "static_text" if exact else "prompt"
        shown["execution_message_description"] = text
    return shown


register(Shape("retell", "Retell", Called.BY_BRIDGE, _tool))
