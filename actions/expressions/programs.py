"""The shapes that a parsed template takes: most need none of Jinja2's machinery when they run."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from jinja2 import nodes

from actions.expressions.bounds import current, is_spent
from actions.expressions.compiling import Compiled, Scope, assigned, origin_of
from actions.expressions.naming import Chain, chain_of
from actions.expressions.values import ABSENT, JSON, Missing, checked, follow, text

SCALARS = frozenset({str, int, float, bool})


class Program(Protocol):
    """Runs inside an evaluation: a budget is ``current``. Raises ExpressionError."""

    def text(self, scope: Scope) -> str: ...

    def value(self, scope: Scope) -> JSON: ...


@dataclass(frozen=True, slots=True)
class Fixed:
    """No template syntax."""

    source: str

    def text(self, scope: Scope) -> str:
        return self.source

    value = text


@dataclass(frozen=True, slots=True)
class Reach:
    """A name and static keys: ``customer.orders[0].id``."""

    root: str
    keys: tuple[str | int, ...]
    label: str

    @classmethod
    def along(cls, chain: Chain) -> Reach:
        return cls(chain.root, chain.keys, chain.label)

    def result(self, scope: Scope) -> JSON:
        found = scope.get(self.root, ABSENT)
        if found is ABSENT:
            return Missing(name=self.label)
        return follow(found, self.keys, self.label) if self.keys else found


@dataclass(frozen=True, slots=True)
class Whole:
    """One expression and, around it, nothing but white space: its value keeps its type."""

    expression: Reach | Compiled
    before: str
    after: str
    label: str
    html: bool

    def text(self, scope: Scope) -> str:
        shown = text(self.expression.result(scope), self.label)
        return current.get().fitting(self.before + (html.escape(shown) if self.html else shown) + self.after)

    def value(self, scope: Scope) -> JSON:
        return self.text(scope) if self.html else checked(self.expression.result(scope))

    def at_once(self, scope: Scope) -> JSON:
        """A text, number or truth value that is simply there; ABSENT where it takes an evaluation to know."""
        if self.html or not isinstance(self.expression, Reach) or is_spent():
            return ABSENT
        found = self.expression.result(scope)
        return found if type(found) in SCALARS else ABSENT


@dataclass(frozen=True, slots=True)
class Filled:
    """Text with values in it."""

    parts: tuple[str | Reach, ...]
    html: bool

    def text(self, scope: Scope) -> str:
        pieces = []
        for part in self.parts:
            if isinstance(part, str):
                pieces.append(part)
                continue
            shown = text(part.result(scope), part.label)
            pieces.append(html.escape(shown) if self.html else shown)
        return current.get().fitting("".join(pieces))

    value = text


@dataclass(frozen=True, slots=True)
class General:
    """Everything else."""

    compiled: Compiled

    def text(self, scope: Scope) -> str:
        return current.get().fitting(self.compiled.text(scope))

    value = text


def program_of(tree: nodes.Template, escape: str) -> Program:
    """Raises ExpressionError if the tree cannot be compiled."""
    parts = _parts(tree)
    if parts is None:
        return General(Compiled(tree, escape=escape))
    expressions = [part for part in parts if isinstance(part, nodes.Expr)]
    if len(expressions) == 1 and all(isinstance(part, nodes.Expr) or not part.strip() for part in parts):
        return _whole(parts, expressions[0], escape)
    reaches = [part if isinstance(part, str) else _reach(part) for part in parts]
    simple = [part for part in reaches if part is not None]
    if len(simple) == len(parts):
        return Filled(tuple(simple), escape == "html")
    return General(Compiled(tree, escape=escape))


def _parts(tree: nodes.Template) -> list[str | nodes.Expr] | None:
    """What a template without statements outputs, in order; None if it has statements."""
    parts: list[str | nodes.Expr] = []
    for output in tree.body:
        if not isinstance(output, nodes.Output):
            return None
        parts += [part.data if isinstance(part, nodes.TemplateData) else part for part in output.nodes]
    return parts


def _reach(node: nodes.Expr) -> Reach | None:
    chain = chain_of(node)
    return Reach.along(chain) if chain else None


def _whole(parts: Sequence[str | nodes.Expr], expression: nodes.Expr, escape: str) -> Whole:
    reach = _reach(expression)
    at = parts.index(expression)
    before, after = ("".join(part for part in side if isinstance(part, str)) for side in (parts[:at], parts[at + 1 :]))
    label = reach.label if reach else origin_of(expression)
    return Whole(reach or Compiled(assigned(expression)), before, after, label, escape == "html")
