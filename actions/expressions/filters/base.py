"""How a filter is made: registered by name, and spared unknown and null values."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.utils.translation import gettext as _

from actions.expressions.bounds import MAX_NAME, current
from actions.expressions.errors import ExpressionError
from actions.expressions.values import JSON, Missing, kind_of, text

FILTERS: dict[str, Callable[..., JSON]] = {}
"""Every filter that there is, by name."""

_Function = Callable[..., JSON]


def template_filter(*names: str, null_too: bool = False) -> Callable[[_Function], _Function]:
    """Register a filter. Unless ``null_too``, it never sees an unknown or null value, nor unknown arguments."""

    def register(function: _Function) -> _Function:
        @wraps(function)
        def guarded(value: JSON, *arguments: JSON, **options: JSON) -> JSON:
            current.get().spend(len(value) if isinstance(value, str | list | dict) else 0)
            if not null_too:
                for given in (value, *arguments, *options.values()):
                    if isinstance(given, Missing):
                        return given
                if value is None:
                    return None
            try:
                return function(value, *arguments, **options)
            except (TypeError, ValueError, AttributeError) as error:
                raise unusable(names[0], value) from error

        for name in names:
            FILTERS[name] = guarded
        return guarded

    return register


def unusable(name: str, value: JSON) -> ExpressionError:
    return ExpressionError(
        _("The filter “%(name)s” cannot be used on %(kind)s like this.") % {"name": name, "kind": kind_of(value)}
    )


def unreadable(sentence: str, value: Any) -> None:
    """Null, with a warning: the data does not hold what the filter expects. ``sentence`` has a ``%(value)s``."""
    current.get().warn(sentence % {"value": text(value)[:MAX_NAME]})
