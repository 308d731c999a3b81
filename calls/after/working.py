"""What a worker does once it is woken: run after run, whoever's turn it is, until nothing is due."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine

import structlog
from asgiref.sync import async_to_sync
from django.conf import settings
from django.db import InterfaceError, OperationalError
from django_scopes import scope

from accounts.database import database_threads, in_database
from calls.after.claiming import claim_next
from calls.execution import execute
from calls.models import Run
from calls.wake import wake_worker
from outbound.http import session_scope

log = structlog.get_logger(__name__)

Lane = Callable[[float, Callable[[], None]], Coroutine[None, None, None]]
"""Until when it begins something, and what to call once it has found something: there may be more."""

TURN_S = 2.0
"""After so long a worker begins nothing more before it has looked at what else the broker has for it."""
AWAY_S = 1.0


def work() -> None:
    """Raises nothing for a database that is away: the sweep wakes workers again when it is back."""
    try:
        async_to_sync(_work)(_lane_apart)
    except (OperationalError, InterfaceError) as error:
        log.warning("database_away", error=type(error).__name__)
        time.sleep(AWAY_S)


async def _work(lane: Lane) -> None:
    ends = time.monotonic() + TURN_S
    lanes: list[asyncio.Task[None]] = []

    def begin_lane() -> None:
        """One after the other: where one run is due, the others would only look for it as well, and delay it."""
        if sum(not each.done() for each in lanes) < settings.AFTER_RUNS_AT_ONCE:
            lanes.append(asyncio.create_task(lane(ends, begin_lane)))

    # One session and one event loop for all of them: connections to upstreams stay open between runs.
    async with session_scope():
        begin_lane()
        # The list grows meanwhile.
        results = [await _ended(each) for each in lanes]
    if time.monotonic() >= ends:
        wake_worker()
    for error in filter(None, results):
        raise error


async def _ended(lane: asyncio.Task[None]) -> BaseException | None:
    await asyncio.wait({lane})
    return lane.exception()


async def _lane_apart(ends: float, found: Callable[[], None]) -> None:
    """With threads of its own for what blocks: a mail server that is mute holds up no other lane."""
    async with database_threads():
        await _lane(ends, found)


async def _lane(ends: float, found: Callable[[], None]) -> None:
    """One call after the other; all that is due of a call in one go."""
    while time.monotonic() < ends and (run := await in_database(claim_next)()):
        found()
        with scope(account=run.account_id):
            following: Run | None = run
            while following is not None:
                following = await execute(following, follow=True)
