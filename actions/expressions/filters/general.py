"""Filters on any value, and on numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _

from actions.expressions.bounds import current
from actions.expressions.errors import ExpressionError
from actions.expressions.filters.base import template_filter, unreadable, unusable
from actions.expressions.operators import finite
from actions.expressions.values import JSON, Missing, json_text, known, text


@template_filter("default", "d", null_too=True)
def default(value: JSON, instead: JSON = "", boolean: bool = False) -> JSON:
    """Unlike Jinja2's, also replaces null: an unknown value that went through a variable has become null."""
    if value is None or isinstance(value, Missing) or (boolean and not value):
        return instead
    return value


@template_filter("tojson", null_too=True)
def tojson(value: JSON) -> str:
    """JSON, also for an unknown value (``null``): what is around it stays JSON."""
    written = json_text(known(value))
    current.get().check_text(len(written))
    return written


@template_filter("string")
def string(value: JSON) -> str:
    return text(value)


def _number(value: JSON, read: Callable[[Any], JSON], instead: JSON) -> JSON:
    try:
        return finite(read(value))
    except (TypeError, ValueError, OverflowError, ExpressionError):
        return unreadable(_("“%(value)s” is not a number."), value) if instead is None else instead


def _whole(value: Any) -> int:
    try:
        return int(value)
    except ValueError:
        return int(float(value))


@template_filter("int")
def int_(value: JSON, default: JSON = None) -> JSON:
    """A whole number; null with a warning if it is none and ``default`` is not given."""
    return _number(value, _whole, default)


@template_filter("float")
def float_(value: JSON, default: JSON = None) -> JSON:
    return _number(value, float, default)


@template_filter("round")
def round_(value: JSON, precision: int = 0, method: str = "common") -> JSON:
    """Half to even; a whole number if ``precision`` is 0. ``method``: common, ceil or floor."""
    if not isinstance(value, int | float) or abs(precision) > 15:
        raise unusable("round", value)
    if method == "common":
        return round(value, precision or None)
    scaled = {"ceil": math.ceil, "floor": math.floor}[method](value * 10**precision)
    return scaled / 10**precision if precision else scaled


@template_filter("abs")
def abs_(value: JSON) -> JSON:
    return abs(value)
