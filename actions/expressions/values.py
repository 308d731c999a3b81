"""The values that expressions work on: JSON, and the unknown."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from jinja2.runtime import LoopContext, Undefined

from actions.expressions.bounds import ELEMENT_WEIGHT, MAX_DEPTH, MAX_NAME, MAX_WEIGHT, current
from actions.expressions.errors import ExpressionError, ExpressionTooLarge

JSON = Any
"""A value that ``json.dumps`` takes."""

ABSENT: Any = object()
"""What :func:`lookup` gives for a key that is not there."""

LOOP_NAMES = frozenset({"index", "index0", "revindex", "revindex0", "first", "last", "length", "previtem", "nextitem"})


class Missing(Undefined):
    """An unknown value. It warns where it is used, once per name, and then counts as null.

    ``sentence`` replaces the usual warning. The signature is what Jinja2's generated code calls.
    """

    __slots__ = ("label", "sentence")

    def __init__(
        self, hint: str | None = None, obj: Any = None, name: str | None = None, exc: Any = None, *, sentence: str = ""
    ) -> None:
        super().__init__(hint, obj, name)
        self.label = name or ""
        self.sentence = sentence

    def warn(self) -> None:
        sentence = self.sentence or _("“%(name)s” is unknown.") % {"name": self.label[:MAX_NAME]}
        current.get().warn(sentence)

    def __bool__(self) -> bool:
        self.warn()
        return False


def known(value: JSON) -> JSON:
    """The value; null with a warning in place of an unknown one."""
    if isinstance(value, Missing):
        value.warn()
        return None
    return value


def lookup(value: JSON, key: JSON) -> JSON:
    """The element of an object, list or text, or ABSENT. The only way from one value to another."""
    # A dict first: asking whether something is a Mapping is slow.
    if isinstance(value, dict) or isinstance(value, Mapping):  # noqa: SIM101
        try:
            return value[key]
        except (KeyError, TypeError):
            return ABSENT
    if type(key) is int and isinstance(value, list | str):
        try:
            return value[key]
        except IndexError:
            return ABSENT
    if isinstance(value, LoopContext) and key in LOOP_NAMES:
        found = getattr(value, key)
        return ABSENT if isinstance(found, Missing) else found
    return ABSENT


def follow(value: JSON, keys: tuple[JSON, ...], label: str) -> JSON:
    """Go down from a value; Missing, named ``label``, where the way ends early."""
    for key in keys:
        value = lookup(value, key)
        if value is ABSENT:
            return Missing(name=label)
    return value


def text(value: JSON, label: str = "") -> str:
    """A value as text: JSON except that text stays itself and null is empty, with a warning if it has a label."""
    if isinstance(value, str):
        return value if type(value) is str else str(value)
    if isinstance(value, Missing):
        value.warn()
        return ""
    if value is None:
        if label:
            current.get().warn(_("“%(name)s” is empty (null).") % {"name": label[:MAX_NAME]})
        return ""
    return json_text(value)


def json_text(value: JSON) -> str:
    """A value as JSON on one line; raises ExpressionError for what JSON cannot hold."""
    try:
        written = json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise not_json() from error
    except RecursionError as error:
        raise too_deep() from error
    current.get().spend(len(written))
    return written


def checked(value: JSON) -> JSON:
    """A result fit to leave the evaluation: unknown becomes null; raises ExpressionError for what is not JSON.

    Looks at the outside only: what is inside a list or object came from the data, or was weighed.
    """
    value = known(value)
    if value is None or isinstance(value, str | int | float | dict | list):
        return value
    raise not_json()


def weighed(value: JSON) -> JSON:
    """A value that an expression has built; raises ExpressionTooLarge when its tree is too big or too deep.

    Lists may share elements: forty lines of ``{% set a = [a, a] %}`` make a tree that no one can write out.
    """
    weight = 0
    waiting = [([value], 0)]
    while waiting:
        items, depth = waiting.pop()
        weight += ELEMENT_WEIGHT * len(items)
        current.get().spend(ELEMENT_WEIGHT * len(items))
        if weight > MAX_WEIGHT:
            raise ExpressionTooLarge(_("The list or object is too large."))
        if depth > MAX_DEPTH:
            raise too_deep()
        for item in items:
            if isinstance(item, str):
                weight += len(item)
            elif isinstance(item, list):
                waiting.append((item, depth + 1))
            elif isinstance(item, dict):
                weight += sum(map(len, item))
                waiting.append((list(item.values()), depth + 1))
            elif not (item is None or isinstance(item, int | float)):
                raise not_json()
    return value


def kind_of(value: JSON) -> str:
    """What a value is, in the editor's language."""
    if value is None or isinstance(value, Missing):
        return _("null")
    if isinstance(value, bool):
        return _("true or false")
    if isinstance(value, int | float):
        return _("a number")
    if isinstance(value, str):
        return _("text")
    if isinstance(value, list):
        return _("a list")
    return _("an object")


def not_json() -> ExpressionError:
    return ExpressionError(_("The result is not a value that can be kept or sent."))


def too_deep() -> ExpressionTooLarge:
    return ExpressionTooLarge(_("Lists or objects are nested too deeply."))
