"""Who uses an auth profile: told by those who do, for this application may not know them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ProfileUse:
    """``profile``: its name; ``label`` says to people who uses it, ``url`` leads to the page of the admin, or ''."""

    profile: str
    label: str
    url: str = ""


Finder = Callable[[int], Iterable[ProfileUse]]
"""Given the id of an account, every use of a profile in it; called inside the account's scope or without any."""

_finders: list[Finder] = []


def register(finder: Finder) -> None:
    """Called from ``AppConfig.ready``; a second time changes nothing."""
    if finder not in _finders:
        _finders.append(finder)


def uses_by_profile(account_id: int) -> dict[str, list[ProfileUse]]:
    """Of all profiles of the account, those that are used; each use once."""
    uses: dict[str, list[ProfileUse]] = {}
    for finder in _finders:
        for use in finder(account_id):
            of_profile = uses.setdefault(use.profile, [])
            if use not in of_profile:
                of_profile.append(use)
    return uses
