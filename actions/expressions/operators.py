"""Arithmetic, joining and comparing, each bounded and kind to unknown values."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from actions.expressions.bounds import MAX_INTEGER, MAX_RANGE, current
from actions.expressions.errors import ExpressionError, ExpressionTooLarge
from actions.expressions.values import JSON, Missing, kind_of, known, text, weighed

ARITHMETIC: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": operator.pow,
}


def binary(symbol: str, left: JSON, right: JSON) -> JSON:
    """``left + right`` and the like; unknown or null if a side is."""
    current.get().spend()
    for side in (left, right):
        if side is None or isinstance(side, Missing):
            return side
    if isinstance(left, int | float) and isinstance(right, int | float):
        return _calculate(symbol, left, right)
    if symbol == "+" and isinstance(left, str) and isinstance(right, str):
        current.get().check_text(len(left) + len(right))
        return str(left) + str(right)
    if symbol == "+" and isinstance(left, list) and isinstance(right, list):
        return weighed([*left, *right])
    raise ExpressionError(
        _("“%(operator)s” does not work between %(left)s and %(right)s.")
        % {"operator": symbol, "left": kind_of(left), "right": kind_of(right)}
    )


def _calculate(symbol: str, left: float, right: float) -> JSON:
    if symbol == "**" and isinstance(left, int) and left.bit_length() * abs(right) > 2 * MAX_INTEGER.bit_length():
        raise too_large_a_number()
    try:
        return finite(ARITHMETIC[symbol](left, right))
    except ZeroDivisionError as error:
        raise ExpressionError(_("A number is divided by zero.")) from error
    except OverflowError as error:
        raise too_large_a_number() from error


def finite(number: Any) -> Any:
    """A number that JSON can hold; raises ExpressionError for the others."""
    if isinstance(number, int):
        if abs(number) <= MAX_INTEGER:
            return number
    elif isinstance(number, float) and math.isfinite(number):
        return number
    raise too_large_a_number()


def too_large_a_number() -> ExpressionTooLarge:
    return ExpressionTooLarge(_("The number is too large, or is not a real number."))


def unary(symbol: str, value: JSON) -> JSON:
    if value is None or isinstance(value, Missing):
        return value
    if isinstance(value, int | float):
        return -value if symbol == "-" else +value
    raise ExpressionError(_("“%(operator)s” does not work on %(kind)s.") % {"operator": symbol, "kind": kind_of(value)})


def concat(*values: JSON) -> str:
    """``a ~ b ~ c``"""
    pieces = [text(value) for value in values]
    current.get().check_text(sum(map(len, pieces)))
    return "".join(pieces)


def equal(left: JSON, right: JSON) -> bool:
    current.get().spend()
    return bool(known(left) == known(right))


def unequal(left: JSON, right: JSON) -> bool:
    return not equal(left, right)


def contains(container: JSON, item: JSON) -> bool:
    """Whether a list has the element, an object the key, or a text the piece; false where that makes no sense."""
    container, item = known(container), known(item)
    if container is None:
        return False
    if isinstance(container, str | list | Mapping):
        current.get().spend(len(container))
        try:
            return item in container
        except TypeError:
            pass
    _warn_mixed(item, container)
    return False


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[JSON, JSON], bool]:
    def ordered(left: JSON, right: JSON) -> bool:
        unknown = isinstance(left, Missing) or isinstance(right, Missing)
        left, right = known(left), known(right)
        current.get().spend()
        try:
            return bool(compare(left, right))
        except TypeError:
            if not unknown:
                _warn_mixed(left, right)
            return False

    return ordered


def _warn_mixed(left: JSON, right: JSON) -> None:
    current.get().warn(
        _("A comparison of %(left)s with %(right)s counts as false.") % {"left": kind_of(left), "right": kind_of(right)}
    )


less, less_or_equal = _ordered(operator.lt), _ordered(operator.le)
greater, greater_or_equal = _ordered(operator.gt), _ordered(operator.ge)

COMPARISONS: Mapping[str, Callable[[JSON, JSON], bool]] = {
    "eq": equal,
    "ne": unequal,
    "lt": less,
    "lteq": less_or_equal,
    "gt": greater,
    "gteq": greater_or_equal,
    "in": lambda item, container: contains(container, item),
    "notin": lambda item, container: not contains(container, item),
}
"""By the names of Jinja2's syntax tree."""


def compare_chain(first: JSON, names: tuple[str, ...], *others: JSON) -> bool:
    """``1 < x <= 5``"""
    for name, other in zip(names, others, strict=True):
        if not COMPARISONS[name](first, other):
            return False
        first = other
    return True


def bounded_range(*limits: JSON) -> JSON:
    """``range(stop)``, ``range(start, stop)``, ``range(start, stop, step)`` as a list."""
    limits = tuple(known(limit) for limit in limits)
    if not all(isinstance(limit, int) for limit in limits) or limits[2:] == (0,):
        raise ExpressionError(_("“range” wants whole numbers, and a step other than 0."))
    numbers = range(*limits)
    # len() fails beyond the machine's word.
    if max(map(abs, limits)) > MAX_INTEGER or bool(numbers[MAX_RANGE:]):
        raise ExpressionTooLarge(_("“range” gives at most %(limit)d numbers.") % {"limit": MAX_RANGE})
    return list(numbers)
