"""Stepping out of the event loop for a moment to read or write rows."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

from asgiref.sync import sync_to_async
from django.db import connection

P = ParamSpec("P")
T = TypeVar("T")


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

    return sync_to_async(work, thread_sensitive=True)


def _give_back() -> None:
    """Only pooled connections are dear; SQLite's is a file handle of this thread."""
    if connection.settings_dict["OPTIONS"].get("pool") and not connection.in_atomic_block:
        connection.close()
