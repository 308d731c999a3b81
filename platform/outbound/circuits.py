"""So that a dead host takes nobody else down: a circuit breaker, and places for requests at once.

Both per account and origin: what one account does to a host, another need not feel.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from django.utils.translation import gettext as _

from outbound.errors import OutboundError

FAILURES = 5
"""So many in a row open the circuit; one success in between closes it."""

COOL_DOWN_S = 10.0
"""Then one request may try: it closes the circuit, or opens it again for as long."""

SILENCE_S = 0.5
"""A host that was given less time than this to answer is not called dead."""

REQUESTS_AT_ONCE = 30
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


@dataclass(slots=True)
class _Places:
    free: int = REQUESTS_AT_ONCE
    waiting: deque[asyncio.Future[None]] = field(default_factory=deque)

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
class Visit:
    """One exchange with a host; ``failed`` is set when it is known how it went."""

    failed: bool | None = None


@dataclass(slots=True)
class Progress:
    """Where a request is, for the sentence that is said when its time is up."""

    queued: bool = False
    authenticating: str = ""
    """The profile, as long as its kind is busy with it: it may ask for a token."""


_circuits: dict[Key, Circuit] = {}
_places: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Key, _Places]] = WeakKeyDictionary()


@asynccontextmanager
async def visit(key: Key, progress: Progress) -> AsyncIterator[Visit]:
    """Around one exchange. Waits for a place; raises :class:`OutboundError`, circuit_open."""
    _refuse_if_open(key)
    of_loop = _places.setdefault(asyncio.get_running_loop(), {})
    places = of_loop.setdefault(key, _Places())
    progress.queued = True
    await places.take()
    progress.queued = False
    try:
        # Those who waited are told at once, too.
        _refuse_if_open(key)
        async with _watched(key) as this:
            yield this
    finally:
        places.release()
        if places.free == REQUESTS_AT_ONCE and of_loop.get(key) is places:
            del of_loop[key]


@asynccontextmanager
async def _watched(key: Key) -> AsyncIterator[Visit]:
    probe = _circuit(key).begin()
    this = Visit()
    began_s = time.monotonic()
    try:
        yield this
    except OutboundError as error:
        this.failed = error.code in DEAD_CODES
        raise
    except (asyncio.CancelledError, TimeoutError):
        # Our own time was up.
        if this.failed is None and time.monotonic() - began_s >= SILENCE_S:
            this.failed = True
        raise
    finally:
        circuit = _circuit(key)
        circuit.end(this.failed, probe=probe)
        if circuit.is_idle:
            _circuits.pop(key, None)


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
