"""So that a dead host takes nobody else down: a circuit breaker, and places for requests at once.

Both per account and origin: what one account does to a host, another need not feel.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from weakref import WeakKeyDictionary

from django.conf import settings
from django.utils.translation import gettext as _

from outbound.errors import OutboundError

FAILURES = 5
"""So many in a row open the circuit; one success in between closes it."""

COOL_DOWN_S = 10.0
"""Then one request may try: it closes the circuit, or opens it again for as long."""

SILENCE_S = 0.5
"""A host that was given less time than this to answer is not called dead."""

_CIRCUITS_MAX = 10_000

DEAD_CODES = frozenset({"connection_failed", "tls_failed", "closed_early"})
DEAD_STATUSES = frozenset({502, 503, 504})
"""A gateway says that what is behind it is down. A 500 may be the fault of one request, and comes quickly."""

Key = tuple[int, tuple[str, str, int]]
"""Account and origin."""


@dataclass(slots=True)
class Circuit:
    failures: int = 0
    open_until_s: float = 0.0
    probing: bool = False

    @property
    def is_idle(self) -> bool:
        return not self.failures and not self.probing

    def admits(self) -> bool:
        """Whether a request may be sent now."""
        if self.failures < FAILURES:
            return True
        return not self.probing and time.monotonic() >= self.open_until_s

    def begin(self) -> bool:
        """True: this request is the one that tries whether the host is back."""
        if self.failures < FAILURES:
            return False
        self.probing = True
        return True

    def end(self, failed: bool | None, *, probe: bool) -> None:
        """``failed`` None: nothing was learnt."""
        if probe:
            self.probing = False
        if failed is False:
            self.failures = 0
        elif failed:
            self.failures += 1
            if self.failures >= FAILURES:
                self.open_until_s = time.monotonic() + COOL_DOWN_S


class _Places:
    """As many as the account may have calls at once: its share of the process is bounded by that already."""

    __slots__ = ("_all", "free", "waiting")

    def __init__(self) -> None:
        self._all = self.free = int(settings.CALLS_AT_ONCE_PER_ACCOUNT)
        self.waiting: deque[asyncio.Future[None]] = deque()

    @property
    def are_idle(self) -> bool:
        return self.free == self._all

    def release(self) -> None:
        """Hands the place on, or puts it back."""
        while self.waiting:
            waiter = self.waiting.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return
        self.free += 1

    async def take(self) -> None:
        if self.free:
            self.free -= 1
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waiting.append(waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                self.release()
            raise


@dataclass(slots=True)
class Progress:
    """Where a request is, for the sentence that is said when its time is up."""

    queued: bool = False
    authenticating: str = ""
    """The profile, as long as its kind is busy with it: it may ask for a token."""


_circuits: dict[Key, Circuit] = {}
_places: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Key, _Places]] = WeakKeyDictionary()


class visit:
    """``async with visit(key, progress) as this:`` around one exchange with a host; ``this.failed`` is set when it is
    known how it went. Waits for a place; raises :class:`OutboundError`, circuit_open.
    """

    __slots__ = ("_began_s", "_key", "_of_loop", "_places", "_probe", "_progress", "failed")

    def __init__(self, key: Key, progress: Progress) -> None:
        self._key = key
        self._progress = progress
        self.failed: bool | None = None

    async def __aenter__(self) -> Self:
        key = self._key
        _refuse_if_open(key)
        self._of_loop = _places.setdefault(asyncio.get_running_loop(), {})
        places = self._of_loop.get(key)
        if places is None:
            places = self._of_loop[key] = _Places()
        self._places = places
        self._progress.queued = True
        await places.take()
        self._progress.queued = False
        try:
            # Those who waited are told at once, too.
            _refuse_if_open(key)
        except OutboundError:
            self._leave()
            raise
        self._probe = _circuit(key).begin()
        self._began_s = time.monotonic()
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        if isinstance(error, OutboundError):
            self.failed = error.code in DEAD_CODES
        elif isinstance(error, asyncio.CancelledError | TimeoutError) and self.failed is None:
            # Our own time was up.
            self.failed = True if time.monotonic() - self._began_s >= SILENCE_S else None
        circuit = _circuit(self._key)
        circuit.end(self.failed, probe=self._probe)
        if circuit.is_idle:
            _circuits.pop(self._key, None)
        self._leave()

    def _leave(self) -> None:
        self._places.release()
        if self._places.are_idle and self._of_loop.get(self._key) is self._places:
            del self._of_loop[self._key]


def forget_circuits() -> None:
    """As after a restart."""
    _circuits.clear()
    _places.clear()


def _circuit(key: Key) -> Circuit:
    circuit = _circuits.get(key)
    if circuit is None:
        if len(_circuits) >= _CIRCUITS_MAX:
            _circuits.clear()
        circuit = _circuits[key] = Circuit()
    return circuit


def _refuse_if_open(key: Key) -> None:
    circuit = _circuits.get(key)
    if circuit is not None and not circuit.admits():
        message = _("%(host)s has failed several times in a row: no request is sent to it for some seconds.")
        raise OutboundError(message % {"host": key[1][1]}, "circuit_open")
