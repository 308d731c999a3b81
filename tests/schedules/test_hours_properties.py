"""Opening hours against the simplest thing that could work: a walk over every minute."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from schedules.hours import DatedChange, Hours, PublicHolidays, Window
from schedules.public_holidays import is_holiday

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)

changes_of_the_clock = st.sampled_from(
    [
        ("Europe/Paris", date(2026, 3, 29)),
        ("Europe/Paris", date(2026, 10, 25)),
        ("America/New_York", date(2026, 3, 8)),
        ("America/New_York", date(2026, 11, 1)),
        ("Australia/Lord_Howe", date(2026, 4, 5)),
        ("Australia/Lord_Howe", date(2026, 10, 4)),
        ("Europe/Paris", date(2026, 5, 1)),
    ]
)
clock = st.builds(time, st.integers(0, 23), st.sampled_from([0, 10, 15, 30, 45, 59]))
windows = st.lists(
    st.builds(
        Window,
        days=st.lists(st.integers(0, 6), unique=True, min_size=1).map(lambda days: tuple(sorted(days))),
        opens=clock,
        closes=clock,
    ),
    max_size=3,
).map(tuple)


@st.composite
def exceptions(draw: st.DrawFn, around: date) -> DatedChange:
    first = around + DAY * draw(st.integers(-2, 2))
    is_open, whole_day = draw(st.booleans()), draw(st.booleans())
    times = {} if whole_day and not is_open else {"opens": draw(clock), "closes": draw(clock)}
    return DatedChange(first_day=first, last_day=first + DAY * draw(st.integers(0, 2)), is_open=is_open, **times)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Hours, date]:
    zone, day = draw(changes_of_the_clock)
    hours = Hours(
        time_zone=zone,
        windows=draw(windows),
        exceptions=tuple(draw(st.lists(exceptions(day), max_size=2))),
        holidays=draw(st.sampled_from([None, PublicHolidays(country="FR")])),
    )
    return hours, day


def minutes_around(hours: Hours, day: date) -> list[tuple[datetime, datetime]]:
    """(instant, what the clock on the wall shows) for every minute of three days."""
    zone = ZoneInfo(hours.time_zone)
    start = datetime.combine(day - DAY, time(), UTC)
    instants = [start + MINUTE * number for number in range(3 * 24 * 60)]
    return [(instant, instant.astimezone(zone).replace(tzinfo=None)) for instant in instants]


def times_of(hours: Hours, day: date) -> list[tuple[time, time]]:
    """What the rules say of a day, written down once more."""
    ruling = [each for each in hours.exceptions if each.covers(day) and (each.is_open or each.opens is None)]
    if ruling:
        span = min(each.last_day - each.first_day for each in ruling)
        ruling = [each for each in ruling if each.last_day - each.first_day == span]
        if any(not each.is_open for each in ruling):
            return []
        return [(each.opens, each.closes) for each in ruling]  # type: ignore[misc]
    if hours.holidays and is_holiday(hours.holidays.country, "", day):
        return []
    return [(each.opens, each.closes) for each in hours.windows if day.weekday() in each.days]


def spans_of(hours: Hours, day: date) -> Iterator[tuple[bool, datetime, datetime]]:
    """(opens?, from, to) by the clock on the wall, of what begins from four days before to four days after."""
    for number in range(-4, 5):
        on = day + DAY * number
        for opens, closes in times_of(hours, on):
            yield True, datetime.combine(on, opens), datetime.combine(on + DAY * (closes <= opens), closes)
        for each in hours.exceptions:
            if each.covers(on) and not each.is_open and each.opens is not None and each.closes is not None:
                end = datetime.combine(on + DAY * (each.closes <= each.opens), each.closes)
                yield False, datetime.combine(on, each.opens), end


def walked(hours: Hours, day: date) -> dict[datetime, bool]:
    """From the first minute at which the clock shows the opening time or more, to the last before the closing time."""
    minutes = minutes_around(hours, day)
    opened, closed = set[int](), set[int]()
    for opens, start, end in spans_of(hours, day):
        reached = [number for number, (_instant, wall) in enumerate(minutes) if wall >= start]
        before_end = [number for number, (_instant, wall) in enumerate(minutes) if wall < end]
        if reached and before_end:
            (opened if opens else closed).update(range(reached[0], before_end[-1] + 1))
    return {instant: number in opened - closed for number, (instant, _wall) in enumerate(minutes)}


@settings(max_examples=20, deadline=None)
@given(cases())
def test_it_is_open_at_exactly_the_minutes_of_a_walk(case: tuple[Hours, date]) -> None:
    hours, day = case
    expected = walked(hours, day)

    assert {instant: hours.state_at(instant).now for instant in expected} == expected


@settings(max_examples=30, deadline=None)
@given(cases(), st.integers(0, 5 * 24 * 60 - 1))
def test_the_next_opening_is_one_and_nothing_before_it_is_open(case: tuple[Hours, date], minute: int) -> None:
    hours, day = case
    instant = datetime.combine(day - 2 * DAY, time(), UTC) + MINUTE * minute
    state = hours.state_at(instant)
    closed_from = state.until if state.now else instant
    if state.next is None or closed_from is None:
        return

    opening, walk = state.next.astimezone(UTC), closed_from.astimezone(UTC)

    assert hours.state_at(opening).now
    assert not hours.state_at(opening - timedelta(seconds=1)).now
    between = [walk + MINUTE * number for number in range(min(1500, int((opening - walk) / MINUTE)))]
    assert not any(hours.state_at(moment).now for moment in between)


@settings(max_examples=30, deadline=None)
@given(cases(), st.integers(0, 5 * 24 * 60 - 1))
def test_what_is_open_stays_open_until_it_closes(case: tuple[Hours, date], minute: int) -> None:
    hours, day = case
    instant = datetime.combine(day - 2 * DAY, time(), UTC) + MINUTE * minute
    state = hours.state_at(instant)
    if not state.now or state.until is None:
        return

    until = state.until.astimezone(UTC)

    assert not hours.state_at(until).now
    assert hours.state_at(until - timedelta(seconds=1)).now
    between = [instant + MINUTE * number for number in range(min(1500, int((until - instant) / MINUTE)))]
    assert all(hours.state_at(moment).now for moment in between)
