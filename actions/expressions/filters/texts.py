"""Filters on text."""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.utils import dates
from django.utils.translation import gettext as _

from actions.expressions.bounds import current
from actions.expressions.errors import ExpressionError
from actions.expressions.filters.base import template_filter, unreadable
from actions.expressions.values import JSON, text


@template_filter("upper")
def upper(value: JSON) -> str:
    return text(value).upper()


@template_filter("lower")
def lower(value: JSON) -> str:
    return text(value).lower()


@template_filter("title")
def title(value: JSON) -> str:
    """A capital at the start of each word; an apostrophe does not start one."""
    return re.sub(r"[^\W\d_]+(?:['’][^\W\d_]+)*", lambda word: word[0].capitalize(), text(value))


@template_filter("capitalize")
def capitalize(value: JSON) -> str:
    return text(value).capitalize()


@template_filter("trim")
def trim(value: JSON, characters: str | None = None) -> str:
    return text(value).strip(characters)


@template_filter("replace")
def replace(value: JSON, old: JSON, new: JSON, count: int = -1) -> str:
    whole, old, new = text(value), text(old), text(new)
    found = whole.count(old) if count < 0 else min(count, whole.count(old))
    if len(new) > len(old):
        current.get().check_text(len(whole) + found * (len(new) - len(old)))
    return whole.replace(old, new, found)


@template_filter("truncate")
def truncate(value: JSON, length: int = 255, end: str = "…") -> str:
    """At most ``length`` characters, ``end`` included."""
    whole = text(value)
    if len(whole) <= length:
        return whole
    return (whole[: max(0, length - len(end))].rstrip() + end)[:length]


@template_filter("urlencode")
def urlencode(value: JSON) -> str:
    """A text for a URL's path or query; an object as a query string."""
    if isinstance(value, dict):
        pairs = {text(key): text(item) for key, item in value.items()}
        current.get().check_text(sum(len(key) + len(item) for key, item in pairs.items()))
        encoded = urllib.parse.urlencode(pairs)
    else:
        current.get().check_text(len(text(value)))
        encoded = urllib.parse.quote(text(value), safe="/")
    current.get().check_text(len(encoded))
    return encoded


_DATE_CODES: dict[str, Callable[[datetime], Any]] = {
    "A": lambda moment: dates.WEEKDAYS[moment.weekday()],
    "a": lambda moment: dates.WEEKDAYS_ABBR[moment.weekday()],
    "B": lambda moment: dates.MONTHS[moment.month],
    "b": lambda moment: dates.MONTHS_3[moment.month],
    "%": lambda moment: "%",
    **{code: (lambda moment, code=code: moment.strftime(f"%{code}")) for code in "dHIjmMpSuVyYzZ"},  # type: ignore[misc]
    **{f"-{code}": (lambda moment, code=code: str(int(moment.strftime(f"%{code}")))) for code in "dHIjmM"},  # type: ignore[misc]
}


@template_filter("date")
def date(value: JSON, form: str = "%Y-%m-%d") -> JSON:
    """An ISO 8601 date or time in another form; names of days and months in the active language."""
    try:
        moment = datetime.fromisoformat(text(value))
    except ValueError:
        return unreadable(_("“%(value)s” is not a date."), value)

    def written(code: re.Match[str]) -> str:
        if code[1] not in _DATE_CODES:
            raise ExpressionError(_("“%(code)s” is not a code of the filter “date”.") % {"code": code[0]})
        return str(_DATE_CODES[code[1]](moment))

    result = re.sub(r"%(-?.|\Z)", written, form, flags=re.DOTALL)
    current.get().check_text(len(result))
    return result
