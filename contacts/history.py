"""The calls of a contact: told by who keeps them, for this application may not know them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class PastCall:
    """``url`` leads to its page; ``what`` says in a few words how it went."""

    url: str
    begun_at: datetime
    agent: str
    direction: str
    labels: Sequence[str]
    what: str


Finder = Callable[[str, int], Sequence[PastCall]]
"""Given a phone number and how many at most: calls with it, the latest first; called inside the account's scope."""

_finders: list[Finder] = []


def register(finder: Finder) -> None:
    """Called from ``AppConfig.ready``; a second time changes nothing."""
    if finder not in _finders:
        _finders.append(finder)


def calls_with(phone: str, most: int = 50) -> list[PastCall]:
    found = [call for finder in _finders for call in finder(phone, most)]
    return sorted(found, key=lambda call: call.begun_at, reverse=True)[:most]
