"""Regular expressions from outside: read piece by piece before they are compiled."""

from __future__ import annotations

import regex  # type: ignore[import-untyped]

MOST_GROUP_DEPTH = 8
"""The compiler's memory doubles with each repeated group inside another."""

_PIECE = regex.compile(r"\\.|\[\^?(?:\\.|[^\]\\])*\]|.", regex.DOTALL)


def pieces_of(pattern: str) -> list[str]:
    """Escapes, character classes and single characters, in their order."""
    pieces: list[str] = _PIECE.findall(pattern)
    return pieces


def group_depth(pieces: list[str]) -> int:
    """How many groups stand one inside the other at most."""
    depth = deepest = 0
    for piece in pieces:
        depth += {"(": 1, ")": -1}.get(piece, 0)
        deepest = max(depth, deepest)
    return deepest
