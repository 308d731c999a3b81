"""Schedules are read as they are now, and no more often than needed."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from types import SimpleNamespace

import pytest
from django_scopes import scope

from accounts import remembered
from accounts.models import Account
from schedules.live import hours_of
from schedules.models import DatedException, Schedule
from schedules.weeks import replace_week, week_of

MONDAY = datetime(2026, 11, 23, 9, tzinfo=UTC)
OFFICE = [{"days": [0, 1, 2, 3, 4], "from": "09:00", "to": "17:00"}]


@pytest.fixture
def schedule(account: Account) -> Schedule:
    with scope(account=account):
        schedule = Schedule.objects.create(account=account, name="Support", holiday_country="FR")
        replace_week(schedule, OFFICE)
    return schedule


def is_open(schedule: Schedule, at: datetime = MONDAY) -> bool:
    with scope(account=schedule.account):
        return hours_of(schedule.pk, schedule.account_id).state_at(at).now


def test_hours_are_those_of_the_rows(schedule: Schedule) -> None:
    assert is_open(schedule)
    assert not is_open(schedule, datetime(2026, 12, 25, 9, tzinfo=UTC))


def test_a_call_a_moment_later_asks_no_database(schedule: Schedule, django_assert_num_queries: object) -> None:
    is_open(schedule)
    with django_assert_num_queries(0):  # type: ignore[operator]
        assert is_open(schedule)


def test_a_change_counts_at_once_in_the_process_that_made_it(schedule: Schedule) -> None:
    assert is_open(schedule)
    with scope(account=schedule.account):
        replace_week(schedule, [{"days": [0], "from": "14:00", "to": "17:00"}])
        assert week_of(Schedule.objects.get()) == [{"days": [0], "from": "14:00", "to": "17:00"}]
    assert not is_open(schedule)
    with scope(account=schedule.account):
        DatedException.objects.create(
            schedule=schedule, effect="open", first_day=date(2026, 11, 23), last_day=date(2026, 11, 23),
            opens=time(9), closes=time(11),
        )  # fmt: skip
    assert is_open(schedule)


def test_a_change_of_another_process_counts_two_seconds_later(
    schedule: Schedule, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SimpleNamespace(now_s=1000.0)
    monkeypatch.setattr(remembered, "time", SimpleNamespace(monotonic=lambda: clock.now_s))
    assert is_open(schedule)
    with scope(account=schedule.account):
        # No signal: as another process would have written it.
        Schedule.objects.filter(pk=schedule.pk).update(time_zone="America/New_York")
    clock.now_s += 1.9
    assert is_open(schedule)
    clock.now_s += 0.2
    assert not is_open(schedule)


def test_another_accounts_schedule_does_not_exist(schedule: Schedule, other_account: Account) -> None:
    assert is_open(schedule)
    with scope(account=other_account), pytest.raises(Schedule.DoesNotExist):
        hours_of(schedule.pk, other_account.pk)
