"""Hits, misses and saved time: counted in process and written down now and then, so that no call waits for them."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import deque
from contextvars import Context
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Literal

import structlog
from django.db import DatabaseError, transaction
from django.db.models import F
from django.utils import timezone
from django_scopes import scope, scopes_disabled

from accounts.database import database_threads, in_database
from actions.contract import JSON
from calls.cache.rows import CacheUsage

log = structlog.get_logger(__name__)

FLUSH_AFTER_S = 2.0
RECENT = 20
KEPT_FOR = dt.timedelta(days=31)

Result = Literal["hits", "stale", "shared", "misses", "skipped"]
COUNTED: tuple[Result, ...] = ("hits", "stale", "shared", "misses", "skipped")


@dataclass(slots=True)
class Tally:
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTED, 0))
    saved_ms: float = 0.0
    recent: deque[JSON] = field(default_factory=lambda: deque(maxlen=RECENT))


Row = tuple[int, int, dt.date]
"""Account, action, day."""

_tallies: dict[Row, Tally] = {}
_lock = Lock()
_flushing: set[asyncio.Task[None]] = set()
_due: set[int] = set()
"""Loops (by id) that will flush."""


def note(account_id: int, action_id: int, result: Result, *, saved_ms: float = 0.0, **shown: JSON) -> None:
    """Count one call; ``shown`` is what the page says of it, already masked."""
    now = timezone.now()
    with _lock:
        row = (account_id, action_id, now.date())
        tally = _tallies.get(row)
        if tally is None:
            tally = _tallies[row] = Tally()
        tally.counts[result] += 1
        tally.saved_ms += max(0.0, saved_ms)
        tally.recent.append({"at": now.isoformat(timespec="seconds"), "result": result, **shown})
    loop = asyncio.get_running_loop()
    if id(loop) not in _due:
        _due.add(id(loop))
        # Not in the context of this call, whose threads end with it.
        loop.call_later(FLUSH_AFTER_S, _begin_flush, loop, context=Context())


def _begin_flush(loop: asyncio.AbstractEventLoop) -> None:
    _due.discard(id(loop))
    task = loop.create_task(_flush_alone())
    _flushing.add(task)
    task.add_done_callback(_flushing.discard)


async def _flush_alone() -> None:
    async with database_threads():
        await flush()


async def flush() -> None:
    """Write down what was counted. What cannot be written is lost: it is only a figure."""
    with _lock:
        counted = dict(_tallies)
        _tallies.clear()
    _due.discard(id(asyncio.get_running_loop()))
    if not counted:
        return
    try:
        await in_database(_write)(counted)
    except DatabaseError as error:
        log.warning("cache_usage_lost", error=type(error).__name__)


def _write(counted: dict[Row, Tally]) -> None:
    for (account_id, action_id, day), tally in sorted(counted.items()):
        with scope(account=account_id), transaction.atomic():
            row: dict[str, Any] = {"account_id": account_id, "action_id": action_id, "day": day}
            CacheUsage.objects.get_or_create(**row)
            kept = CacheUsage.objects.select_for_update(no_key=True).get(**row)
            changes = {name: F(name) + count for name, count in tally.counts.items() if count}
            recent = [*reversed(tally.recent), *kept.recent][:RECENT]
            CacheUsage.objects.filter(pk=kept.pk).update(
                **changes, saved_ms=F("saved_ms") + tally.saved_ms, recent=recent
            )


def forget_recent(account_id: int) -> None:
    """The keys of single calls, masked as they are, go with what was emptied."""
    CacheUsage.objects.filter(account_id=account_id).update(recent=[])


def sweep() -> None:
    with scopes_disabled():
        CacheUsage.objects.filter(day__lt=timezone.now().date() - KEPT_FOR).delete()
