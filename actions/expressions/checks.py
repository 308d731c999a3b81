"""What may follow ``is``: Jinja2's tests, as far as they make sense on JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from actions.expressions import operators
from actions.expressions.bounds import current
from actions.expressions.values import JSON, Missing, known


def is_defined(value: JSON) -> bool:
    """The only question about an unknown value that does not warn, with ``is undefined``."""
    return not isinstance(value, Missing)


def is_true_like(value: JSON) -> bool:
    return bool(known(value))


def _of(*kinds: type) -> Callable[[JSON], bool]:
    """True and false are not numbers here."""

    def check(value: JSON) -> bool:
        value = known(value)
        return isinstance(value, kinds) and (bool in kinds or not isinstance(value, bool))

    return check


def _divisible(value: JSON, by: JSON) -> bool:
    value, by = known(value), known(by)
    return isinstance(value, int) and isinstance(by, int) and by != 0 and value % by == 0


def _cased(change: Callable[[str], str]) -> Callable[[JSON], bool]:
    def check(value: JSON) -> bool:
        value = known(value)
        current.get().spend(len(value) if isinstance(value, str) else 0)
        return isinstance(value, str) and change(value) == value

    return check


def _is_none(value: JSON) -> bool:
    return known(value) is None


def _is_in(item: JSON, container: JSON) -> bool:
    return operators.contains(container, item)


CHECKS: Mapping[str, Callable[..., Any]] = {
    "defined": is_defined,
    "undefined": lambda value: not is_defined(value),
    "none": _is_none,
    "true": lambda value: known(value) is True,
    "false": lambda value: known(value) is False,
    "boolean": _of(bool),
    "number": _of(int, float),
    "integer": _of(int),
    "float": _of(float),
    "string": _of(str),
    "mapping": _of(dict),
    "sequence": _of(list, str),
    "iterable": _of(list, str, dict),
    "even": lambda value: _divisible(value, 2),
    "odd": lambda value: isinstance(known(value), int) and not _divisible(value, 2),
    "divisibleby": _divisible,
    "lower": _cased(str.lower),
    "upper": _cased(str.upper),
    "in": _is_in,
    **dict.fromkeys(("eq", "equalto", "=="), operators.equal),
    **dict.fromkeys(("ne", "!="), operators.unequal),
    **dict.fromkeys(("lt", "lessthan", "<"), operators.less),
    **dict.fromkeys(("le", "<="), operators.less_or_equal),
    **dict.fromkeys(("gt", "greaterthan", ">"), operators.greater),
    **dict.fromkeys(("ge", ">="), operators.greater_or_equal),
}
