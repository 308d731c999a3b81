"""Filters on lists and objects."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _

from actions.expressions.bounds import current
from actions.expressions.checks import CHECKS, is_true_like
from actions.expressions.filters.base import FILTERS, template_filter, unusable
from actions.expressions.operators import binary
from actions.expressions.values import ABSENT, JSON, Missing, json_text, known, lookup, text, weighed


def elements(value: JSON) -> list[JSON]:
    """Elements of a list, keys of an object, characters of a text."""
    if isinstance(value, list | dict | str):
        return list(value)
    raise TypeError(value)


def _reach(item: JSON, attribute: JSON) -> JSON:
    """``customer.orders.0.id`` below an element; the element itself without an attribute, null if absent."""
    if attribute is None:
        return item
    keys = attribute.split(".") if isinstance(attribute, str) else [attribute]
    for key in keys:
        item = lookup(item, int(key) if isinstance(item, list) and str(key).isdecimal() else key)
        if item is ABSENT:
            return None
    current.get().spend()
    return item


@template_filter("length", "count")
def length(value: JSON) -> int:
    return len(value)


@template_filter("join")
def join(value: JSON, between: str = "", attribute: JSON = None) -> str:
    pieces = [text(_reach(item, attribute)) for item in elements(value)]
    between = text(between)
    current.get().check_text(sum(map(len, pieces)) + len(between) * max(0, len(pieces) - 1))
    return between.join(pieces)


@template_filter("first")
def first(value: JSON) -> JSON:
    return _one(elements(value))


@template_filter("last")
def last(value: JSON) -> JSON:
    return _one(elements(value)[::-1])


def _one(found: list[JSON]) -> JSON:
    if found:
        return found[0]
    return Missing(sentence=_("A list is empty where its first, last, smallest or largest element is wanted."))


@template_filter("list")
def list_(value: JSON) -> JSON:
    return weighed(elements(value))


@template_filter("items")
def items(value: JSON) -> JSON:
    return [[key, item] for key, item in value.items()]


@template_filter("reverse")
def reverse(value: JSON) -> JSON:
    return value[::-1] if isinstance(value, str) else elements(value)[::-1]


def _caseless(value: JSON, case_sensitive: bool) -> JSON:
    return value.lower() if isinstance(value, str) and not case_sensitive else value


@template_filter("sort")
def sort(value: JSON, reverse: bool = False, case_sensitive: bool = False, attribute: JSON = None) -> JSON:
    return sorted(
        elements(value), key=lambda item: _caseless(_reach(item, attribute), case_sensitive), reverse=bool(reverse)
    )


@template_filter("unique")
def unique(value: JSON, case_sensitive: bool = False, attribute: JSON = None) -> JSON:
    """The first element of each sort, in the order of the list."""
    found: dict[str, JSON] = {}
    for item in elements(value):
        found.setdefault(json_text(_caseless(_reach(item, attribute), case_sensitive)), item)
    return list(found.values())


@template_filter("min")
def min_(value: JSON, case_sensitive: bool = False, attribute: JSON = None) -> JSON:
    return _one(sort(value, False, case_sensitive, attribute))


@template_filter("max")
def max_(value: JSON, case_sensitive: bool = False, attribute: JSON = None) -> JSON:
    return _one(sort(value, True, case_sensitive, attribute))


@template_filter("sum")
def sum_(value: JSON, attribute: JSON = None, start: JSON = 0) -> JSON:
    """Null elements count as nothing."""
    for item in elements(value):
        reached = _reach(item, attribute)
        if reached is not None:
            start = binary("+", start, reached)
    return start


@template_filter("map")
def map_(value: JSON, name: str | None = None, attribute: JSON = None, default: JSON = None) -> JSON:
    """``map(attribute="name")``, or ``map("upper")``: one attribute, or a filter, of every element."""
    if (name is None) == (attribute is None) or (name is not None and name not in FILTERS):
        raise unusable("map", value)
    if name is not None:
        results = [known(FILTERS[name](item)) for item in elements(value)]
    else:
        reached = (_reach(item, attribute) for item in elements(value))
        results = [default if item is None else item for item in reached]
    return weighed(results)


def _sifted(value: JSON, attribute: JSON, test: str | None, others: tuple[JSON, ...]) -> Iterator[tuple[JSON, bool]]:
    check = is_true_like if test is None else CHECKS[test]
    for item in elements(value):
        yield item, bool(check(_reach(item, attribute), *others))


@template_filter("selectattr")
def selectattr(value: JSON, attribute: JSON, test: str | None = None, *others: JSON) -> JSON:
    """``orders | selectattr("status", "eq", "open")``; without a test, those whose attribute counts as true."""
    return [item for item, holds in _sifted(value, attribute, test, others) if holds]


@template_filter("rejectattr")
def rejectattr(value: JSON, attribute: JSON, test: str | None = None, *others: JSON) -> JSON:
    return [item for item, holds in _sifted(value, attribute, test, others) if not holds]
