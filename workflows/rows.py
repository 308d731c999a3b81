"""Conditions that are built from rows of variable, operator and value, for people who write no expressions.

A row means what the same expression would: a name that does not exist counts as null and warns, a comparison
that makes no sense does not hold and warns. Types are compared leniently: "12" equals 12, "true" equals true.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Literal

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from pydantic import AfterValidator, BaseModel, ConfigDict

from actions.contract import JSON
from actions.expressions.errors import ExpressionError
from actions.expressions.templates import CompiledJSON, Template, compile_json
from workflows.fields import TemplateJSON

Operator = Literal[
    "equals", "not_equals", "contains", "not_contains", "starts_with", "ends_with", "is_empty", "is_not_empty",
    "greater", "greater_or_equal", "less", "less_or_equal", "in_list", "not_in_list", "matches",
]  # fmt: skip

OPERATORS = (
    ("equals", _("is")),
    ("not_equals", _("is not")),
    ("contains", _("contains")),
    ("not_contains", _("does not contain")),
    ("starts_with", _("begins with")),
    ("ends_with", _("ends with")),
    ("is_empty", _("is empty")),
    ("is_not_empty", _("is not empty")),
    ("greater", _("is greater than")),
    ("greater_or_equal", _("is at least")),
    ("less", _("is less than")),
    ("less_or_equal", _("is at most")),
    ("in_list", _("is one of")),
    ("not_in_list", _("is none of")),
    ("matches", _("matches (* and ?)")),
)

_UNARY = frozenset({"is_empty", "is_not_empty"})
_NUMBER = re.compile(r"[+-]?\d{1,18}(?:\.\d{1,18})?")
LONGEST_TEXT = 1_000
"""Of the texts that ``matches`` compares."""


def _check_variable(source: str) -> str:
    try:
        Template.parse(f"{{{{ {source} }}}}")
    except ExpressionError as error:
        raise ValueError(error.message) from error
    if not source.strip() or "{{" in source or "}}" in source:
        raise ValueError(gettext("Choose a variable."))
    return source


class Row(BaseModel):
    """``variable`` is a name such as ``customer.tier``; ``value`` may hold templates."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    variable: Annotated[str, AfterValidator(_check_variable)]
    operator: Operator = "equals"
    value: TemplateJSON = None

    @cached_property
    def left(self) -> Template:
        # Whether there is a value at all is what these two ask: no warning that there is none.
        asked = f"({self.variable}) | default(none)" if self.operator in _UNARY else self.variable
        return Template.parse(f"{{{{ {asked} }}}}")

    @cached_property
    def right(self) -> CompiledJSON:
        return compile_json(self.value)

    def holds(self, scope: Mapping[str, JSON], warnings: list[str]) -> bool:
        left = self.left.value(scope, warnings)
        right = None if self.operator in _UNARY else self.right.value(scope, warnings)
        try:
            return _TESTS[self.operator](left, right)
        except _Senseless:
            facts = {"variable": self.variable, "operator": str(dict(OPERATORS)[self.operator])}
            warnings.append(gettext("“%(variable)s” cannot be compared this way (%(operator)s).") % facts)
            return False


@dataclass(frozen=True)
class Rows:
    """Holds if all of the rows do, or any."""

    rows: tuple[Row, ...]
    match: Literal["all", "any"] = "all"

    @property
    def names(self) -> frozenset[str]:
        return frozenset[str]().union(*(row.left.names | row.right.names for row in self.rows))

    @property
    def optional(self) -> frozenset[str]:
        return frozenset[str]().union(*(row.left.optional | row.right.optional for row in self.rows))

    def holds(self, scope: Mapping[str, JSON], warnings: list[str]) -> bool:
        """From the first row on, as far as needed; raises ExpressionError."""
        decide = all if self.match == "all" else any
        return decide(row.holds(scope, warnings) for row in self.rows)


class _Senseless(ValueError):
    """The comparison makes no sense."""


def _plain(value: JSON) -> JSON:
    """Numbers, booleans and null in texts as what they say; other texts without the spaces around them."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    if _NUMBER.fullmatch(text):
        return float(text) if "." in text else int(text)
    return {"true": True, "false": False}.get(text.lower(), text)


def _equal(left: JSON, right: JSON) -> bool:
    if isinstance(left, str) and isinstance(right, str):
        # "007" is "007" and no 7 where both are texts.
        return left.strip() == right.strip()
    left, right = _plain(left), _plain(right)
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return bool(left == right)


def _compared(left: JSON, right: JSON) -> int:
    """-1, 0 or 1; raises _Senseless."""
    for side in (left, right):
        if side is None or isinstance(side, bool | list | dict):
            raise _Senseless
    first, second = _plain(left), _plain(right)
    if isinstance(first, str) or isinstance(second, str):
        if not (isinstance(left, str) and isinstance(right, str)):
            raise _Senseless
        first, second = left, right
    elif math.isnan(first) or math.isnan(second):
        raise _Senseless
    return int(first > second) - int(first < second)


def _contains(left: JSON, right: JSON) -> bool:
    if isinstance(left, list):
        return any(_equal(item, right) for item in left)
    if isinstance(left, dict):
        return right in left if isinstance(right, str) else False
    return _text(right) in _text(left)


def _text(value: JSON) -> str:
    if isinstance(value, list | dict) or value is None:
        raise _Senseless
    return str(value).lower() if isinstance(value, bool) else str(value)


def _in(left: JSON, right: JSON) -> bool:
    items = [item.strip() for item in right.split(",")] if isinstance(right, str) else right
    if not isinstance(items, list):
        raise _Senseless
    return any(_equal(left, item) for item in items)


def _empty(value: JSON) -> bool:
    return (
        value is None
        or (isinstance(value, str) and not value.strip())
        or (isinstance(value, list | dict) and not value)
    )


def _matches(left: JSON, right: JSON) -> bool:
    """``*`` stands for any characters, ``?`` for one. The time grows with both lengths, multiplied at worst."""
    text, pattern = _text(left)[:LONGEST_TEXT], _text(right)[:LONGEST_TEXT]
    at = place = 0
    star, resume = -1, 0
    while at < len(text):
        if place < len(pattern) and pattern[place] == "*":
            star, resume, place = place, at, place + 1
        elif place < len(pattern) and pattern[place] in ("?", text[at]):
            at, place = at + 1, place + 1
        elif star >= 0:
            resume += 1
            at, place = resume, star + 1
        else:
            return False
    return not pattern[place:].strip("*")


_TESTS: Mapping[str, Callable[[JSON, JSON], bool]] = {
    "equals": _equal,
    "not_equals": lambda left, right: not _equal(left, right),
    "contains": _contains,
    "not_contains": lambda left, right: not _contains(left, right),
    "starts_with": lambda left, right: _text(left).startswith(_text(right)),
    "ends_with": lambda left, right: _text(left).endswith(_text(right)),
    "is_empty": lambda left, _right: _empty(left),
    "is_not_empty": lambda left, _right: not _empty(left),
    "greater": lambda left, right: _compared(left, right) > 0,
    "greater_or_equal": lambda left, right: _compared(left, right) >= 0,
    "less": lambda left, right: _compared(left, right) < 0,
    "less_or_equal": lambda left, right: _compared(left, right) <= 0,
    "in_list": _in,
    "not_in_list": lambda left, right: not _in(left, right),
    "matches": _matches,
}
