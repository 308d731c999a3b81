"""The end of the running loop, as far as the cache goes."""

from __future__ import annotations

from calls.cache import flights, usage
from calls.cache.stores import close_store


async def close_cache() -> None:
    """What is being made is given up, what was counted is written down, connections are closed."""
    await flights.cancel_flights()
    await usage.flush()
    await close_store()
