"""From a checked syntax tree to something that runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from django.utils.translation import gettext as _
from jinja2 import nodes
from jinja2.visitor import NodeTransformer

from actions.expressions import environment as env
from actions.expressions.bounds import Budget, current
from actions.expressions.errors import ExpressionError, ExpressionTooLarge
from actions.expressions.naming import chain_of, label_of, unwind
from actions.expressions.syntax import too_nested
from actions.expressions.values import JSON

Scope = Mapping[str, JSON]
Result = TypeVar("Result")

_RESULT = "result"


class Compiled:
    """Generated code. Its methods run inside an evaluation: a budget is ``current``."""

    __slots__ = ("_root", "_template")

    def __init__(self, tree: nodes.Template, *, escape: str = "none") -> None:
        show = env.SHOW_HTML if escape == "html" else env.SHOW
        try:
            rewritten = _Rewriter(show).visit(tree)
            self._template = env.ENVIRONMENT.from_string(rewritten)
        except (RecursionError, SyntaxError, MemoryError) as error:
            # Python's own compiler has limits too: 20 loops inside one another, for one.
            raise too_nested() from error
        self._root: Callable[[env.Names], Iterable[str]] = self._template.root_render_func

    def text(self, scope: Scope) -> str:
        budget = current.get()
        pieces, size = [], 0
        try:
            for piece in self._root(env.Names(env.ENVIRONMENT, scope)):
                size += len(piece)
                if size > budget.max_bytes:
                    budget.check_text(size)
                pieces.append(piece)
        except Exception as error:
            raise self._explained(error) from error
        return "".join(pieces)

    def result(self, scope: Scope) -> JSON:
        """Of a tree made by :func:`assigned`."""
        names = env.Names(env.ENVIRONMENT, scope)
        try:
            for _piece in self._root(names):
                pass
        except Exception as error:
            raise self._explained(error) from error
        return names.vars[_RESULT]

    def _explained(self, error: Exception) -> ExpressionError:
        if isinstance(error, ExpressionError):
            explained = error
        elif isinstance(error, RecursionError | MemoryError | OverflowError):
            explained = ExpressionTooLarge(_("The expression is too large for its data."))
        else:
            # What is left is Python's own: taking values apart in “for a, b in …”.
            explained = ExpressionError(_("The expression does not fit its data: %(detail)s") % {"detail": error})
        explained.line = explained.line or self._line_of(error)
        return explained

    def _line_of(self, error: Exception) -> int | None:
        line, trace = None, error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == self._template.root_render_func.__code__.co_filename:
                line = self._template.get_corresponding_lineno(trace.tb_lineno)
            trace = trace.tb_next
        return line


def evaluate(work: Callable[[Scope], Result], scope: Scope, warnings: list[str], max_bytes: int) -> Result:
    """Do the work under a budget of its own, within the run's allowance where a workflow runs."""
    budget = Budget(warnings, max_bytes)
    token = current.set(budget)
    try:
        return work(scope)
    finally:
        current.reset(token)
        budget.settle()


def assigned(expression: nodes.Expr) -> nodes.Template:
    """A template that renders nothing and leaves the value of the expression to :meth:`Compiled.result`."""
    target = nodes.Name(_RESULT, "store")
    return nodes.Template([nodes.Assign(target, expression, lineno=expression.lineno)], lineno=1)


