"""From source to a syntax tree that holds only what is allowed."""

from __future__ import annotations

import difflib
import inspect
import math
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar

from django.utils.translation import gettext as _
from jinja2 import TemplateSyntaxError, nodes
from jinja2.parser import Parser

from actions.expressions.bounds import MAX_DEPTH, MAX_NAME, MAX_SOURCE_BYTES
from actions.expressions.checks import CHECKS
from actions.expressions.environment import ENVIRONMENT
from actions.expressions.errors import ExpressionError
from actions.expressions.filters import FILTERS
from actions.expressions.methods import METHODS

MAX_NODES = 5_000
MAX_CONDITION_BYTES = 8 * 1024

Tree = TypeVar("Tree", bound=nodes.Node)

_ALLOWED = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.For, nodes.If, nodes.Assign, nodes.With),
    *(nodes.Name, nodes.Const, nodes.List, nodes.Tuple, nodes.Dict, nodes.Pair, nodes.Keyword, nodes.Operand),
    *(nodes.Filter, nodes.Test, nodes.Call, nodes.Getattr, nodes.Getitem, nodes.Slice, nodes.CondExpr),
    *(nodes.Compare, nodes.Concat, nodes.BinExpr, nodes.UnaryExpr),
)
_TAGS: dict[type[nodes.Node], str] = {
    nodes.Macro: "macro",
    nodes.CallBlock: "call",
    nodes.Include: "include",
    nodes.Import: "import",
    nodes.FromImport: "from",
    nodes.Extends: "extends",
    nodes.Block: "block",
    nodes.FilterBlock: "filter",
    nodes.AssignBlock: "set … endset",
    nodes.NSRef: "set a.b = …",
    nodes.ScopedEvalContextModifier: "autoescape",
}
_OWN = re.compile(r"__\w*__\Z")
"""Python's own names: never in data, always in attempts to break out."""


def parse_template(source: str) -> nodes.Template:
    """Raises ExpressionError."""
    return _parse(source, lambda: ENVIRONMENT.parse(source))


def parse_condition(source: str) -> nodes.Expr:
    """One expression, bare or in ``{{ }}``. Raises ExpressionError."""
    inner = source.strip()
    if inner.startswith("{{") and inner.endswith("}}"):
        inner = inner[2:-2].strip("-")
    if not inner.strip():
        raise ExpressionError(_("The condition is empty."))

    def parse() -> nodes.Expr:
        parser = Parser(ENVIRONMENT, inner, state="variable")
        expression = parser.parse_expression()
        if not parser.stream.eos:
            parser.fail(f"unexpected {parser.stream.current.value!r}")
        expression.set_environment(ENVIRONMENT)
        return expression

    check_source(source, MAX_CONDITION_BYTES)
    return _parse(source, parse)


def _parse(source: str, parse: Callable[[], Tree]) -> Tree:
    check_source(source)
    try:
        tree = parse()
    except TemplateSyntaxError as error:
        raise ExpressionError(_in_words(error), error.lineno) from error
    except RecursionError as error:
        raise too_nested() from error
    except ValueError as error:  # a number of thousands of digits
        raise ExpressionError(_("A number is too large.")) from error
    _check(tree)
    return tree


def check_source(source: str, max_bytes: int = MAX_SOURCE_BYTES) -> None:
    """Refuse a source that is too long, or that no file or network could carry."""
    try:
        size = len(source.encode())
    except UnicodeEncodeError as error:
        raise ExpressionError(_("The text contains a broken character.")) from error
    if size > max_bytes:
        raise ExpressionError(_("The text is longer than %(limit)d bytes.") % {"limit": max_bytes})


def too_nested() -> ExpressionError:
    return ExpressionError(_("The expression is nested too deeply."))


def _check(tree: nodes.Node) -> None:
    waiting, count = [(tree, 0)], 0
    while waiting:
        node, depth = waiting.pop()
        count += 1
        if depth > MAX_DEPTH:
            raise too_nested()
        if count > MAX_NODES:
            raise ExpressionError(_("The template has too many parts."))
        _check_node(node)
        waiting.extend((child, depth + 1) for child in node.iter_child_nodes())


def _check_node(node: nodes.Node) -> None:
    if not isinstance(node, _ALLOWED):
        raise ExpressionError(
            _("“{%% %(tag)s %%}” cannot be used here.") % {"tag": _TAGS.get(type(node), type(node).__name__)},
            node.lineno,
        )
    check = _CHECKS.get(type(node))
    if check is not None:
        check(node)


def _check_name(node: nodes.Name) -> None:
    _refuse_own(node.name, node)
    if node.name in {"self", "super", "caller"} or (node.name == "loop" and node.ctx == "store"):
        raise ExpressionError(_("The name “%(name)s” cannot be used here.") % {"name": node.name}, node.lineno)


def _refuse_own(name: object, node: nodes.Node) -> None:
    if isinstance(name, str) and _OWN.match(name):
        raise ExpressionError(_("The name “%(name)s” cannot be used here.") % {"name": name[:MAX_NAME]}, node.lineno)


