"""When something is open: over the weeks, at the changes of the clock, on holidays and in exceptions."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from schedules.hours import DatedChange, Hours, OpenState, PublicHolidays, Reason, Window, parse_time

PARIS, NEW_YORK, LORD_HOWE = "Europe/Paris", "America/New_York", "Australia/Lord_Howe"
OFFICE = [
    {"days": [0, 1, 2, 3, 4], "from": "09:00", "to": "12:00"},
    {"days": [0, 1, 2, 3, 4], "from": "14:00", "to": "17:00"},
]
EVERY_DAY = [0, 1, 2, 3, 4, 5, 6]


def at(text: str, zone: str = PARIS, *, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)


def shown(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="minutes") if moment else None


def slots(*windows: str, days: list[int] = EVERY_DAY, zone: str = PARIS) -> Hours:
    parts = [window.split("-") for window in windows]
    return Hours.from_slots([{"days": days, "from": opens, "to": closes} for opens, closes in parts], zone)


def is_open(hours: Hours, moment: datetime) -> bool:
    return hours.state_at(moment).now


@pytest.mark.parametrize(
    ("moment", "now", "until", "following"),
    [
        ("2026-11-23T08:59:59", False, None, "2026-11-23T09:00+01:00"),
        ("2026-11-23T09:00", True, "2026-11-23T12:00+01:00", "2026-11-23T14:00+01:00"),
        ("2026-11-23T11:59:59", True, "2026-11-23T12:00+01:00", "2026-11-23T14:00+01:00"),
        ("2026-11-23T12:00", False, None, "2026-11-23T14:00+01:00"),
        ("2026-11-23T16:00", True, "2026-11-23T17:00+01:00", "2026-11-24T09:00+01:00"),
        ("2026-11-27T17:00", False, None, "2026-11-30T09:00+01:00"),
    ],
)
def test_an_office_closes_for_lunch_and_over_the_weekend(
    moment: str, now: bool, until: str | None, following: str | None
) -> None:
    state = Hours.from_slots(OFFICE, PARIS).state_at(at(moment))

    assert (state.now, shown(state.until), shown(state.next)) == (now, until, following)
    assert state.reason == (None if now else Reason.HOURS)


def test_the_caller_may_ask_in_any_time_zone() -> None:
    assert is_open(Hours.from_slots(OFFICE, PARIS), at("2026-11-23T09:00").astimezone(UTC))


def test_a_window_goes_past_midnight_and_belongs_to_the_day_on_which_it_opens() -> None:
    hours = slots("22:00-02:00", days=[4])

    assert is_open(hours, at("2026-11-28T01:59"))
    assert not is_open(hours, at("2026-11-28T02:00"))
    assert not is_open(hours, at("2026-11-27T01:00"))


def test_windows_that_touch_or_overlap_are_one() -> None:
    hours = slots("09:00-12:00", "12:00-15:00", "14:00-18:00")

    assert shown(hours.state_at(at("2026-11-23T10:00")).until) == "2026-11-23T18:00+01:00"


@pytest.mark.parametrize("whole_day", ["00:00-24:00", "00:00-00:00"])
def test_open_around_the_clock_never_closes(whole_day: str) -> None:
    state = slots(whole_day).state_at(at("2026-11-23T10:00"))

    assert state == OpenState(True, None, None, None, {})


def test_closed_for_ever_has_no_next_opening() -> None:
    state = Hours(time_zone=PARIS).state_at(at("2026-11-23T10:00"))

    assert (state.now, state.next, state.reason) == (False, None, Reason.HOURS)


def test_a_yearly_opening_is_found_and_one_in_two_years_is_not() -> None:
    in_a_year = DatedChange(
        first_day=date(2027, 11, 1), last_day=date(2027, 11, 1), is_open=True, opens=time(9), closes=time(10)
    )
    hours = Hours(time_zone=PARIS, exceptions=(in_a_year,))

    assert shown(hours.state_at(at("2026-11-23T10:00")).next) == "2027-11-01T09:00+01:00"
    assert hours.state_at(at("2025-11-23T10:00")).next is None


# --- the clock changes --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "day", "offset_before", "offset_after"),
    [
        (PARIS, "2026-03-29", "+01:00", "+02:00"),
        (PARIS, "2026-10-25", "+02:00", "+01:00"),
        (NEW_YORK, "2026-03-08", "-05:00", "-04:00"),
        (NEW_YORK, "2026-11-01", "-04:00", "-05:00"),
        (LORD_HOWE, "2026-04-05", "+11:00", "+10:30"),
        (LORD_HOWE, "2026-10-04", "+10:30", "+11:00"),
    ],
)
def test_hours_are_those_of_the_clock_on_the_wall_on_both_sides_of_a_change(
    zone: str, day: str, offset_before: str, offset_after: str
) -> None:
    eve = (date.fromisoformat(day) - timedelta(days=1)).isoformat()
    hours = slots("09:00-17:00", zone=zone)

    before = hours.state_at(at(f"{eve}T08:00", zone))
    after = hours.state_at(at(f"{eve}T17:00", zone))

    assert shown(before.next) == f"{eve}T09:00{offset_before}"
    assert shown(after.next) == f"{day}T09:00{offset_after}"
    assert not is_open(hours, at(f"{day}T08:59:59", zone))
    assert is_open(hours, at(f"{day}T16:59:59", zone))
    assert not is_open(hours, at(f"{day}T17:00", zone))


@pytest.mark.parametrize(
    ("zone", "midnight", "hours_open"),
    [
        (PARIS, "2026-03-29T00:00", 23),
        (PARIS, "2026-10-25T00:00", 25),
        (NEW_YORK, "2026-03-08T00:00", 23),
        (NEW_YORK, "2026-11-01T00:00", 25),
        (LORD_HOWE, "2026-04-05T00:00", 24.5),
        (LORD_HOWE, "2026-10-04T00:00", 23.5),
    ],
)
def test_a_whole_day_is_as_long_as_the_change_makes_it(zone: str, midnight: str, hours_open: float) -> None:
    hours = slots("00:00-24:00", days=[6], zone=zone)
    start = at(midnight, zone)

    until = hours.state_at(start).until

    assert until is not None
    assert until.timestamp() - start.timestamp() == hours_open * 3600


@pytest.mark.parametrize(
    ("zone", "window", "eve", "opening"),
    [
        (PARIS, "02:30-06:00", "2026-03-28T12:00", "2026-03-29T03:00+02:00"),
        (NEW_YORK, "02:30-06:00", "2026-03-07T12:00", "2026-03-08T03:00-04:00"),
        (LORD_HOWE, "02:10-06:00", "2026-10-03T12:00", "2026-10-04T02:30+11:00"),
    ],
)
def test_a_time_that_does_not_exist_is_the_moment_of_the_change(zone: str, window: str, eve: str, opening: str) -> None:
    assert shown(slots(window, zone=zone).state_at(at(eve, zone)).next) == opening


def test_a_window_inside_the_hour_that_is_skipped_does_not_open() -> None:
    state = slots("02:15-02:45").state_at(at("2026-03-28T12:00"))

    assert shown(state.next) == "2026-03-30T02:15+02:00"


def test_a_window_inside_the_hour_that_comes_twice_opens_once_and_stays_open() -> None:
    hours = slots("02:15-02:45", days=[6])

    state = hours.state_at(at("2026-10-25T02:20"))

    assert shown(state.until) == "2026-10-25T02:45+01:00"
    assert is_open(hours, at("2026-10-25T02:50"))
    assert is_open(hours, at("2026-10-25T02:20", fold=1))
    assert not is_open(hours, at("2026-10-25T02:45", fold=1))


def test_closing_at_the_very_moment_of_the_change_is_not_an_hour_late() -> None:
    # In New York the clock goes from 2:00 back to 1:00: one o'clock comes twice, two o'clock once.
    hours = slots("20:00-01:00", days=[5], zone=NEW_YORK)

    assert shown(hours.state_at(at("2026-10-31T23:00", NEW_YORK)).until) == "2026-11-01T01:00-04:00"


def test_a_day_that_a_country_skipped_has_no_hours() -> None:
    # Samoa went from 29 to 31 December 2011.
    hours = slots("09:00-17:00", zone="Pacific/Apia")

    assert shown(hours.state_at(at("2011-12-29T18:00", "Pacific/Apia")).next) == "2011-12-31T09:00+14:00"


# --- exceptions and holidays --------------------------------------------------------------------------


def office(*changes: DatedChange, holidays: PublicHolidays | None = None) -> Hours:
    return Hours(
        time_zone=PARIS,
        windows=(Window(days=(0, 1, 2, 3, 4), opens=time(9), closes=time(17)),),
        exceptions=changes,
        holidays=holidays,
    )


def change(first: str, last: str = "", **fields: object) -> DatedChange:
    return DatedChange(
        first_day=date.fromisoformat(first),
        last_day=date.fromisoformat(last or first),
        **fields,  # type: ignore[arg-type]
    )


def test_a_closure_spans_days_and_says_its_name() -> None:
    state = office(change("2026-12-21", "2027-01-01", name="Winter break")).state_at(at("2026-12-22T10:00"))

    assert (state.now, state.reason, state.occasions["fr"]) == (False, Reason.EXCEPTION, "Winter break")
    assert shown(state.next) == "2027-01-04T09:00+01:00"


def test_other_hours_replace_those_of_the_day() -> None:
    hours = office(
        change("2026-12-24", is_open=True, opens=time(8), closes=time(10)),
        change("2026-12-24", is_open=True, opens=time(11), closes=time(12)),
    )
    opened = [(start.hour, end.hour) for start, end in hours.plan_of(date(2026, 12, 24)).spans]

    assert opened == [(8, 10), (11, 12)]


def test_a_meeting_of_two_hours_cuts_the_day() -> None:
    hours = office(change("2026-11-24", opens=time(10), closes=time(12), name="Meeting"))

    during = hours.state_at(at("2026-11-24T11:00"))

    assert shown(hours.state_at(at("2026-11-24T09:30")).until) == "2026-11-24T10:00+01:00"
    assert (during.now, during.reason, during.occasions["en"]) == (False, Reason.EXCEPTION, "Meeting")
    assert shown(during.next) == "2026-11-24T12:00+01:00"


def test_a_closure_past_midnight_cuts_the_next_day_too() -> None:
    hours = Hours(
        time_zone=PARIS,
        windows=(Window(days=tuple(EVERY_DAY), opens=time(), closes=time()),),
        exceptions=(change("2026-11-24", opens=time(23), closes=time(1), name="Update"),),
    )

    assert shown(hours.state_at(at("2026-11-24T12:00")).until) == "2026-11-24T23:00+01:00"
    assert shown(hours.state_at(at("2026-11-25T00:30")).next) == "2026-11-25T01:00+01:00"
    assert hours.state_at(at("2026-11-25T00:30")).reason == Reason.EXCEPTION


def test_the_shorter_exception_counts() -> None:
    hours = office(
        change("2026-12-21", "2027-01-01", name="Winter break"),
        change("2026-12-30", is_open=True, opens=time(10), closes=time(11)),
    )

    assert shown(hours.state_at(at("2026-12-22T10:00")).next) == "2026-12-30T10:00+01:00"


def test_of_two_exceptions_of_the_same_length_the_closure_counts() -> None:
    hours = office(change("2026-11-24"), change("2026-11-24", is_open=True, opens=time(10), closes=time(11)))

    assert hours.plan_of(date(2026, 11, 24)).spans == ()


def test_public_holidays_close_and_are_named_in_the_language_asked_for() -> None:
    state = office(holidays=PublicHolidays(country="FR")).state_at(at("2026-12-25T10:00"))

    assert (state.now, state.reason) == (False, Reason.HOLIDAY)
    assert state.occasions == {"fr": "Noël", "en": "Christmas Day"}
    assert shown(state.next) == "2026-12-28T09:00+01:00"


def test_a_region_has_holidays_of_its_own() -> None:
    good_friday = at("2026-04-03T10:00")

    assert is_open(office(holidays=PublicHolidays(country="FR")), good_friday)
    assert not is_open(office(holidays=PublicHolidays(country="FR", region="57")), good_friday)


def test_an_exception_opens_on_a_holiday() -> None:
    hours = office(
        change("2026-12-25", is_open=True, opens=time(10), closes=time(12)), holidays=PublicHolidays(country="FR")
    )

    assert is_open(hours, at("2026-12-25T11:00"))


def test_a_night_that_began_before_a_holiday_goes_on_into_it() -> None:
    hours = Hours(
        time_zone=PARIS,
        windows=(Window(days=tuple(EVERY_DAY), opens=time(22), closes=time(2)),),
        holidays=PublicHolidays(country="FR"),
    )

    assert is_open(hours, at("2026-12-25T01:00"))
    assert not is_open(hours, at("2026-12-25T23:00"))
    assert not is_open(hours, at("2026-12-26T01:00"))


@pytest.mark.parametrize("gone", [PublicHolidays(country="ZZ"), PublicHolidays(country="FR", region="nowhere")])
def test_a_country_that_the_library_does_not_know_has_no_holidays(gone: PublicHolidays) -> None:
    assert is_open(office(holidays=gone), at("2026-12-25T10:00"))


# --- as a release keeps them --------------------------------------------------------------------------


def test_hours_come_back_from_json_the_same_whatever_was_asked_of_them() -> None:
    hours = office(change("2026-12-24"), holidays=PublicHolidays(country="FR", region="57"))
    hours.state_at(at("2026-12-25T10:00"))

    again = Hours.model_validate(json.loads(hours.model_dump_json()))

    assert again == hours
    assert hash(again) == hash(hours)


@pytest.mark.parametrize("text", ["9:00", "09:60", "25:00", "24:01", "0900", "", "٠٩:٠٠", "09:0a", "-1:00"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_time(text)
