"""What somebody would say on the phone about opening hours: “closed, opens Monday 9:00”."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from django.utils.dates import MONTHS, WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import override, pgettext

from schedules.hours import OpenState

_DATE_AFTER_DAYS = 7
"""From a week on the weekday alone would be misunderstood."""
_YEAR_AFTER_DAYS = 300


def sentence(state: OpenState, at: datetime, language: str) -> str:
    """Whether it is open and until when, or when it opens, as of ``at``; in the schedule's time zone."""
    with override(language):
        if state.now:
            if state.until is None:
                return _("open")
            return _("open until %(moment)s") % {"moment": _closing(state.until, at)}
        occasion = state.occasions.get(language, "")
        closed = _("closed (%(occasion)s)") % {"occasion": occasion} if occasion else _("closed")
        if state.next is None:
            return _("%(closed)s until further notice") % {"closed": closed}
        opening = moment_words(state.next, at, language)
        return _("%(closed)s, opens %(moment)s") % {"closed": closed, "moment": opening}


def moment_words(moment: datetime, at: datetime, language: str) -> str:
    """``moment`` as seen from ``at``: “today 14:00”, “tomorrow 9:00”, “Monday 9:00”, “Monday 28 December 9:00”."""
    with override(language):
        today = at.astimezone(moment.tzinfo).date()
        parts = {"day": _day(moment.date(), today), "time": _clock(moment.time())}
        return pgettext("opening", "%(day)s %(time)s") % parts


def _closing(until: datetime, at: datetime) -> str:
    """Midnight belongs to the day that it ends."""
    today = at.astimezone(until.tzinfo).date()
    day, clock = until.date(), _clock(until.time())
    if until.time() == time():
        day, clock = day - timedelta(days=1), _("midnight")
    elif until.time() == time(12):
        clock = _("noon")
    return clock if day == today else pgettext("closing", "%(day)s %(time)s") % {"day": _day(day, today), "time": clock}


def _clock(moment: time) -> str:
    if moment.minute == 0:
        return pgettext("full hour", "%(hour)s:00") % {"hour": moment.hour}
    return _("%(hour)s:%(minute)s") % {"hour": moment.hour, "minute": f"{moment.minute:02}"}


def _day(day: date, today: date) -> str:
    ahead = (day - today).days
    if ahead == 0:
        return _("today")
    if ahead == 1:
        return _("tomorrow")
    weekday = str(WEEKDAYS[day.weekday()])
    if ahead < _DATE_AFTER_DAYS:
        return weekday
    month = str(MONTHS[day.month])
    number = pgettext("first day of a month", "1") if day.day == 1 else str(day.day)
    if ahead < _YEAR_AFTER_DAYS:
        return _("%(weekday)s %(day)s %(month)s") % {"weekday": weekday, "day": number, "month": month}
    return _("%(weekday)s %(day)s %(month)s %(year)s") % {
        "weekday": weekday,
        "day": number,
        "month": month,
        "year": day.year,
    }
