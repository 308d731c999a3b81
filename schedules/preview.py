"""The days ahead, as a page shows them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from schedules.hours import Hours

DAYS_SHOWN = 14


@dataclass(frozen=True, slots=True)
class ShownDay:
    """``spans`` as ``09:00–12:00``; empty: closed. ``occasion`` says why the day is not like others, or ''."""

    day: date
    spans: tuple[str, ...]
    occasion: str
    is_special: bool


def days_of(hours: Hours, at: datetime, language: str, count: int = DAYS_SHOWN) -> list[ShownDay]:
    """From the day of ``at`` on."""
    first = at.astimezone(ZoneInfo(hours.time_zone)).date()
    plans = [hours.plan_of(first + timedelta(days=number)) for number in range(count)]
    return [
        ShownDay(
            plan.day,
            tuple(f"{start:%H:%M}–{end:%H:%M}" for start, end in plan.spans),
            plan.occasions.get(language, ""),
            plan.reason is not None,
        )
        for plan in plans
    ]
