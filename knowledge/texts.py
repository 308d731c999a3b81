"""What was found, as much of it as a model or a variable should hold."""

from __future__ import annotations

from collections.abc import Iterable

from knowledge.search import Hit

MOST_CHARACTERS = 6000


def bounded(hits: Iterable[Hit], most_characters: int = MOST_CHARACTERS) -> list[Hit]:
    """As many of the best as fit; the first always."""
    kept: list[Hit] = []
    left = most_characters
    for hit in hits:
        left -= len(hit.text) + len(hit.heading) + len(hit.document)
        if kept and left < 0:
            break
        kept.append(hit)
    return kept


def joined(hits: Iterable[Hit]) -> str:
    """One text, each passage under where it comes from."""
    return "\n\n".join("\n".join(filter(None, [_origin(hit), hit.text])) for hit in hits)


def _origin(hit: Hit) -> str:
    return f"[{' › '.join(filter(None, [hit.document, hit.heading]))}]"
