"""Time slots as people type them: ``[{"days": [0, 1, 2, 3, 4], "from": "09:00", "to": "17:00"}]``, 0 is Monday.

``to`` may be earlier than ``from`` (past midnight) and ``24:00``; a whole day is 00:00 to 24:00 (or to 00:00).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import time
from itertools import combinations
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.dates import WEEKDAYS
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from schedules.hours import parse_time

MOST_SLOTS = 50
_DAY_MIN = 24 * 60
_WEEK_MIN = 7 * _DAY_MIN


def validate_time_slots(value: Any) -> None:
    """Raises ValidationError with a sentence for each slot that cannot be, or for slots that overlap."""
    if not isinstance(value, list):
        raise ValidationError(_("Give a list of time slots."))
    if len(value) > MOST_SLOTS:
        raise ValidationError(_("Give %(most)d time slots at most.") % {"most": MOST_SLOTS})
    wrong = [_in_row(number, text) for number, slot in enumerate(value, 1) if (text := _error(slot))]
    if wrong:
        raise ValidationError(wrong)
    if overlap := overlapping([(slot["days"], parse_time(slot["from"]), parse_time(slot["to"])) for slot in value]):
        raise ValidationError(overlap)


def overlapping(windows: Sequence[tuple[Sequence[int], time, time]]) -> str:
    """A sentence about the first two (days, from, to) that overlap, also across midnight and the week's end; or ''."""
    for one, other in combinations(range(len(windows)), 2):
        for first in _minutes(*windows[one]):
            for second in _minutes(*windows[other]):
                if _meet(first, second):
                    return _("%(day)s: %(one)s and %(other)s overlap. Make one of both.") % {
                        "day": capfirst(str(WEEKDAYS[max(first[0], second[0]) // _DAY_MIN % 7])),
                        "one": _span_text(windows[one]),
                        "other": _span_text(windows[other]),
                    }
    return ""


def times_error(opens: time, closes: time) -> str:
    """Why something cannot be open from ``opens`` to ``closes``; '' where it can."""
    if opens.second or closes.second or opens.microsecond or closes.microsecond:
        return _("Give hours and minutes only.")
    if opens == closes and opens != time():
        return _("It opens and closes at the same time. The whole day is written 00:00 to 00:00.")
    return ""


def _in_row(number: int, text: str) -> str:
    return _("Time slot %(number)d: %(text)s") % {"number": number, "text": text}


def _error(slot: Any) -> str:
    if not isinstance(slot, Mapping) or set(slot) != {"days", "from", "to"}:
        return _("Give “days”, “from” and “to”.")
    days = slot["days"]
    if not isinstance(days, list) or any(type(day) is not int or not 0 <= day <= 6 for day in days):
        return _("Days are numbers from 0 (Monday) to 6 (Sunday).")
    if not days:
        return _("Choose at least one day.")
    if len(set(days)) != len(days):
        return _("The same day is there twice.")
    try:
        opens, closes = parse_time(_text(slot["from"])), parse_time(_text(slot["to"]))
    except ValueError:
        return _("Give both times as hours and minutes, for example 09:00.")
    if slot["from"] == "24:00":
        return _("A day begins at 00:00.")
    return times_error(opens, closes)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _minutes(days: Sequence[int], opens: time, closes: time) -> Iterator[tuple[int, int]]:
    """(start, end) in minutes of the week; the end of Sunday's may lie in the week after."""
    start, end = opens.hour * 60 + opens.minute, closes.hour * 60 + closes.minute
    length = (end - start) % _DAY_MIN or _DAY_MIN
    for day in days:
        yield day * _DAY_MIN + start, day * _DAY_MIN + start + length


def _meet(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return any(one[0] < other[1] + shift and other[0] + shift < one[1] for shift in (-_WEEK_MIN, 0, _WEEK_MIN))


def _span_text(window: tuple[Sequence[int], time, time]) -> str:
    return f"{window[1]:%H:%M}–{window[2]:%H:%M}"
