"""Where the time of an answer went, whichever way its request came in: the header Server-Timing (W3C)."""

from __future__ import annotations

import time
from contextvars import ContextVar, Token
from types import TracebackType
from typing import Self

_current: ContextVar[Timing | None] = ContextVar("_current", default=None)


class Timing:
    """``with Timing() as timing:`` around the making of one answer; parts of it add what they took."""

    __slots__ = ("_began_s", "_parts_s", "_token")

    def __init__(self) -> None:
        self._began_s = time.perf_counter()
        self._parts_s: dict[str, float] = {}

    def __enter__(self) -> Self:
        self._token: Token[Timing | None] = _current.set(self)
        return self

    def __exit__(self, *_error: object) -> None:
        _current.reset(self._token)

    @property
    def elapsed_s(self) -> float:
        return time.perf_counter() - self._began_s

    def add(self, name: str, seconds: float) -> None:
        self._parts_s[name] = self._parts_s.get(name, 0.0) + seconds

    def header(self) -> str:
        """Each part and the whole, in milliseconds."""
        parts = {**self._parts_s, "total": self.elapsed_s}
        return ", ".join(f"{name};dur={seconds * 1000:.2f}" for name, seconds in parts.items())


class part:
    """Adds the time of a block to the answer that is being made, if one is. Parts may lie in each other."""

    __slots__ = ("_began_s", "_name")

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        self._began_s = time.perf_counter()

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        timing = _current.get()
        if timing is not None:
            timing.add(self._name, time.perf_counter() - self._began_s)
