"""What was found, as much of it as a model or a variable should hold."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

from knowledge.search import Hit

MOST_TOKENS = 1500

CHARACTERS_PER_TOKEN = 3.2
"""Of French with its accents, in the vocabularies of today's models; English has more, so that it fits, too."""

_CUT = " …"


def tokens(text: str) -> int:
    """An estimate, rather too high than too low."""
    return math.ceil(len(text) / CHARACTERS_PER_TOKEN)


def fitted(hits: Iterable[Hit], most_tokens: int = MOST_TOKENS) -> list[Hit]:
    """As many of the best as fit; the first always, cut between words if it alone is too long."""
    kept: list[Hit] = []
    left = most_tokens
    for hit in hits:
        needed = tokens(hit.text) + tokens(_origin(hit))
        if kept and needed > left:
            break
        kept.append(hit if needed <= left else _cut(hit, left - tokens(_origin(hit))))
        left -= needed
    return kept


def joined(hits: Iterable[Hit]) -> str:
    """One text, each passage under where it comes from."""
    return "\n\n".join("\n".join(filter(None, [_origin(hit), hit.text])) for hit in hits)


def _cut(hit: Hit, most_tokens: int) -> Hit:
    room = max(1, int(most_tokens * CHARACTERS_PER_TOKEN) - len(_CUT))
    return replace(hit, text=hit.text[:room].rsplit(maxsplit=1)[0] + _CUT)


def _origin(hit: Hit) -> str:
    return f"[{' › '.join(filter(None, [hit.document, hit.heading]))}]"
