"""The weekly windows of a schedule, as the list of slots that forms and the API know."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from schedules import live
from schedules.hours import parse_time
from schedules.models import Schedule, WeeklyWindow


def week_of(schedule: Schedule) -> list[dict[str, Any]]:
    """What ``schedules.slots`` describes."""
    return [
        {"days": list(row.days), "from": f"{row.opens:%H:%M}", "to": f"{row.closes:%H:%M}"}
        for row in schedule.windows.all()
    ]


def replace_week(schedule: Schedule, slots: Iterable[Mapping[str, Any]]) -> None:
    """``slots`` are valid. Inside a transaction."""
    schedule.windows.all().delete()
    WeeklyWindow.objects.bulk_create(
        WeeklyWindow(
            schedule=schedule,
            days=sorted(slot["days"]),
            opens=parse_time(slot["from"]),
            closes=parse_time(slot["to"]),
        )
        for slot in slots
    )
    live.known.forget()
