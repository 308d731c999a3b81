"""When something is open: weekly windows, dated exceptions and public holidays, in a time zone. Knows no database.

A window belongs to the day on which it opens: one that goes past midnight runs to its end, even into a holiday. Of a
day's whole-day rules the narrowest counts: an exception before the public holidays, a shorter exception before a
longer one, these before the week. A closure of some hours cuts whatever is open then.
"""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import Any

from pydantic import BaseModel, ConfigDict

from schedules.instants import closing_instant, opening_instant
from schedules.public_holidays import holiday_name, is_holiday

LOOK_AHEAD_DAYS = 400
"""How far ``next`` and ``until`` are looked for: a yearly event is found, something closed for good ends."""

_MOST_DAYS_KEPT = 2000
_DAY = timedelta(days=1)

Span = tuple[int, int]
"""Seconds since 1970 UTC: the first that is inside, the first that is not any more."""

OpenSpan = tuple[int, int | None]
"""The same of what is open without interruption; it may last longer than anybody looks ahead."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Window(_Frozen):
    """Open on ``days`` (0: Monday); past midnight where ``closes`` is not later than ``opens``."""

    days: tuple[int, ...]
    opens: time
    closes: time


class DatedChange(_Frozen):
    """From ``first_day`` to ``last_day``, both included: open or closed, from ``opens`` to ``closes`` or all day.

    The hours of all changes that are open on a day replace that day's; a closure of some hours cuts them.
    """

    first_day: date
    last_day: date
    is_open: bool = False
    opens: time | None = None
    closes: time | None = None
    name: str = ""

    @property
    def is_whole_day(self) -> bool:
        return self.opens is None or self.closes is None

    def covers(self, day: date) -> bool:
        return self.first_day <= day <= self.last_day

    @property
    def length(self) -> timedelta:
        return self.last_day - self.first_day


class PublicHolidays(_Frozen):
    """Those of a country (ISO 3166-1) and of one of its regions, as ``schedules.public_holidays`` knows them."""

    country: str
    region: str = ""

    def include(self, day: date) -> bool:
        return is_holiday(self.country, self.region, day)

    def name_of(self, day: date, language: str) -> str:
        return holiday_name(self.country, self.region, day, language)


class Reason(StrEnum):
    """Why it is closed."""

    HOURS = "hours"
    HOLIDAY = "holiday"
    EXCEPTION = "exception"


@dataclass(frozen=True, slots=True)
class OpenState:
    """Whether it is open at one instant.

    ``next`` is when it opens the next time, also while it is open; ``until`` when it closes, None while it is closed.
    Both are in the time zone of the hours, None beyond ``LOOK_AHEAD_DAYS``. ``occasions`` maps a language to the name
    of the holiday or exception that closes it.
    """

    now: bool
    next: datetime | None
    until: datetime | None
    reason: Reason | None
    occasions: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class DayPlan:
    """One day as a calendar shows it: what opens on it, and why it differs from the week."""

    day: date
    spans: tuple[tuple[datetime, datetime], ...]
    reason: Reason | None
    occasions: Mapping[str, str]


class Hours(_Frozen):
    time_zone: str
    windows: tuple[Window, ...] = ()
    exceptions: tuple[DatedChange, ...] = ()
    holidays: PublicHolidays | None = None

    @classmethod
    def from_slots(cls, time_slots: Iterable[Mapping[str, Any]], time_zone: str) -> Hours:
        """The simple form, ``[{"days": [0, 1], "from": "09:00", "to": "17:00"}]``; never open without a slot."""
        slots = tuple((tuple(slot["days"]), slot["from"], slot["to"]) for slot in time_slots)
        return _from_slots(slots, time_zone)

    def state_at(self, at: datetime) -> OpenState:
        """``at`` is aware, of any time zone, and not within two years of the ends of Python's calendar."""
        instant = int(at.timestamp())
        today = at.astimezone(self._zone).date()
        until: datetime | None = None
        following: datetime | None = None
        is_open = False
        for start, end in self._soon(today):
            if start > instant:
                following = self._at(start)
                break
            if end is None:
                is_open = True
            elif end > instant:
                is_open, until = True, self._at(end)
        reason, occasions = (None, _NO_OCCASION) if is_open else self._why_closed(today, instant)
        return OpenState(is_open, following, until, reason, occasions)

    def plan_of(self, day: date) -> DayPlan:
        spans = tuple((self._at(start), self._at(end)) for start, end in self._opened(day))
        reason, occasions = self._different(day)
        if reason is None and (cut := next((each for each in self._closures if each.covers(day)), None)):
            reason, occasions = Reason.EXCEPTION, _occasions(cut.name)
        return DayPlan(day, spans, reason, occasions)

    @cached_property
    def _zone(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.time_zone)

    @cached_property
    def _days(self) -> dict[date, Sequence[Span]]:
        return {}

    @cached_property
    def _answers(self) -> dict[date, Sequence[OpenSpan]]:
        return {}

    @cached_property
    def _windows_of_weekday(self) -> tuple[tuple[Window, ...], ...]:
        return tuple(tuple(window for window in self.windows if day in window.days) for day in range(7))

    @cached_property
    def _closures(self) -> tuple[DatedChange, ...]:
        return tuple(change for change in self.exceptions if not change.is_open and not change.is_whole_day)

    def _at(self, instant: int) -> datetime:
        return datetime.fromtimestamp(instant, self._zone)

    def _soon(self, today: date) -> Sequence[OpenSpan]:
        """What is open today without interruption, and the first that opens after today."""
        spans = self._answers.get(today)
        if spans is None:
            if len(self._answers) >= _MOST_DAYS_KEPT:
                self._answers.clear()
            spans = self._answers[today] = tuple(self._until_after(today))
        return spans

    def _until_after(self, today: date) -> Iterator[OpenSpan]:
        tomorrow = closing_instant(datetime.combine(today + _DAY, time()), self._zone)
        for span in self._spans_from(today - _DAY):
            yield span
            if span[0] >= tomorrow:
                return

    def _spans_from(self, day: date) -> Iterator[OpenSpan]:
        """What is open without interruption, in order."""
        current: Span | None = None
        for _ in range(LOOK_AHEAD_DAYS):
            for start, end in self._opened(day):
                if current is not None and start <= current[1]:
                    current = (current[0], max(current[1], end))
                else:
                    if current is not None:
                        yield current
                    current = (start, end)
            day += _DAY
        if current is not None:
            goes_on = closing_instant(datetime.combine(day, time()), self._zone) <= current[1]
            yield current[0], None if goes_on else current[1]

    def _opened(self, day: date) -> Sequence[Span]:
        """What opens on ``day``, in order, without overlaps; the last may end the day after."""
        spans = self._days.get(day)
        if spans is None:
            if len(self._days) >= _MOST_DAYS_KEPT:
                self._days.clear()
            spans = self._days[day] = self._worked_out(day)
        return spans

    def _worked_out(self, day: date) -> Sequence[Span]:
        opened = _merged(self._span(day, opens, closes) for opens, closes in self._times(day))
        if not self._closures:
            return opened
        closed = [
            self._span(on, closure.opens, closure.closes)
            for on in (day - _DAY, day, day + _DAY)
            for closure in self._closures
            if closure.covers(on) and closure.opens is not None and closure.closes is not None
        ]
        return _without(opened, _merged(closed))

    def _times(self, day: date) -> Iterable[tuple[time, time]]:
        """Opening and closing times of ``day``, before closures of some hours are cut out of them."""
        deciding = self._deciding(day)
        if deciding:
            return [(change.opens or time(), change.closes or time()) for change in deciding if change.is_open]
        if self.holidays is not None and self.holidays.include(day):
            return []
        return [(window.opens, window.closes) for window in self._windows_of_weekday[day.weekday()]]

    def _deciding(self, day: date) -> Sequence[DatedChange]:
        """The exceptions that say what ``day`` as a whole is like: the shortest, and of these the closures."""
        changes = [
            change for change in self.exceptions if (change.is_open or change.is_whole_day) and change.covers(day)
        ]
        if not changes:
            return ()
        shortest = min(change.length for change in changes)
        narrow = [change for change in changes if change.length == shortest]
        return [change for change in narrow if not change.is_open] or narrow

    def _span(self, day: date, opens: time, closes: time) -> Span:
        last = day if closes > opens else day + _DAY
        return (
            opening_instant(datetime.combine(day, opens), self._zone),
            closing_instant(datetime.combine(last, closes), self._zone),
        )

    def _why_closed(self, day: date, instant: int) -> tuple[Reason, Mapping[str, str]]:
        for on in (day, day - _DAY):
            for closure in self._closures:
                if closure.covers(on) and closure.opens is not None and closure.closes is not None:
                    start, end = self._span(on, closure.opens, closure.closes)
                    if start <= instant < end:
                        return Reason.EXCEPTION, _occasions(closure.name)
        reason, occasions = self._different(day)
        return reason or Reason.HOURS, occasions

    def _different(self, day: date) -> tuple[Reason | None, Mapping[str, str]]:
        """Why ``day`` as a whole is not like the others of the week, if so."""
        deciding = self._deciding(day)
        if deciding:
            return Reason.EXCEPTION, _occasions(deciding[0].name)
        if self.holidays is not None and self.holidays.include(day):
            names = {language: self.holidays.name_of(day, language) for language in ("en", "fr")}
            return Reason.HOLIDAY, names
        return None, _NO_OCCASION


