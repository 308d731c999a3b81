"""The kinds of auth profile that there are."""

from __future__ import annotations

from typing import TypeVar

from outbound.auth.base import AuthKind

_kinds: dict[str, AuthKind] = {}

K = TypeVar("K", bound=type[AuthKind])


def register(kind: K) -> K:
    """A class decorator."""
    missing = [name for name in ("name", "label", "summary", "icon") if not hasattr(kind, name)]
    if missing or kind.name in _kinds:
        raise TypeError(f"{kind.__name__}: {', '.join(missing) or 'its name is taken'}")
    _kinds[kind.name] = kind()
    return kind


def get(name: str) -> AuthKind:
    """Raises KeyError."""
    return _kinds[name]


def all_kinds() -> list[AuthKind]:
    return list(_kinds.values())
