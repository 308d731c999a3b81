"""The JSONPath library, bounded.

Bounded are: the processor time of one search, counted at every step between segments, at every value that
``..`` visits and inside the regular expressions of ``match`` and ``search`` (which can take exponential time);
the length and the depth of these patterns, which may come from the data; the depth to which ``..`` goes down (100).
"""

from __future__ import annotations

from collections.abc import Iterable

import regex  # type: ignore[import-untyped]
from iregexp_check import check
from jsonpath_rfc9535 import JSONPathEnvironment, JSONPathNode, Parser
from jsonpath_rfc9535.function_extensions import ExpressionType, FilterFunction
from jsonpath_rfc9535.segments import JSONPathChildSegment, JSONPathRecursiveDescentSegment, JSONPathSegment
from jsonpath_rfc9535.tokens import TokenStream

from actions.expressions.bounds import MAX_DEPTH, current
from actions.patterns import MOST_GROUP_DEPTH, group_depth, pieces_of

MAX_PATTERN = 200


def _spend_on(value: object) -> None:
    current.get().spend(len(value) if isinstance(value, list | dict) else 0)


class _Child(JSONPathChildSegment):
    def resolve(self, nodes: Iterable[JSONPathNode]) -> Iterable[JSONPathNode]:
        return super().resolve(_counted(nodes))


class _Descent(JSONPathRecursiveDescentSegment):
    def _visit(self, node: JSONPathNode, depth: int = 1) -> Iterable[JSONPathNode]:
        _spend_on(node.value)
        return super()._visit(node, depth)


def _counted(nodes: Iterable[JSONPathNode]) -> Iterable[JSONPathNode]:
    for node in nodes:
        _spend_on(node.value)
        yield node


class _Parser(Parser):
    def parse_query(self, stream: TokenStream, *, in_filter: bool = False) -> Iterable[JSONPathSegment]:
        for segment in super().parse_query(stream, in_filter=in_filter):
            bounded = _Descent if isinstance(segment, JSONPathRecursiveDescentSegment) else _Child
            yield bounded(env=segment.env, token=segment.token, selectors=segment.selectors)


class _Pattern(FilterFunction):
    """The standard ``match`` (of the whole text) or ``search`` (anywhere in it)."""

    arg_types = [ExpressionType.VALUE, ExpressionType.VALUE]
    return_type = ExpressionType.LOGICAL

    def __init__(self, *, whole: bool) -> None:
        self._whole = whole

    def __call__(self, text: object, pattern: object) -> bool:
        """False for what is no text or no I-Regexp, as RFC 9535 has it; raises ExpressionTimeout."""
        if not isinstance(text, str) or not isinstance(pattern, str):
            return False
        if len(pattern) > MAX_PATTERN or not check(pattern) or group_depth(pieces_of(pattern)) > MOST_GROUP_DEPTH:
            return False
        budget = current.get()
        budget.check_clock()
        try:
            compiled = regex.compile(_translated(pattern), regex.VERSION0)
            find = compiled.fullmatch if self._whole else compiled.search
            return find(text, timeout=max(0.001, budget.remaining_s())) is not None
        except TimeoutError:
            budget.expire()
        except regex.error:
            pass
        return False


def _translated(pattern: str) -> str:
    """I-Regexp (RFC 9485) for Python: a dot outside of a class matches no end of line of either kind."""
    pieces = regex.findall(r"\\.|\[(?:\\.|[^\]\\])*\]|.", pattern, flags=regex.DOTALL)
    return "".join(r"[^\n\r]" if piece == "." else piece for piece in pieces)


class BoundedEnvironment(JSONPathEnvironment):
    parser_class = _Parser
    max_recursion_depth = MAX_DEPTH

    def setup_function_extensions(self) -> None:
        super().setup_function_extensions()
        self.function_extensions["match"] = _Pattern(whole=True)
        self.function_extensions["search"] = _Pattern(whole=False)
