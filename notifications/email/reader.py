"""The name ``reader`` of emails: the facts of the call as the recipient reads them, in his language."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.conf import settings
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import override

from actions.contract import JSON, CallContext

NAMES = frozenset(
    {"agent", "direction", "date", "duration", "caller", "called", "transcript", "link", "recording", "language"}
)

MOST_TRANSCRIPT = 1_000_000
"""Characters of it in an email: more than a report may hold, less than mail servers refuse."""


def unknown_reader_names(names: frozenset[str]) -> list[str]:
    """A sentence for each ``reader.…`` that does not exist."""
    asked = sorted({name.split(".")[1] for name in names if name.startswith("reader.")} - NAMES)
    return [
        _("“%(name)s” does not exist. Known are: %(names)s.")
        % {"name": f"reader.{name}", "names": ", ".join(f"reader.{known}" for known in sorted(NAMES))}
        for name in asked
    ]


def reader_of(context: CallContext, language: str, recording: str = "") -> dict[str, JSON]:
    """All of ``NAMES``, texts."""
    facts = context.scope["interaction"]
    with override(language):
        inbound = facts.get("DIRECTION") == "inbound"
        return {
            "agent": context.agent.name,
            "language": language,
            "direction": _("Inbound call") if inbound else _("Outbound call"),
            "date": _date(facts.get("BEGUN_AT")),
            "duration": duration_in_words(facts.get("DURATION")),
            "caller": facts.get("ANI") or _("number withheld"),
            "called": facts.get("DNIS") or "—",
            "transcript": "\n".join(
                f"{who} : {what}" if who and language == "fr" else f"{who}: {what}" if who else what
                for who, what in turns_of(_readable(facts), language)
            ),
            "link": call_url(context),
            "recording": recording,
        }


def call_url(context: CallContext) -> str:
    """The call in the admin, for whoever may see it there."""
    path = reverse("admin:calls_call_change", args=[context.call_id])
    return f"{settings.PUBLIC_URL}{path}"


def _readable(facts: Mapping[str, JSON]) -> str:
    """The transcript, or as much of it as fits, with a last line that says so."""
    transcript = facts.get("TRANSCRIPT") or ""
    if len(transcript) <= MOST_TRANSCRIPT:
        return str(transcript)
    rest = _("[The rest of the transcript is on the page of the call.]")
    return f"{transcript[:MOST_TRANSCRIPT]}…\n{rest}"


def turns_of(transcript: str, language: str) -> list[tuple[str, str]]:
    """(who, what) of each line of ``interaction.TRANSCRIPT``; '' for a line that goes on with the one before."""
    with override(language):
        names = {"caller": _("Caller"), "agent": _("Agent"), "human": _("Colleague"), "system": _("System")}
    turns = []
    for line in transcript.split("\n"):
        role, colon, what = line.partition(": ")
        turns.append((names[role], what) if colon and role in names else ("", line))
    return turns if transcript else []


def duration_in_words(seconds: JSON) -> str:
    """``1 min 05 s``; '' if it is not known."""
    if not isinstance(seconds, int | float):
        return ""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def _date(begun_at: JSON) -> str:
    """In the agent's time zone, as it was given."""
    try:
        return date_format(datetime.fromisoformat(begun_at), "DATETIME_FORMAT")
    except (TypeError, ValueError):
        return ""


def scope_with_reader(context: CallContext, reader: Mapping[str, JSON]) -> Mapping[str, JSON]:
    facts = context.scope["interaction"]
    return {**context.scope, "reader": reader, "interaction": {**facts, "TRANSCRIPT": _readable(facts)}}
