"""Which period a summary that is due now covers, in the account's own days."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from dataclasses import dataclass

from accounts.models import DigestFrequency

SENT_FROM = dt.time(7)
"""Local time from which the summary of the past period is sent."""


@dataclass(frozen=True, slots=True)
class Period:
    """Whole local days: from the morning of the first to the end of the last, whatever the clocks do meanwhile."""

    begins_on: dt.date
    days: int
    time_zone: str

    @property
    def last_day(self) -> dt.date:
        return self.begins_on + dt.timedelta(days=self.days - 1)

    @property
    def begins_at(self) -> dt.datetime:
        return self._midnight(self.begins_on)

    @property
    def ends_at(self) -> dt.datetime:
        return self._midnight(self.begins_on + dt.timedelta(days=self.days))

    def _midnight(self, day: dt.date) -> dt.datetime:
        return dt.datetime.combine(day, dt.time.min, zoneinfo.ZoneInfo(self.time_zone))


def due_period(frequency: str, time_zone: str, now: dt.datetime) -> Period | None:
    """The latest period whose summary may be sent at ``now`` (aware); None: never, for who wants none.

    A summary that could not be sent in time is sent later, until the next one is due.
    """
    local = now.astimezone(zoneinfo.ZoneInfo(time_zone))
    today = local.date() if local.time() >= SENT_FROM else local.date() - dt.timedelta(days=1)
    if frequency == DigestFrequency.DAILY:
        return Period(today - dt.timedelta(days=1), 1, time_zone)
    if frequency == DigestFrequency.WEEKLY:
        monday = today - dt.timedelta(days=today.weekday())
        return Period(monday - dt.timedelta(days=7), 7, time_zone)
    return None