def _check_const(node: nodes.Const) -> None:
    value = node.value
    if isinstance(value, str):
        check_source(value)
    elif isinstance(value, float) and not math.isfinite(value):
        raise ExpressionError(_("A number is too large."), node.lineno)


def _check_for(node: nodes.For) -> None:
    if node.recursive:
        raise ExpressionError(_("A loop cannot be recursive."), node.lineno)


def _check_call(node: nodes.Call) -> None:
    _check_arguments(node)
    if isinstance(node.node, nodes.Getattr) and node.node.attr in METHODS and not node.kwargs:
        return
    if isinstance(node.node, nodes.Name) and node.node.name == "range" and not node.kwargs and 0 < len(node.args) < 4:
        return
    name = node.node.attr if isinstance(node.node, nodes.Getattr) else getattr(node.node, "name", "…")
    raise ExpressionError(_("“%(name)s()” cannot be called.") % {"name": name[:MAX_NAME]}, node.lineno)


def _check_arguments(node: nodes.Call | nodes.Filter | nodes.Test) -> None:
    if node.dyn_args is not None or node.dyn_kwargs is not None:
        raise ExpressionError(_("“*” and “**” cannot be used between the parentheses."), node.lineno)


def _check_filter(node: nodes.Filter) -> None:
    _check_listed(node, FILTERS, _("There is no filter “%(name)s”."))


def _check_test(node: nodes.Test) -> None:
    _check_listed(node, CHECKS, _("There is no test “is %(name)s”."))


def _check_listed(node: nodes.Filter | nodes.Test, listed: Mapping[str, Callable[..., Any]], sentence: str) -> None:
    _check_arguments(node)
    if node.name not in listed:
        words = sentence % {"name": node.name[:MAX_NAME]}
        raise ExpressionError(f"{words} {did_you_mean(node.name, listed)}".rstrip(), node.lineno)
    try:
        given = {str(pair.key): None for pair in node.kwargs}
        inspect.signature(listed[node.name]).bind(None, *node.args, **given)
    except TypeError as error:
        raise ExpressionError(
            _("“%(name)s” does not take these arguments.") % {"name": node.name}, node.lineno
        ) from error


_CHECKS: dict[type[nodes.Node], Callable[[Any], None]] = {
    nodes.Name: _check_name,
    nodes.Const: _check_const,
    nodes.For: _check_for,
    nodes.Call: _check_call,
    nodes.Filter: _check_filter,
    nodes.Test: _check_test,
    nodes.Getattr: lambda node: _refuse_own(node.attr, node),
    nodes.Getitem: lambda node: _refuse_own(getattr(node.arg, "value", None), node),
}


def did_you_mean(name: str, candidates: Collection[str]) -> str:
    """A question to append to a message, or ''."""
    close = closest(name, candidates)
    return _("Did you mean “%(name)s”?") % {"name": close} if close else ""


def closest(name: str, candidates: Collection[str]) -> str:
    """The candidate that someone who wrote ``name`` probably meant, or ''."""
    if len(name) > MAX_NAME:
        return ""
    folded = {candidate.casefold(): candidate for candidate in sorted(candidates)}
    found = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.7)
    return folded[found[0]] if found else ""


def _in_words(error: TemplateSyntaxError) -> str:
    """Jinja2's English in the editor's language, for the mistakes that people make."""
    said = error.message or ""
    for pattern, sentence in _mistakes():
        found = re.match(pattern, said, re.DOTALL)
        if found:
            return sentence % {name: value[:MAX_NAME] for name, value in found.groupdict().items()}
    return _("The expression cannot be read: %(detail)s") % {"detail": said[:200]}


def _mistakes() -> list[tuple[str, str]]:
    return [
        (r"expected token .*, got '='", _("“=” cannot be used here. To compare, write “==”.")),
        (r"unexpected '='", _("“=” cannot be used here. To compare, write “==”.")),
        (r"unexpected char '[&|!]'", _("Write “and”, “or”, “not” instead of “&&”, “||”, “!”.")),
        (r"""unexpected char ("'"|'"')""", _("A quotation mark is missing.")),
        (r"unexpected char '(?P<it>.+)' at", _("“%(it)s” cannot be used here.")),
        (r"(unexpected|expected token .*, got) '?(end of|eof)", _("The expression is not complete.")),
        (r"expected token 'end of print statement', got '(?P<it>.+)'", _("“%(it)s” is not expected here.")),
        (r"expected token '.+', got '(?P<it>.+)'", _("“%(it)s” is not expected here.")),
        (r"unexpected '(?P<it>.+)'", _("“%(it)s” is not expected here.")),
        (r"Unexpected end of template\. .*innermost block .* is '(?P<it>\w+)'",
         _("“{%% %(it)s %%}” is not closed: “{%% end%(it)s %%}” is missing.")),
        (r"Unexpected end of template|Missing end of", _("A block is not closed.")),
        (r"tag name expected", _("The expression is not complete.")),
        (r"Encountered unknown tag '(?P<it>\w+)'", _("“{%% %(it)s %%}” cannot be used here.")),
    ]  # fmt: skip
