"""Work that many wait for and that is done once: it goes on when one of them stops waiting."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

T = TypeVar("T")

_flights: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Hashable, asyncio.Task[Any]]] = WeakKeyDictionary()


async def join(key: Hashable, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """The result of the work that is under way for ``key`` in this loop; ``work`` begins it if there is none.

    Whoever awaits may be cancelled without the others noticing. The work needs a deadline of its own.
    """
    return await asyncio.shield(start(key, work))


def start(key: Hashable, work: Callable[[], Coroutine[Any, Any, T]]) -> asyncio.Task[T]:
    """The same without waiting; to be awaited behind a shield only."""
    of_loop = _flights.setdefault(asyncio.get_running_loop(), {})
    task = of_loop.get(key)
    if task is None or task.done():
        task = of_loop[key] = asyncio.create_task(work())
        task.add_done_callback(lambda done: _landed(of_loop, key, done))
    return task


def _landed(of_loop: dict[Hashable, asyncio.Task[Any]], key: Hashable, task: asyncio.Task[Any]) -> None:
    if of_loop.get(key) is task:
        del of_loop[key]
    if not task.cancelled():
        # Perhaps nobody waits any more: that is not "never retrieved".
        task.exception()


async def cancel_flights() -> None:
    """Before the running loop's connections are closed."""
    tasks = list(_flights.pop(asyncio.get_running_loop(), {}).values())
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
