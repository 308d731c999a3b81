"""What a run tried, one attempt after the other, as a transfer keeps it in the run's progress."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.dateparse import parse_datetime

from actions.contract import JSON
from calls.admin import words

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


@dataclass(frozen=True)
class AttemptLine:
    """One attempt: whom it rang, what came of it, and how long that took."""

    number: int
    whom: str
    outcome: StrOrPromise
    badge: str
    sip_code: int | None
    at: datetime | None
    duration: str


@dataclass(frozen=True)
class LeftOut:
    """A destination that was not rung, and why."""

    whom: str
    why: StrOrPromise


def attempts_of(progress: JSON) -> list[AttemptLine]:
    """None for the runs that keep no attempts."""
    return [_line(each) for each in _mappings(progress, "attempts")]


def left_out_of(progress: JSON) -> list[LeftOut]:
    return [
        LeftOut(words.destination(each), words.REASONS_LEFT_OUT.get(str(each.get("why")), ""))
        for each in _mappings(progress, "skipped")
    ]


def _line(attempt: Mapping[str, JSON]) -> AttemptLine:
    outcome = str(attempt.get("outcome", ""))
    label, badge = words.ATTEMPTS.get(outcome, (outcome, "default"))
    begun, ended = _moment(attempt.get("requested_at")), _moment(attempt.get("ended_at"))
    return AttemptLine(
        number=attempt.get("attempt", 0),
        whom=words.destinations(attempt.get("destinations")),
        outcome=label,
        badge=badge,
        sip_code=attempt.get("sip_code"),
        at=begun,
        duration=words.duration((ended - begun).total_seconds()) if begun and ended else "",
    )


def _mappings(progress: JSON, name: str) -> list[Mapping[str, JSON]]:
    listed = progress.get(name) if isinstance(progress, Mapping) else None
    return [each for each in listed or [] if isinstance(each, Mapping)]


def _moment(text: JSON) -> datetime | None:
    return parse_datetime(text) if isinstance(text, str) else None
