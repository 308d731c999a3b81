"""The names that expressions see."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from actions.expressions.bounds import MAX_NAME
from actions.expressions.syntax import closest
from actions.expressions.values import JSON

ROOTS = ("system", "interaction", "sip", "context", "params", "contact", "open")

RESERVED = frozenset(ROOTS) | {
    *("range", "loop", "self", "super", "caller"),
    *("true", "false", "none", "True", "False", "None"),
    *("not", "and", "or", "in", "is", "if", "else"),
}
"""What no variable may be called: the roots, and the words of the language."""

_ALWAYS = frozenset({"before", "during", "after"})
_ONCE_CONNECTED = frozenset({"during", "after"})
_AFTER = frozenset({"after"})

KNOWN_NAMES: Mapping[str, Mapping[str, frozenset[str]]] = {
    "system": dict.fromkeys(("callId", "agentId", "now", "dayOfWeek", "phone", "phoneE164"), _ALWAYS),
    "interaction": {
        **dict.fromkeys(("ANI", "DNIS", "DIRECTION", "BEGUN_AT"), _ALWAYS),
        **dict.fromkeys(("TRANSCRIPT", "DURATION"), _ONCE_CONNECTED),
        **dict.fromkeys(("SUMMARY", "DISPOSITION", "CLASSIFICATIONS", "ENDED_REASON", "RECORDING_URL"), _AFTER),
    },
    "open": dict.fromkeys(("now", "next", "until", "sentence"), _ALWAYS),
}
"""root -> name -> the moments (``actions.contract.Moment``) at which it may be known."""


class Headers(dict[str, JSON]):
    """SIP headers by the names they came with, found whatever the case and with ``_`` for ``-``."""

    __slots__ = ("_names",)

    def __init__(self, headers: Mapping[str, JSON]) -> None:
        super().__init__(headers)
        self._names = {_folded(name): name for name in headers}

    def __missing__(self, name: str) -> JSON:
        if not isinstance(name, str):
            raise KeyError(name)
        return super().__getitem__(self._names[_folded(name)])

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and _folded(name) in self._names

    def get(self, name: str, default: JSON = None) -> JSON:
        try:
            return self[name]
        except KeyError:
            return default

    def __reduce__(self) -> tuple[type[Headers], tuple[dict[str, JSON]]]:
        return Headers, (dict(self),)


def _folded(name: str) -> str:
    return name.lower().replace("_", "-")


def build(
    *,
    system: Mapping[str, JSON],
    interaction: Mapping[str, JSON],
    sip: Mapping[str, JSON],
    context: Mapping[str, JSON],
    params: Mapping[str, JSON],
    contact: JSON = None,
    open_hours: JSON = None,
    variables: Mapping[str, JSON] | None = None,
) -> Mapping[str, JSON]:
    """The scope of one run. Params and variables are there flat as well; of the same name, the variable counts."""
    return {
        **params,
        **(variables or {}),
        "system": system,
        "interaction": interaction,
        "sip": Headers(sip),
        "context": context,
        "params": params,
        "contact": contact,
        "open": open_hours,
    }


def layer(scope: Mapping[str, JSON], variables: Mapping[str, JSON]) -> Mapping[str, JSON]:
    """A new scope with more flat variables; one that is called like a reserved name is not seen."""
    return {**scope, **{name: value for name, value in variables.items() if name not in RESERVED}}


@dataclass(frozen=True, slots=True)
class UnknownName:
    """``suggestion`` is a name that was probably meant, or ''; ``message`` a sentence for the editor."""

    name: str
    suggestion: str
    message: str

    def __str__(self) -> str:
        return self.message


def unknown_names(names: Iterable[str], moment: str, known_variables: Iterable[str] | None = None) -> list[UnknownName]:
    """Which ``names`` of an expression surely cannot exist, in alphabetical order.

    ``known_variables`` are the flat names that may exist (None: it cannot be known).
    """
    variables = None if known_variables is None else frozenset(known_variables)
    found = []
    for name in sorted(names):
        root, *rest = name.split(".")
        unknown = None
        if root in KNOWN_NAMES and rest:
            unknown = _unknown_attribute(root, rest[0], moment)
        elif root not in ROOTS and variables is not None and root not in variables:
            unknown = _unknown(root, closest(root, variables | {*ROOTS}))
        if unknown is not None and unknown not in found:
            found.append(unknown)
    return found


def _unknown_attribute(root: str, attribute: str, moment: str) -> UnknownName | None:
    known = KNOWN_NAMES[root]
    name = f"{root}.{attribute}"
    if attribute not in known:
        at_moment = [candidate for candidate, moments in known.items() if moment in moments]
        suggestion = closest(attribute, at_moment) or closest(attribute, known)
        return _unknown(name, f"{root}.{suggestion}" if suggestion else "")
    if moment in known[attribute]:
        return None
    if known[attribute] == _AFTER:
        return UnknownName(name, "", _("“%(name)s” is known only after the call.") % {"name": name})
    return UnknownName(name, "", _("“%(name)s” is not known before the call.") % {"name": name})


def _unknown(name: str, suggestion: str) -> UnknownName:
    if suggestion:
        message = _("“%(name)s” does not exist. Did you mean “%(suggestion)s”?")
    else:
        message = _("“%(name)s” does not exist.")
    return UnknownName(name, suggestion, message % {"name": name[:MAX_NAME], "suggestion": suggestion})
