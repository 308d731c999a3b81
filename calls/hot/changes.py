"""Hearing of changes to keys, accounts and agents: PostgreSQL's NOTIFY, sent by triggers at each commit.

While it hears, what was looked up may be kept; when it does not, nothing may.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from typing import Any

import psycopg
import structlog

log = structlog.get_logger(__name__)

CHANNEL = "triptyque_changes"
AGAIN_AFTER_S = 1.0
CONNECT_TIMEOUT_S = 5


class Changes:
    """``forget`` is called at each change, and whenever some may have been missed."""

    def __init__(self, parameters: Mapping[str, Any], forget: Callable[[], None]) -> None:
        self.is_heard = False
        self._parameters = parameters
        self._forget = forget
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._listen_for_ever())

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        self.is_heard = False

    async def _listen_for_ever(self) -> None:
        while True:
            try:
                await self._listen()
            except (psycopg.Error, OSError) as error:
                log.warning("changes_not_heard", error=type(error).__name__)
            finally:
                self.is_heard = False
                self._forget()
            await asyncio.sleep(AGAIN_AFTER_S)

    async def _listen(self) -> None:
        # Without keep-alives, a database host that vanished would look like one where nothing changes.
        alive = {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 2}
        async with await psycopg.AsyncConnection.connect(
            **{"connect_timeout": CONNECT_TIMEOUT_S, **alive, **self._parameters}, autocommit=True
        ) as connection:
            await connection.execute(f"LISTEN {CHANNEL}")
            self._forget()
            self.is_heard = True
            async for _change in connection.notifies():
                self._forget()
