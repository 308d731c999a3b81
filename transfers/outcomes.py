"""What became of a transfer, in words that the model can act on and that never claim more than is known."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext as _
from django.utils.translation import override

from actions.contract import JSON

PREFIX = "transfer."


def requested(destination: str, ring_time_s: int, language: str) -> str:
    """The sentence for the moment at which nothing but the order has been given."""
    with override(language):
        return _(
            "The call is being transferred to %(destination)s; nobody has answered yet. "
            "If nobody answers within %(seconds)d seconds, the caller comes back to you."
        ) % {"destination": destination, "seconds": ring_time_s}


def result_of(event_type: str, data: Mapping[str, JSON], ring_time_s: int, language: str) -> dict[str, JSON] | None:
    """The tool result that an event makes true; None for an event that says nothing about a transfer.

    ``data["sip_code"]``, where the runtime gives one, is the final SIP response (RFC 3261 section 21).
    """
    with override(language):
        sentences = _sentences(ring_time_s)
    status = event_type.removeprefix(PREFIX)
    if not event_type.startswith(PREFIX) or status not in sentences:
        return None
    result: dict[str, JSON] = {"status": status, "message": sentences[status]}
    code = data.get("sip_code")
    if isinstance(code, int) and 300 <= code <= 699:
        result["sip_code"] = code
    return result


def _sentences(ring_time_s: int) -> dict[str, str]:
    no_answer = _(
        "Nobody answered within %(seconds)d seconds. The caller is with you again: say so, and offer another way."
    ) % {"seconds": ring_time_s}
    return {
        "ringing": _("The destination is ringing. The caller is not connected yet."),
        "bridged": _("The caller is connected with the destination. You have left the call."),
        "no_answer": no_answer,
        "busy": _("The destination is busy. The caller is with you again: say so, and offer another way."),
        "rejected": _(
            "The destination did not take the call. The caller is with you again: say so, and offer another way."
        ),
        "unreachable": _(
            "The destination cannot be reached. The caller is with you again: say so, and offer another way."
        ),
        "failed": _(
            "The transfer failed for a technical reason. The caller is with you again: say so, and offer another way."
        ),
        "caller_hung_up": _(
            "The caller hung up before anybody answered. Nobody was connected, and nobody is listening any more."
        ),
        "cancelled": _(
            "The transfer was cancelled before anybody answered. The caller is with you again: ask how to go on."
        ),
    }
