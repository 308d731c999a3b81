"""How long a tool's result may be: for the runtime that reads it, and for the record that keeps it.

Sizes are characters of compact JSON. What is too long is shortened, never broken: it stays JSON, and says
``truncated: true``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

from accounts.json_values import quickly_written
from actions.contract import JSON
from calls.models import Runtime

DEFAULT_CHARS = 16_000
"""Some four thousand tokens: what a model can read while somebody waits on the line."""

RUNTIME_CHARS: Mapping[str, int] = {
    # It cuts what its model gets at 15,000, in the middle of a word: the rest is for what surrounds the result.
    Runtime.RETELL: 14_000,
}

STORED_CHARS = 256_000

SHORTEST = 24
"""A string or a list that would have to be shorter than this is left out."""

MARK = "…"

_ENCODER = DjangoJSONEncoder(ensure_ascii=False, separators=(",", ":"))


def for_runtime(result: JSON, runtime: str) -> JSON:
    """The result as ``runtime`` ('' for any) can take it."""
    return bounded(result, RUNTIME_CHARS.get(runtime, DEFAULT_CHARS))


def bounded(value: JSON, limit: int) -> JSON:
    """``value`` where it has at most ``limit`` characters; else an object of at most as many.

    What is small stays whole; what is large shares the room that is left. Lists lose their last items (the best
    come first), strings end at a word. A value that is no object comes back as ``{"truncated": true, "value": …}``.
    """
    if _fits(value, limit) or _size(value) <= limit:
        return value
    # What no room has is cut at once: each level below measures what it holds anew.
    value = _clipped(value, limit)
    whole = value if isinstance(value, dict) else {"value": value}
    return _fit_object({"truncated": True} | whole | {"truncated": True}, limit)


def _fits(value: JSON, limit: int) -> bool:
    """A quick look: bytes are never fewer than characters. False also where it cannot tell."""
    written = quickly_written(value)
    return written is not None and len(written) <= limit


def _clipped(value: JSON, limit: int) -> Any:
    match value:
        case str() if len(value) > limit:
            return _fit_text(value, limit)
        case dict():
            return {name: _clipped(inner, limit) for name, inner in value.items() if len(str(name)) <= limit}
        case list() | tuple():
            return [_clipped(inner, limit) for inner in value[:limit]]
    return value


def _size(value: JSON) -> int:
    return len(_ENCODER.encode(value))


def _fit(value: JSON, room: int) -> Any:
    """``value`` within ``room`` characters, or None where nothing sensible of it is left."""
    if _size(value) <= room:
        return value
    if room < SHORTEST:
        return None
    match value:
        case str():
            return _fit_text(value, room)
        case dict():
            return _fit_object(value, room)
        case list() | tuple():
            return _fit_list(value, room)
    return None


def _fit_text(text: str, room: int) -> str | None:
    cut = text[: room - len('""') - len(MARK)]
    while (excess := _size(cut) + len(MARK) - room) > 0:
        # Quotes and line ends are longer as JSON than they are.
        cut = cut[: -max(1, excess // 6)]
    if not cut:
        return None
    words, space, _half = cut.rpartition(" ")
    return (words if space and len(words) > len(cut) // 2 else cut).rstrip() + MARK


def _fit_list(items: Any, room: int) -> list[JSON]:
    """The first items, as many as fit; the first alone is shortened where it is too long by itself."""
    kept: list[JSON] = []
    room -= len("[]")
    for item in items:
        size = _size(item) + len(",")
        if size > room:
            if not kept and (shortened := _fit(item, room)) is not None:
                kept.append(shortened)
            break
        kept.append(item)
        room -= size
    return kept


def _fit_object(members: Mapping[str, JSON], room: int) -> dict[str, JSON]:
    """Every member that is no larger than its share, whole; the others within theirs."""
    sizes = {name: _size(value) for name, value in members.items()}
    fitted: dict[str, JSON] = {}
    room -= len("{}")
    # The mark first: it must be there whatever else is.
    by_size = sorted(members, key=lambda name: (name != "truncated", sizes[name]))
    for position, name in enumerate(by_size):
        overhead = _size(name) + len(":,")
        share = room // (len(by_size) - position) if room > 0 else 0
        # What is small and comes first may take more than its share: nothing large depends on it.
        within = room if sizes[name] <= SHORTEST or name == "truncated" else share
        shortened = _fit(members[name], within - overhead)
        if shortened is None and members[name] is not None:
            continue
        if overhead + _size(shortened) > room:
            continue
        fitted[name] = shortened
        room -= overhead + _size(shortened)
    return {name: fitted[name] for name in members if name in fitted}
