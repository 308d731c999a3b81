"""Stepping out of the event loop for a moment to read or write rows."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from functools import cache
from typing import Any, ParamSpec, TypeVar

from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.db import DEFAULT_DB_ALIAS, connection, connections

P = ParamSpec("P")
T = TypeVar("T")

_shares_threads: ContextVar[bool] = ContextVar("_shares_threads", default=False)


def in_database(function: Callable[P, T]) -> Callable[P, Coroutine[Any, Any, T]]:
    """``function`` as a coroutine function whose database connection goes back to the pool at its end.

    Without that, a call that waits for a slow upstream would keep a connection for as long, and a dozen
    such calls would stop everybody else's.
    """

    def work(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return function(*args, **kwargs)
        finally:
            _give_back()

    if _shares_threads.get():
        return sync_to_async(work, thread_sensitive=False, executor=_threads())
    return sync_to_async(work, thread_sensitive=True)


class database_threads:
    """``async with`` around a request that Django's handler does not see: its ``in_database`` waits behind nobody's.

    Where connections are pooled, all such requests share as many threads as there are connections. Elsewhere each
    has one of its own, as Django gives its requests, and the connection of that thread ends with it.
    """

    __slots__ = ("_own", "_token")

    def __init__(self) -> None:
        self._own: ThreadSensitiveContext | None = None

    async def __aenter__(self) -> None:
        if _pool_size():
            self._token = _shares_threads.set(True)
        else:
            self._own = ThreadSensitiveContext()
            await self._own.__aenter__()

    async def __aexit__(self, *error: Any) -> None:
        if self._own is None:
            _shares_threads.reset(self._token)
            return
        try:
            await sync_to_async(connections.close_all)()
        finally:
            await self._own.__aexit__(*error)


@cache
def _threads() -> ThreadPoolExecutor:
    """Made when first used, for the life of the process."""
    return ThreadPoolExecutor(_pool_size(), thread_name_prefix="database")


def _pool_size() -> int:
    """Connections that this process may have; 0: they are not pooled."""
    # Not ``connection``: in an event loop, each task that asks for it makes one.
    pool = connections.settings[DEFAULT_DB_ALIAS].get("OPTIONS", {}).get("pool")
    return int(pool["max_size"]) if pool else 0


def _give_back() -> None:
    """Only pooled connections are dear; SQLite's is a file handle of this thread."""
    if connection.settings_dict["OPTIONS"].get("pool") and not connection.in_atomic_block:
        connection.close()
