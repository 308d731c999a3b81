"""What records say, in words: directives, states, times."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from actions.contract import JSON
from calls.models import CallState, RunState

RUN_BADGES = {
    RunState.QUEUED: "info",
    RunState.RUNNING: "info",
    RunState.SUCCEEDED: "success",
    RunState.SKIPPED: "default",
    RunState.FAILED: "danger",
    RunState.DEAD: "danger",
}
CALL_BADGES = {CallState.RINGING: "warning", CallState.IN_PROGRESS: "info", CallState.COMPLETED: "success"}

STEP_STATES = {
    "succeeded": (pgettext_lazy("step of a workflow", "Done"), "success"),
    "failed": (pgettext_lazy("step of a workflow", "Failed"), "danger"),
    "cancelled": (pgettext_lazy("step of a workflow", "Cancelled"), "warning"),
    "not_taken": (pgettext_lazy("step of a workflow", "Not taken"), "default"),
}

EVENTS = {
    "transfer.ringing": ("ring_volume", gettext_lazy("The destination rings")),
    "transfer.bridged": ("call_merge", gettext_lazy("The caller is connected")),
    "transfer.no_answer": ("phone_missed", gettext_lazy("Nobody answers")),
    "transfer.busy": ("phone_disabled", gettext_lazy("The destination is busy")),
    "transfer.rejected": ("phone_disabled", gettext_lazy("The destination does not take the call")),
    "transfer.unreachable": ("phone_disabled", gettext_lazy("The destination cannot be reached")),
    "transfer.failed": ("error", gettext_lazy("The transfer failed")),
    "transfer.caller_hung_up": ("call_end", gettext_lazy("The caller hung up")),
    "transfer.cancelled": ("cancel", gettext_lazy("The transfer was cancelled")),
}

ROLES = {
    "caller": gettext_lazy("Caller"),
    "agent": gettext_lazy("Agent"),
    "human": gettext_lazy("Colleague"),
    "system": gettext_lazy("System"),
}


def milliseconds(value: float | None) -> str:
    """``350 ms`` or ``1.2 s``, in the reader's notation; '' where it is not known."""
    if value is None:
        return ""
    if value < 1:
        return _("< 1 ms")
    if value < 1000:
        return _("%(count)s ms") % {"count": number_format(value, 1 if value < 10 else 0)}
    return _("%(count)s s") % {"count": number_format(value / 1000, 1)}


def duration(seconds: float | None) -> str:
    """``41 s`` or ``3 min 05 s``; '' where it is not known."""
    if seconds is None:
        return ""
    minutes, rest = divmod(round(seconds), 60)
    if minutes:
        return _("%(minutes)d min %(seconds)02d s") % {"minutes": minutes, "seconds": rest}
    return _("%(count)s s") % {"count": rest}


def directive(given: Mapping[str, JSON]) -> str:
    """One sentence for what the telephone system was told to do."""
    match given:
        case {"type": "transfer", "destination": {"value": value, **where}, "ring_time_s": ring_time_s}:
            whom = f"{where['description']} ({value})" if where.get("description") else value
            return _("Transfer to %(whom)s, ringing for %(seconds)s s") % {"whom": whom, "seconds": ring_time_s}
        case {"type": "hang_up"}:
            return _("Hang up")
        case {"type": "say", "text": text}:
            return _("Say: “%(text)s”") % {"text": text}
        case {"type": "send_digits", "digits": digits}:
            return _("Press the keys %(digits)s") % {"digits": digits}
        case {"type": "wait", "max_s": seconds}:
            return _("Stay silent for %(seconds)s s at most") % {"seconds": seconds}
        case _:
            return str(given.get("type", ""))


def event(kind: str) -> tuple[str, Any]:
    """(symbol, title) of an event; one that nobody has named is shown by its own."""
    return EVENTS.get(kind, ("bolt", kind))
