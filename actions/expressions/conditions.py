"""One expression that holds or not: ``interaction.DISPOSITION == "escalated"``."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

from jinja2 import nodes

from actions.expressions.bounds import MAX_OUTPUT_BYTES
from actions.expressions.compiling import Compiled, Scope, assigned, evaluate
from actions.expressions.naming import chain_of, find_names
from actions.expressions.programs import Reach
from actions.expressions.syntax import parse_condition


@dataclass(frozen=True, slots=True)
class Condition:
    """A checked and compiled condition; ``names`` and ``optional`` as of a template."""

    source: str
    names: frozenset[str] = field(compare=False)
    optional: frozenset[str] = field(compare=False)
    expression: Reach | Compiled = field(compare=False, repr=False)

    @classmethod
    def parse(cls, source: str) -> Condition:
        """Bare or in ``{{ }}``; raises ExpressionError."""
        return _parse(source)

    def holds(self, scope: Scope, warnings: list[str]) -> bool:
        """Unknown values count as null, comparisons that make no sense as false: both warn.

        Raises ExpressionError for the rest (a division by zero, a filter on what it does not work on).
        """
        return evaluate(self._decide, scope, warnings, MAX_OUTPUT_BYTES)

    def _decide(self, scope: Scope) -> bool:
        return bool(self.expression.result(scope))


@lru_cache(maxsize=1024)
def _parse(source: str) -> Condition:
    expression = parse_condition(source)
    names, optional = find_names(nodes.Template([nodes.ExprStmt(expression)]))
    chain = chain_of(expression)
    return Condition(source, names, optional, Reach.along(chain) if chain else Compiled(assigned(expression)))
