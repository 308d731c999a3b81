"""The opening hours of the sample agent: a lunch break, French public holidays, a day that is different."""

from __future__ import annotations

from datetime import date, time

from accounts.models import Account
from schedules.models import DatedException, Effect, Schedule
from schedules.weeks import replace_week

WEEK = [
    {"days": [0, 1, 2, 3, 4], "from": "09:00", "to": "12:30"},
    {"days": [0, 1, 2, 3, 4], "from": "14:00", "to": "18:00"},
    {"days": [5], "from": "09:00", "to": "12:00"},
]


def create_schedule(account: Account) -> Schedule:
    """Inside the account's scope."""
    schedule = Schedule(account=account, name="Service clients", time_zone="Europe/Paris", holiday_country="FR")
    schedule.full_clean()
    schedule.save()
    replace_week(schedule, WEEK)
    year = date.today().year
    eve = DatedException(
        schedule=schedule,
        name="Veille de Noël",
        effect=Effect.OPEN,
        first_day=date(year, 12, 24),
        last_day=date(year, 12, 24),
        opens=time(9),
        closes=time(12),
    )
    eve.full_clean()
    eve.save()
    return schedule
