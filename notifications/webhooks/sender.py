"""The lanes of one process of the worker: an event loop in a thread of its own.

A task of the queue only says which endpoint has something due, and ends at once: were it to wait for endpoints, a few
slow ones would stop every other task of the worker. What is under way when the process dies is sent again.
"""

from __future__ import annotations

import asyncio
import os
import threading
from typing import Any

import structlog
from asgiref.sync import sync_to_async
from celery.signals import worker_process_shutdown, worker_shutdown
from django.db import connection

from notifications.webhooks import lanes
from outbound.http import close_session

log = structlog.get_logger(__name__)

STOP_WITHIN_S = 8.0
"""At the worker's end, what is under way has this long."""


class Sender:
    """Of the process that makes it."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self._stop = lanes.Stop()
        self._lanes: dict[int, asyncio.Task[None]] = {}
        self._again: set[int] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)
        self._thread.start()

    def serve(self, subscription_id: int, account_id: int) -> None:
        """Have what is due to the endpoint sent; returns at once."""
        self._loop.call_soon_threadsafe(self._begin, subscription_id, account_id)

    def close(self) -> None:
        """Begin nothing more, and wait for what is under way. The sweep finds the rest."""
        self._stop.is_set = True
        ended = asyncio.run_coroutine_threadsafe(self._end(), self._loop)
        try:
            ended.result(STOP_WITHIN_S + 1)
        except TimeoutError:
            log.warning("webhooks_left_under_way", lanes=len(self._lanes))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(1)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def _begin(self, subscription_id: int, account_id: int) -> None:
        known = self._lanes.get(subscription_id)
        if known is None or known.done():
            task = self._loop.create_task(self._serve(subscription_id, account_id))
            self._lanes[subscription_id] = task
        else:
            self._again.add(subscription_id)

    async def _serve(self, subscription_id: int, account_id: int) -> None:
        """Once more for whoever was woken while the lane made sure that nothing was due."""
        self._again.add(subscription_id)
        try:
            while subscription_id in self._again and not self._stop.is_set:
                self._again.discard(subscription_id)
                await lanes.serve(subscription_id, account_id, self._stop)
        except Exception as error:
            log.error("webhook_lane_crashed", subscription=subscription_id, error=type(error).__name__, exc_info=True)
            # The connection may be what broke.
            await sync_to_async(connection.close)()
        finally:
            self._lanes.pop(subscription_id, None)

    async def _end(self) -> None:
        if self._lanes:
            await asyncio.wait(self._lanes.values(), timeout=STOP_WITHIN_S)
        await close_session()


_sender: Sender | None = None


def sender() -> Sender:
    """This process's, made at its first use: threads do not survive a fork."""
    global _sender
    if _sender is None or _sender.pid != os.getpid():
        _sender = Sender()
    return _sender


@worker_process_shutdown.connect
@worker_shutdown.connect
def _close(**_signal: Any) -> None:
    global _sender
    if _sender is not None and _sender.pid == os.getpid():
        _sender.close()
        _sender = None
