"""The methods that a template may call on a value: ``name.strip()``. None is Python's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.utils.translation import gettext as _

from actions.expressions.bounds import current
from actions.expressions.errors import ExpressionError
from actions.expressions.filters.lists import items
from actions.expressions.filters.texts import replace
from actions.expressions.values import JSON, Missing, kind_of, weighed


def _split(value: str, separator: str | None = None, most: int = -1) -> list[str]:
    pieces: list[str] = weighed(value.split(separator, most))
    return pieces


def _get(value: Mapping[str, JSON], key: str, instead: JSON = None) -> JSON:
    return value.get(key, instead)


def _keys(value: Mapping[str, JSON]) -> JSON:
    return list(value)


def _values(value: Mapping[str, JSON]) -> JSON:
    return list(value.values())


_ON_TEXT: Mapping[str, Callable[..., JSON]] = {
    "strip": str.strip,
    "lstrip": str.lstrip,
    "rstrip": str.rstrip,
    "upper": str.upper,
    "lower": str.lower,
    "title": str.title,
    "capitalize": str.capitalize,
    "startswith": str.startswith,
    "endswith": str.endswith,
    "isdigit": str.isdigit,
    "split": _split,
    "replace": replace,
}
_ON_OBJECTS: Mapping[str, Callable[..., JSON]] = {"get": _get, "items": items, "keys": _keys, "values": _values}

METHODS = frozenset(_ON_TEXT) | frozenset(_ON_OBJECTS)


def call_method(value: JSON, name: str, *arguments: JSON) -> JSON:
    """``value.name(…)``; unknown or null if the value is, unknown if an argument is."""
    for given in (value, *arguments):
        if isinstance(given, Missing):
            return given
    if value is None:
        return None
    table = _ON_TEXT if isinstance(value, str) else _ON_OBJECTS if isinstance(value, Mapping) else {}
    if name not in table:
        raise ExpressionError(_("“.%(name)s()” cannot be called on %(kind)s.") % {"name": name, "kind": kind_of(value)})
    current.get().spend(len(value))
    try:
        return table[name](value, *arguments)
    except (TypeError, ValueError) as error:
        raise ExpressionError(_("“.%(name)s()” cannot take these arguments.") % {"name": name}) from error
