"""Jinja2, closed: its sandbox, less everything that is not listed here.

``compiling`` rewrites whatever reaches into values (attributes, items, calls, comparisons, loops, lists) into
calls of the internal filters below, whose names no template can write. The overrides that remain refuse:
they are the second wall.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NoReturn

from django.utils.translation import gettext as _
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from actions.expressions import operators
from actions.expressions.bounds import Budget, current
from actions.expressions.checks import CHECKS
from actions.expressions.errors import ExpressionError
from actions.expressions.filters import FILTERS
from actions.expressions.methods import call_method
from actions.expressions.values import ABSENT, JSON, Missing, follow, kind_of, known, lookup, text, weighed


def _show(value: JSON, label: str) -> str:
    current.get().spend()
    return text(value, label)


def _show_html(value: JSON, label: str) -> str:
    return html.escape(_show(value, label))


def _item(value: JSON, key: JSON, label: str) -> JSON:
    current.get().spend()
    found = ABSENT if isinstance(value, Missing) else lookup(value, known(key))
    return Missing(name=label) if found is ABSENT else found


def _slice(value: JSON, start: JSON, stop: JSON, step: JSON) -> JSON:
    if value is None or isinstance(value, Missing):
        return value
    limits = [known(limit) for limit in (start, stop, step)]
    if not isinstance(value, str | list) or not all(limit is None or isinstance(limit, int) for limit in limits):
        raise ExpressionError(_("A piece “[from:to]” cannot be taken of %(kind)s.") % {"kind": kind_of(value)})
    current.get().spend(len(value))
    return value[slice(*limits)]


def _each(value: JSON, label: str) -> Iterable[JSON]:
    if value is None or isinstance(value, Missing):
        text(value, label)  # for its warning
        return ()
    if not isinstance(value, list | str | Mapping):
        raise ExpressionError(_("A loop cannot go over %(kind)s.") % {"kind": kind_of(value)})
    return _turns(value, current.get())


def _turns(values: Iterable[JSON], budget: Budget) -> Iterator[JSON]:
    for value in values:
        budget.turn()
        yield value


def _list(_nothing: None, *items: JSON) -> JSON:
    return weighed([known(item) for item in items])


def _object(_nothing: None, *keys_and_values: JSON) -> JSON:
    pairs = zip(keys_and_values[::2], keys_and_values[1::2], strict=True)
    return weighed({text(key): known(value) for key, value in pairs})


def _range(_nothing: None, *limits: JSON) -> JSON:
    return operators.bounded_range(*limits)


SHOW, SHOW_HTML, FOLLOW, ITEM, SLICE = " show", " show_html", " follow", " item", " slice"
EACH, LIST, OBJECT, RANGE, METHOD, CONCAT, CHAIN = " each", " list", " object", " range", " method", " ~", " chain"

INTERNAL: Mapping[str, Callable[..., Any]] = {
    SHOW: _show,
    SHOW_HTML: _show_html,
    FOLLOW: follow,
    ITEM: _item,
    SLICE: _slice,
    EACH: _each,
    LIST: _list,
    OBJECT: _object,
    RANGE: _range,
    METHOD: call_method,
    CONCAT: operators.concat,
    CHAIN: operators.compare_chain,
    **{f" {name}": function for name, function in operators.COMPARISONS.items()},
}


class Names(Context):
    """Where generated code looks its names up: the scope itself, uncopied."""

    def __init__(self, environment: Any, scope: Mapping[str, JSON]) -> None:
        self.parent = scope  # type: ignore[assignment]
        self.vars = {}
        self.environment = environment
        self.exported_vars = set()
        self.name = None
        self.blocks = {}


class Environment(ImmutableSandboxedEnvironment):
    intercepted_binops = frozenset(operators.ARITHMETIC)
    intercepted_unops = frozenset({"+", "-"})
    context_class = Names

    def __init__(self) -> None:
        # Unoptimized: the optimizer would evaluate constant expressions while compiling, without a budget.
        super().__init__(undefined=Missing, optimized=False, cache_size=0, keep_trailing_newline=True)
        self.globals.clear()
        self.filters = {**FILTERS, **INTERNAL}
        self.tests = dict(CHECKS)

    def call_binop(self, context: Context, operator: str, left: JSON, right: JSON) -> JSON:
        return operators.binary(operator, left, right)

    def call_unop(self, context: Context, operator: str, arg: JSON) -> JSON:
        return operators.unary(operator, arg)

    def getattr(self, obj: JSON, attribute: str) -> NoReturn:
        _refuse()

    def getitem(self, obj: JSON, argument: JSON) -> NoReturn:
        _refuse()

    def call(__self, __context: Context, __obj: JSON, *args: JSON, **kwargs: JSON) -> NoReturn:
        _refuse()

    def is_safe_attribute(self, obj: object, attr: str, value: object) -> bool:
        return False

    def is_safe_callable(self, obj: object) -> bool:
        return False


def _refuse() -> NoReturn:
    raise ExpressionError(_("This is not possible in an expression."))


ENVIRONMENT = Environment()
