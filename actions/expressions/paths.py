"""Paths into JSON: RFC 9535 JSONPath, or its short form ``customer.orders[0].id``."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from typing import Any

from django.utils.translation import gettext as _
from jsonpath_rfc9535 import JSONPathEnvironment, JSONPathQuery
from jsonpath_rfc9535.exceptions import JSONPathError, JSONPathRecursionError
from jsonpath_rfc9535.segments import JSONPathChildSegment
from jsonpath_rfc9535.selectors import IndexSelector, NameSelector

from actions.expressions.bounds import MAX_NAME, Budget, current
from actions.expressions.errors import ExpressionError
from actions.expressions.searching import BoundedEnvironment
from actions.expressions.syntax import check_source, too_nested
from actions.expressions.values import ABSENT, JSON, lookup, too_deep

MISSING: Any = ABSENT
"""What :meth:`Path.first` gives where the path leads nowhere: null may be a value of the data."""

MAX_PATH_BYTES = 2 * 1024
MAX_CPU_S = 0.25
"""A path with ``..`` or a filter goes through 1 MiB of JSON in less."""

_ENVIRONMENT: JSONPathEnvironment = BoundedEnvironment()


@dataclass(frozen=True, slots=True)
class Path:
    """A checked path, safe to share between threads. See ``searching`` for what bounds it."""

    source: str
    query: JSONPathQuery = field(compare=False, repr=False)
    keys: tuple[str | int, ...] | None = field(compare=False, repr=False)
    """Of a path that leads to one place; None for the others."""

    @classmethod
    def parse(cls, source: str) -> Path:
        """``$.items[0].name`` or ``items[0].name``; unusual names need ``$["full form"]``. Raises ExpressionError."""
        return _parse(source)

    def first(self, data: JSON, default: JSON = MISSING) -> JSON:
        """The first value that the path finds. Raises ExpressionError, as :meth:`all` does, when it takes too long."""
        if self.keys is not None:
            found = _at(data, self.keys)
            return default if found is ABSENT else found
        return next(iter(self._find(data, 1)), default)

    def all(self, data: JSON) -> list[JSON]:
        """Every value that the path finds, in the order of the data."""
        if self.keys is not None:
            found = _at(data, self.keys)
            return [] if found is ABSENT else [found]
        return self._find(data, None)

    def _find(self, data: JSON, most: int | None) -> list[JSON]:
        budget = Budget([], cpu_s=MAX_CPU_S)
        token = current.set(budget)
        try:
            return [node.value for node in islice(self.query.finditer(data), most)]
        except (RecursionError, JSONPathRecursionError) as error:
            raise too_deep() from error
        except JSONPathError as error:
            raise ExpressionError(_("The path does not fit its data: %(detail)s") % {"detail": error}) from error
        finally:
            current.reset(token)
            budget.settle()


def _at(data: JSON, keys: tuple[str | int, ...]) -> JSON:
    for key in keys:
        # Unlike in a template, an index takes no character of a text.
        data = lookup(data, key) if isinstance(data, dict if isinstance(key, str) else list) else ABSENT
        if data is ABSENT:
            break
    return data


@lru_cache(maxsize=1024)
def _parse(source: str) -> Path:
    full = _full(source)
    try:
        query = _ENVIRONMENT.compile(full)
    except RecursionError as error:
        raise too_nested() from error
    except JSONPathError as error:
        raise ExpressionError(_in_words(error, full)) from error
    return Path(source, query, _keys(query))


def _full(source: str) -> str:
    check_source(source, MAX_PATH_BYTES)
    if not source.strip():
        raise ExpressionError(_("The path is empty."))
    if source.startswith("$"):
        return source
    return f"${source}" if source.startswith("[") else f"$.{source}"


def _keys(query: JSONPathQuery) -> tuple[str | int, ...] | None:
    keys: list[str | int] = []
    for segment in query.segments:
        match segment:
            case JSONPathChildSegment(selectors=(NameSelector(name=key) | IndexSelector(index=key),)):
                keys.append(key)
            case _:
                return None
    return tuple(keys)


def _in_words(error: JSONPathError, full: str) -> str:
    """The library's messages are in English; where it stopped reading says as much."""
    rest = full[error.token.index :].strip() if error.token else ""
    if not rest:
        return _("The path is not complete.")
    return _("The path cannot be read from “%(rest)s” on.") % {"rest": rest[:MAX_NAME]}
