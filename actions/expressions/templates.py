"""Text with ``{{ … }}`` in it, and JSON with such texts in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

from django.utils.translation import gettext as _

from actions.expressions.bounds import MAX_DEPTH, MAX_NAME, MAX_OUTPUT_BYTES
from actions.expressions.compiling import Scope, evaluate
from actions.expressions.errors import ExpressionError
from actions.expressions.naming import find_names
from actions.expressions.programs import SCALARS, Fixed, Program, Whole, program_of
from actions.expressions.syntax import check_source, parse_template
from actions.expressions.values import ABSENT, JSON, checked, too_deep, weighed

Escape = Literal["none", "html"]

_NOTHING: frozenset[str] = frozenset()
_CACHED_SOURCE = 8 * 1024
"""Longer sources are rare, and their plans keep them."""


@dataclass(frozen=True, slots=True)
class Template:
    """A checked and compiled template; the same for ever, safe to share between threads.

    ``names`` are the names that must exist (``interaction.SUMMARY``, ``firstName``, ``sip``): give them to
    ``scope.unknown_names``. ``optional`` are those that the template copes without: behind ``| default(…)``,
    or asked for by ``is defined``.
    """

    source: str
    escape: Escape
    is_plain: bool
    names: frozenset[str] = field(compare=False)
    optional: frozenset[str] = field(compare=False)
    program: Program = field(compare=False, repr=False)

    @classmethod
    def parse(cls, source: str, escape: Escape = "none") -> Template:
        """``escape="html"`` escapes every value shown (not the text around them). Raises ExpressionError."""
        if "{{" not in source and "{%" not in source and "{#" not in source:
            check_source(source)
            return cls(source, escape, True, _NOTHING, _NOTHING, Fixed(source))
        return (_parse_cached if len(source) <= _CACHED_SOURCE else _parse)(source, escape)

    def render(self, scope: Scope, warnings: list[str], *, max_bytes: int = MAX_OUTPUT_BYTES) -> str:
        """As text; raises ExpressionError."""
        if self.is_plain:
            return self.source
        return evaluate(self.program.text, scope, warnings, max_bytes)

    def value(self, scope: Scope, warnings: list[str], *, max_bytes: int = MAX_OUTPUT_BYTES) -> JSON:
        """The value of a template that is nothing but one ``{{ … }}``, of any type; else, and for HTML, as text.

        ``max_bytes`` bounds text that is made, not values that pass through. A list or object may be the one
        of the scope: do not change it. Raises ExpressionError.
        """
        if self.is_plain:
            return self.source
        if isinstance(self.program, Whole) and (found := self.program.at_once(scope)) is not ABSENT:
            return found
        return evaluate(self.program.value, scope, warnings, max_bytes)


@dataclass(frozen=True, slots=True)
class CompiledJSON:
    """A JSON value whose strings may be templates (keys are not); ``names`` and ``optional`` as of a template."""

    names: frozenset[str]
    optional: frozenset[str]
    shape: JSON = field(repr=False)
    """The value, with a :class:`Template` in place of each string that is one."""

    def value(self, scope: Scope, warnings: list[str], *, max_bytes: int = MAX_OUTPUT_BYTES) -> JSON:
        """New lists and objects; ``max_bytes`` is for each string. Raises ExpressionError.

        One budget of time serves all strings, and the whole is bounded like a list made by an expression.
        """
        shape = self.shape
        if isinstance(shape, Template):
            return shape.value(scope, warnings, max_bytes=max_bytes)
        if shape is None or type(shape) in SCALARS:
            return shape
        return evaluate(self._fill_all, scope, warnings, max_bytes)

    def _fill_all(self, scope: Scope) -> JSON:
        return weighed(_filled(self.shape, scope))


def compile_json(value: JSON) -> CompiledJSON:
    """Raises ExpressionError, which says where."""
    found: list[Template] = []
    shape = _shaped(value, "$", found)
    names = _NOTHING.union(*(template.names for template in found))
    optional = _NOTHING.union(*(template.optional for template in found))
    return CompiledJSON(names, optional - names, shape)


def _shaped(value: JSON, path: str, found: list[Template], depth: int = 0) -> JSON:
    if depth > MAX_DEPTH:
        raise too_deep()
    if isinstance(value, Mapping):
        return {key: _shaped(item, f"{path}.{key}", found, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_shaped(item, f"{path}[{index}]", found, depth + 1) for index, item in enumerate(value)]
    if not isinstance(value, str):
        return checked(value)
    try:
        template = Template.parse(value)
    except ExpressionError as error:
        located = _("At %(path)s: %(message)s") % {"path": path[:MAX_NAME], "message": error.message}
        raise ExpressionError(located, error.line) from error
    found.append(template)
    return value if template.is_plain else template


def _filled(shape: JSON, scope: Scope) -> JSON:
    if isinstance(shape, Template):
        return shape.program.value(scope)
    if isinstance(shape, dict):
        return {key: _filled(item, scope) for key, item in shape.items()}
    if isinstance(shape, list):
        return [_filled(item, scope) for item in shape]
    return shape


def _parse(source: str, escape: Escape) -> Template:
    tree = parse_template(source)
    names, optional = find_names(tree)
    return Template(source, escape, False, names, optional, program_of(tree, escape))


_parse_cached = lru_cache(maxsize=1024)(_parse)
