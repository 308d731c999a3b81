"""The hours of a schedule as they are now. Schedules are not part of a release: a change counts at once."""

from __future__ import annotations

from accounts.remembered import Remembered
from schedules.hours import DatedChange, Hours, PublicHolidays, Window
from schedules.models import DatedException, Effect, Schedule, WeeklyWindow

_FRESH_S = 2.0
"""How long another process may go on with the hours before a change."""


known: Remembered[tuple[int, int], Hours] = Remembered(_FRESH_S)
"""By schedule and account."""


def hours_of(schedule_id: int, account_id: int) -> Hours:
    """At most 2 s old; asks the database otherwise, inside the account's scope. Raises Schedule.DoesNotExist."""
    key = (schedule_id, account_id)
    if (fresh := known.fresh(key)) is not None:
        return fresh
    generation = known.generation
    schedule = Schedule.objects.prefetch_related("windows", "exceptions").get(pk=schedule_id, account_id=account_id)
    hours = hours_from(schedule)
    known.keep(key, hours, generation)
    return hours


def hours_from(schedule: Schedule) -> Hours:
    """The hours of a row with its windows and exceptions."""
    holidays = PublicHolidays(country=schedule.holiday_country, region=schedule.holiday_region)
    return Hours(
        time_zone=schedule.time_zone,
        windows=tuple(map(_window, schedule.windows.all())),
        exceptions=tuple(map(_change, schedule.exceptions.all())),
        holidays=holidays if schedule.holiday_country else None,
    )


def _window(row: WeeklyWindow) -> Window:
    return Window(days=tuple(row.days), opens=row.opens, closes=row.closes)


def _change(row: DatedException) -> DatedChange:
    return DatedChange(
        first_day=row.first_day,
        last_day=row.last_day,
        is_open=row.effect == Effect.OPEN,
        opens=row.opens,
        closes=row.closes,
        name=row.name,
    )
