"""Where results are kept, behind one contract: Redis when ``CACHE_URL`` names one, else the embedded store."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Protocol
from weakref import WeakKeyDictionary

from django.conf import settings

from calls.cache.entries import Entry

LEASE_S = 3.0
"""How long a process that makes a result has it to itself without saying again that it is alive."""


@dataclass(frozen=True, slots=True)
class Slot:
    """Where one result belongs. ``version``: what is remembered from before it changed is looked up again."""

    account_id: int
    action_id: int
    generation: str
    version: int
    name: str
    number: str


class Store(Protocol):
    """Never raises: a store that is out of reach has nothing, and keeps nothing."""

    async def get(self, slot: Slot, *, anew: bool = False) -> Entry | None:
        """What is kept, perhaps no longer fresh; ``anew``: also what another process has kept since."""

    async def claim(self, slot: Slot, token: str) -> bool:
        """Whether the caller is the one, of all processes, to make the result now; also where nobody can tell."""

    async def renew(self, slot: Slot, token: str) -> None:
        """Still at it."""

    async def put(self, slot: Slot, entry: Entry) -> None:
        """Keep it, unless its number was forgotten meanwhile."""

    async def release(self, slot: Slot, token: str) -> None:
        """Not at it any more."""

    async def close(self) -> None:
        """At the end of the loop."""


_stores: WeakKeyDictionary[asyncio.AbstractEventLoop, Store] = WeakKeyDictionary()


def is_shared() -> bool:
    """Whether there is a Redis for it."""
    return str(settings.CACHE_URL).startswith(("redis://", "rediss://"))


def store() -> Store:
    """The running loop's."""
    loop = asyncio.get_running_loop()
    found = _stores.get(loop)
    if found is None:
        found = _stores[loop] = _open()
    return found


def _open() -> Store:
    if is_shared():
        from calls.cache.shared import SharedStore

        return SharedStore(settings.CACHE_URL)
    from calls.cache.embedded import EmbeddedStore

    return EmbeddedStore()


async def close_store() -> None:
    found = _stores.pop(asyncio.get_running_loop(), None)
    if found is not None:
        await found.close()
