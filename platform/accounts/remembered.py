"""What a process has read of rows that change seldom, so that it need not ask for them every time."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db import transaction

K = TypeVar("K")
V = TypeVar("V")


@dataclass(slots=True)
class _Entry(Generic[V]):
    value: V
    fresh_until_s: float


class Remembered(Generic[K, V]):
    """Values by key, fresh for ``fresh_s`` seconds: as long may another process go on with what was before a change.

    In the process that makes the change, :meth:`forget` as a receiver of the rows' signals ends it at once.
    """

    def __init__(self, fresh_s: float, *, most: int = 10_000) -> None:
        self.generation = 0
        self._fresh_s = fresh_s
        self._most = most
        self._entries: dict[K, _Entry[V]] = {}

    def fresh(self, key: K) -> V | None:
        """The value, if it may be used without asking; None otherwise."""
        entry = self._entries.get(key)
        return entry.value if entry is not None and time.monotonic() < entry.fresh_until_s else None

    def last(self, key: K) -> V | None:
        """The value, however old."""
        entry = self._entries.get(key)
        return entry.value if entry is not None else None

    def extend(self, key: K, grace_s: float) -> None:
        """Let others go on with a value that has just ceased to be fresh while this one asks."""
        entry = self._entries.get(key)
        if entry is not None and time.monotonic() < entry.fresh_until_s + grace_s:
            entry.fresh_until_s += grace_s

    def keep(self, key: K, value: V, generation: int) -> None:
        """``generation`` is the one from before the rows were read: what was changed meanwhile is not kept."""
        if generation != self.generation:
            return
        if len(self._entries) >= self._most:
            self._entries.clear()
        self._entries[key] = _Entry(value, time.monotonic() + self._fresh_s)

    def forget(self, **_signal: Any) -> None:
        """A receiver of signals: what is known is out of date, now and once the transaction is through."""
        self.forget_now()
        transaction.on_commit(self.forget_now)

    def forget_now(self) -> None:
        self.generation += 1
        self._entries.clear()