@lru_cache(maxsize=4096)
def _from_slots(slots: tuple[tuple[tuple[int, ...], str, str], ...], time_zone: str) -> Hours:
    """A transfer asks for the same slots at every call: what was worked out of them is kept."""
    windows = (Window(days=days, opens=parse_time(opens), closes=parse_time(closes)) for days, opens, closes in slots)
    return Hours(time_zone=time_zone, windows=tuple(windows))


_NO_OCCASION: Mapping[str, str] = {}


def _occasions(name: str) -> Mapping[str, str]:
    return {"en": name, "fr": name} if name else _NO_OCCASION


def parse_time(text: str) -> time:
    """``HH:MM``; ``24:00`` is the midnight at the end of the day. Raises ValueError."""
    hour, colon, minute = text.partition(":")
    if not (colon and len(hour) == len(minute) == 2 and (hour + minute).isascii() and (hour + minute).isdigit()):
        raise ValueError(text)
    return time() if text == "24:00" else time(int(hour), int(minute))


def _merged(spans: Iterable[Span]) -> list[Span]:
    merged: list[Span] = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def _without(spans: Iterable[Span], holes: Sequence[Span]) -> list[Span]:
    """``spans`` with ``holes`` cut out; both in order and without overlaps."""
    rest: list[Span] = []
    for start, end in spans:
        for hole_start, hole_end in holes:
            if hole_end <= start or hole_start >= end:
                continue
            if hole_start > start:
                rest.append((start, hole_start))
            start = hole_end
        if start < end:
            rest.append((start, end))
    return rest