class _Rewriter(NodeTransformer):
    """Replaces all that reaches into values by internal filters."""

    def __init__(self, show: str) -> None:
        self._show = show

    def _internal(self, name: str, of: nodes.Node, subject: nodes.Node, *arguments: Any) -> nodes.Filter:
        """``arguments`` are nodes, already rewritten, or constants."""
        wrapped = [item if isinstance(item, nodes.Node) else nodes.Const(item) for item in arguments]
        return nodes.Filter(subject, name, wrapped, [], None, None, lineno=of.lineno)

    def visit_Output(self, node: nodes.Output) -> nodes.Node:
        node.nodes = [child if isinstance(child, nodes.TemplateData) else self._shown(child) for child in node.nodes]
        return node

    def _shown(self, node: nodes.Expr) -> nodes.Expr:
        label = origin_of(node)
        return self._internal(self._show, node, self.visit(node), label)

    def visit_For(self, node: nodes.For) -> nodes.Node:
        label = origin_of(node.iter)
        node = self.generic_visit(node)  # type: ignore[assignment]
        node.iter = self._internal(env.EACH, node.iter, node.iter, label)
        return node

    def visit_Getattr(self, node: nodes.Getattr) -> nodes.Node:
        return self._follow(node)

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Node:
        if isinstance(node.arg, nodes.Slice):
            limits = [self.visit(limit) if limit else None for limit in (node.arg.start, node.arg.stop, node.arg.step)]
            return self._internal(env.SLICE, node, self.visit(node.node), *limits)
        if unwind(node)[0] is node:
            label = _describe(node)
            return self._internal(env.ITEM, node, self.visit(node.node), self.visit(node.arg), label)
        return self._follow(node)

    def _follow(self, node: nodes.Expr) -> nodes.Node:
        inner, keys = unwind(node)
        return self._internal(env.FOLLOW, node, self.visit(inner), keys, _describe(node))

    def visit_Call(self, node: nodes.Call) -> nodes.Node:
        arguments = [self.visit(argument) for argument in node.args]
        if isinstance(node.node, nodes.Getattr):
            return self._internal(env.METHOD, node, self.visit(node.node.node), node.node.attr, *arguments)
        return self._internal(env.RANGE, node, nodes.Const(None), *arguments)

    def visit_Compare(self, node: nodes.Compare) -> nodes.Node:
        names = tuple(operand.op for operand in node.ops)
        others = [self.visit(operand.expr) for operand in node.ops]
        first = self.visit(node.expr)
        if len(names) == 1:
            return self._internal(f" {names[0]}", node, first, *others)
        return self._internal(env.CHAIN, node, first, names, *others)

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:
        first, *others = [self.visit(child) for child in node.nodes]
        return self._internal(env.CONCAT, node, first, *others)

    def visit_List(self, node: nodes.List) -> nodes.Node:
        if all(isinstance(item, nodes.Const) for item in node.items):
            return node
        return self._internal(env.LIST, node, nodes.Const(None), *[self.visit(item) for item in node.items])

    def visit_Tuple(self, node: nodes.Tuple) -> nodes.Node:
        return self.visit_List(nodes.List(node.items, lineno=node.lineno)) if node.ctx == "load" else node

    def visit_Dict(self, node: nodes.Dict) -> nodes.Node:
        parts = [self.visit(part) for pair in node.items for part in (pair.key, pair.value)]
        return self._internal(env.OBJECT, node, nodes.Const(None), *parts)

    def visit_CondExpr(self, node: nodes.CondExpr) -> nodes.Node:
        node = self.generic_visit(node)  # type: ignore[assignment]
        node.expr2 = node.expr2 or nodes.Const(None)
        return node


def _describe(node: nodes.Node) -> str:
    """An expression that reaches into a value, as far as warnings name it."""
    inner, keys = unwind(node)
    tail = "".join(label_of(key) for key in keys)
    if isinstance(inner, nodes.Name):
        return inner.name + tail
    if isinstance(inner, nodes.Getitem):
        return f"{_describe(inner.node)}[…]{tail}"
    return f"…{tail}"


def origin_of(node: nodes.Node) -> str:
    """The name whose value an expression shows, also through filters and methods; '' if it is made otherwise."""
    while not isinstance(node, nodes.Getitem) and chain_of(node) is None:
        if isinstance(node, nodes.Filter) and node.node is not None:
            node = node.node
        elif isinstance(node, nodes.Call) and isinstance(node.node, nodes.Getattr):
            node = node.node.node
        else:
            return ""
    return _describe(node)
