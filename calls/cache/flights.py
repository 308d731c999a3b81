"""The making of one result: once for all who wait for it, and to its end when they cannot wait any longer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import Context
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

import structlog
from asgiref.sync import SyncToAsync
from django_scopes import scope

from accounts.database import database_threads
from actions.contract import CallContext, Deadline
from calls.cache.entries import Entry
from calls.cache.stores import Slot
from calls.runner import RunReport

log = structlog.get_logger(__name__)

LIMIT_S = 30.0
"""No result may be longer in the making, waited for or not."""
MOST_UNATTENDED = 32
"""Of one process: so many may go on with nobody waiting."""


@dataclass(frozen=True, slots=True)
class Landed:
    """``report`` where this process did the work; ``entry`` where another one had done it."""

    report: RunReport | None = None
    entry: Entry | None = None


@dataclass(eq=False, slots=True)
class Flight:
    """``context`` is that of the run that does the work, once it has begun; ``came_to`` is known before it is kept."""

    deadline: Deadline
    waiting: int = 0
    context: CallContext | None = None
    came_to: Landed | None = None
    task: asyncio.Task[None] = field(init=False)

    async def landed(self, deadline: Deadline) -> Landed | None:
        """What came of it; None: nothing by then. Raises what the work raised."""
        self.waiting += 1
        try:
            async with asyncio.timeout(deadline.remaining_s()):
                await asyncio.shield(self.task)
        except TimeoutError:
            pass
        finally:
            self.waiting -= 1
            if not self.waiting:
                _leave(self)
        return self.came_to


Work = Callable[[Flight], Coroutine[Any, Any, None]]

_flights: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Slot, Flight]] = WeakKeyDictionary()


def join(key: Slot, work: Work) -> tuple[Flight, bool]:
    """The flight for ``key`` in this loop, and whether it begins with this."""
    flying = _flights.setdefault(asyncio.get_running_loop(), {})
    flight = flying.get(key)
    if flight is not None and not flight.task.done():
        return flight, False
    flight = flying[key] = Flight(Deadline.after(LIMIT_S))
    if SyncToAsync.thread_sensitive_context.get(None) is None:
        flight.task = asyncio.create_task(work(flight))
    else:
        # Inside one of Django's requests: what it reads rows with ends with it, and a flight may not.
        flight.task = asyncio.create_task(_fly(flight, work, key.account_id), context=Context())
    flight.task.add_done_callback(lambda task: _land(flying, key, task))
    return flight, True


def begin_unattended(key: Slot, work: Work) -> None:
    """Nobody waits; nothing happens where it is under way already, or there are too many."""
    if len(_unattended()) < MOST_UNATTENDED:
        join(key, work)


async def cancel_flights() -> None:
    """At the end of the running loop."""
    tasks = [flight.task for flight in _flights.pop(asyncio.get_running_loop(), {}).values()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _fly(flight: Flight, work: Work, account_id: int) -> None:
    """With threads and a scope of its own."""
    async with database_threads():
        with scope(account=account_id):
            await work(flight)


def _leave(flight: Flight) -> None:
    """Nobody waits any more: it goes on, unless too many do."""
    if not flight.task.done() and len(_unattended()) > MOST_UNATTENDED:
        flight.task.cancel()


def _unattended() -> list[Flight]:
    flying = _flights.get(asyncio.get_running_loop(), {})
    return [flight for flight in flying.values() if not flight.waiting]


def _land(flying: dict[Slot, Flight], key: Slot, task: asyncio.Task[None]) -> None:
    if key in flying and flying[key].task is task:
        del flying[key]
    if not task.cancelled() and (error := task.exception()):
        log.error("cache_flight_crashed", error=type(error).__name__)
