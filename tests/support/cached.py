"""Before-actions with a cache or a failure policy, made in memory."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import async_to_sync

from actions.before_call import BeforeSettings, CacheSettings, FailureSettings
from actions.contract import CallContext, Moment, Outcome
from actions.expressions.paths import Path
from actions.models import Agent
from actions.releases import PlannedAction, PlannedBefore
from calls import lifecycle
from calls.cache.closing import close_cache
from calls.requests import BeginCall
from tests.support.kinds import scripted

CALLER, OTHER = "+33639980001", "+33639980002"


def before_action(
    behaviour: Callable[[CallContext], Awaitable[Outcome]],
    *,
    name: str = "lookup",
    action_id: int = 7,
    digest: str = "one",
    cache: dict[str, Any] | None = None,
    failure: dict[str, Any] | None = None,
    **options: Any,
) -> PlannedAction:
    """``cache`` and ``failure`` as in their settings; a cache has the caller's number as its key by default."""
    settings = BeforeSettings(
        cache=CacheSettings(**{"keys": ("from",), **cache}) if cache is not None else None,
        failure=FailureSettings(**(failure or {})),
    )
    paths = tuple(Path.parse(source) for source in settings.cache.keys) if settings.cache else ()
    action = scripted(behaviour, name=name, moment=Moment.BEFORE, **options)
    return dataclasses.replace(action, before=PlannedBefore(action_id, digest, settings, paths))


class Counting:
    """Gives ``n``, how often it was asked; fails while ``failing`` is set."""

    def __init__(self) -> None:
        self.count = 0
        self.failing: Exception | None = None
        self.during: Callable[[], Awaitable[None]] | None = None

    async def __call__(self, context: CallContext) -> Outcome:
        self.count += 1
        if self.during is not None:
            await self.during()
        if self.failing is not None:
            raise self.failing
        return Outcome(variables={"n": self.count}, agent_configuration={"voice": "calm"})


async def begin(taker: Agent, **fields: Any) -> dict[str, Any]:
    request = BeginCall(**{"direction": "inbound", "agent": taker.slug, "from_number": CALLER, **fields})
    return await lifecycle.begin(taker.account, request)


def calls(taker: Agent, *all_fields: dict[str, Any], at_once: bool = False) -> list[dict[str, Any]]:
    """Several calls in one event loop, as in one process."""

    async def play() -> list[dict[str, Any]]:
        try:
            if at_once:
                return list(await asyncio.gather(*(begin(taker, **fields) for fields in all_fields)))
            return [await begin(taker, **fields) for fields in all_fields]
        finally:
            await close_cache()

    return async_to_sync(play)()


def sources(answers: list[dict[str, Any]]) -> list[str]:
    return [run["source"] for answer in answers for run in answer["runs"]]
