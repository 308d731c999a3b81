"""What records say, in words: directives, states, times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.formats import number_format
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from actions.contract import JSON
from calls.analysis.findings import Source
from calls.models import Call, CallState, RunState

RUN_BADGES = {
    RunState.QUEUED: "info",
    RunState.RUNNING: "info",
    RunState.SUCCEEDED: "success",
    RunState.SKIPPED: "default",
    RunState.FAILED: "danger",
    RunState.DEAD: "danger",
}
CALL_BADGES = {CallState.RINGING: "warning", CallState.IN_PROGRESS: "info", CallState.COMPLETED: "success"}

CACHE_RESULTS = {
    "hits": (pgettext_lazy("result from the cache", "Hit"), "success"),
    "misses": (pgettext_lazy("result from the cache", "Miss"), "info"),
    "shared": (pgettext_lazy("result from the cache", "Made for several at once"), "success"),
    "stale": (pgettext_lazy("result from the cache", "In place of a failure"), "warning"),
    "skipped": (pgettext_lazy("result from the cache", "Without a key"), "default"),
}

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
    "keypad.pressed": ("dialpad", gettext_lazy("The caller pressed a key")),
    "keypad.collected": ("pin", gettext_lazy("The caller typed a number")),
    "wait.ended": ("hourglass_bottom", gettext_lazy("The wait is over")),
    "transfer.cancelled": ("cancel", gettext_lazy("The transfer was cancelled")),
}

EVENT_FACTS = {
    "attempt": gettext_lazy("attempt"),
    "sip_code": gettext_lazy("SIP code"),
    "destination": gettext_lazy("destination"),
    "digits": gettext_lazy("keys"),
    "key": gettext_lazy("key"),
    "reason": gettext_lazy("reason"),
}

ATTEMPTS = {
    "requested": (pgettext_lazy("attempt of a transfer", "Requested"), "info"),
    "ringing": (pgettext_lazy("attempt of a transfer", "Rings"), "info"),
    "bridged": (pgettext_lazy("attempt of a transfer", "Connected"), "success"),
    "no_answer": (pgettext_lazy("attempt of a transfer", "No answer"), "warning"),
    "busy": (pgettext_lazy("attempt of a transfer", "Busy"), "warning"),
    "rejected": (pgettext_lazy("attempt of a transfer", "Not taken"), "warning"),
    "unreachable": (pgettext_lazy("attempt of a transfer", "Unreachable"), "danger"),
    "failed": (pgettext_lazy("attempt of a transfer", "Failed"), "danger"),
    "caller_hung_up": (pgettext_lazy("attempt of a transfer", "The caller hung up"), "default"),
    "cancelled": (pgettext_lazy("attempt of a transfer", "Cancelled"), "default"),
}

REASONS_LEFT_OUT = {
    "closed": gettext_lazy("closed at that time"),
    "loop": gettext_lazy("the number that was dialled: the call would come back"),
    "gone": gettext_lazy("not there any more, or not published"),
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
        case {"type": "transfer", "destinations": list(rung), "ring_time_s": ring_time_s}:
            return _transfer(given, {"whom": destinations(rung), "seconds": ring_time_s})
        case {"type": "hang_up"}:
            return _("Hang up")
        case {"type": "say", "text": text}:
            return _("Say: “%(text)s”") % {"text": text}
        case {"type": "send_digits", "digits": digits}:
            return _("Press the keys %(digits)s") % {"digits": digits}
        case {"type": "wait", "max_s": seconds}:
            return _("Stay silent for %(seconds)s s at most") % {"seconds": seconds}
        case {"type": "collect_digits", "most": most}:
            return ngettext("Take %(most)d key from the caller", "Take up to %(most)d keys from the caller", most) % {
                "most": most
            }
        case _:
            return str(given.get("type", ""))


def destination(given: Mapping[str, JSON]) -> str:
    """``Support (+33199000010)``, or whichever of both is known."""
    name, value = str(given.get("description") or given.get("name") or ""), str(given.get("value", ""))
    return f"{name} ({value})" if name and value and name != value else name or value


def destinations(given: JSON) -> str:
    rung = [destination(each) for each in given or [] if isinstance(each, Mapping)]
    return get_text_list(rung, _("and"))


def _transfer(given: Mapping[str, JSON], facts: Mapping[str, JSON]) -> str:
    attempt, line = given.get("attempt", 1), given.get("sip_connection") or {}
    sentence = _("Transfer to %(whom)s, ringing for %(seconds)s s") % facts
    if isinstance(attempt, int) and attempt > 1:
        sentence = _("Attempt %(attempt)d: ring %(whom)s for %(seconds)s s") % {**facts, "attempt": attempt}
    if line.get("name"):
        sentence = _("%(sentence)s, through %(line)s") % {"sentence": sentence, "line": line["name"]}
    if given.get("mode") == "warm":
        sentence = _("%(sentence)s, with a summary") % {"sentence": sentence}
    return sentence


def event(kind: str) -> tuple[str, Any]:
    """(symbol, title) of an event; one that nobody has named is shown by its own."""
    return EVENTS.get(kind, ("bolt", kind))


def event_facts(data: Mapping[str, JSON]) -> dict[str, JSON]:
    """What an event reported beside its type, under names for people where there are some."""
    return {str(EVENT_FACTS.get(name, name)): value for name, value in data.items() if name != "tool_call_id"}


@dataclass(frozen=True)
class ShownLabel:
    """``source``: who gave the label, in words; '' where it is not known."""

    classifier: str
    label: str
    source: str


def labels(call: Call) -> list[ShownLabel]:
    sources = call.analysis.get("labels", {})
    return [
        ShownLabel(name, str(label), str(Source(sources[name]).label) if name in sources else "")
        for name, label in call.classifications.items()
    ]
