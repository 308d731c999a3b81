"""The store in Redis. When Redis is down or slow, calls go on without it, and it is left alone for a second.

triptyque:before:{account}:e:{action}:{generation}:{name}    a sealed result, gone by itself at its end
…:{account}:l:{action}:{generation}:{name}                   who is making it
…:{account}:i:{action}:{generation}                          its index: result -> when it was made
…:{account}:n:{number}                                       the results made in calls with a number
…:{account}:f:{number}                                       the number was forgotten just now
…:gone                                                       indexes whose results are to be erased
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any, TypeVar

import structlog

from accounts.lazily import lazily
from calls.cache.entries import Entry, pack, unpack
from calls.cache.stores import LEASE_S, Slot

if TYPE_CHECKING:
    import redis
    import redis.asyncio.retry
else:
    redis = lazily("redis")

log = structlog.get_logger(__name__)

T = TypeVar("T")

PREFIX = "triptyque:before"
GONE = f"{PREFIX}:gone"
PATIENCE_S = 0.25
"""For one question, connecting included: a caller hears ringing meanwhile."""
COOL_DOWN_S = 1.0
"""After a failure; then one question may try."""
MOST_CONNECTIONS = 50

PUT = """
if redis.call('EXISTS', KEYS[4]) == 1 then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
for i = 2, 3 do
    if KEYS[i] ~= '' then
        redis.call('ZADD', KEYS[i], ARGV[3], KEYS[1])
        redis.call('ZREMRANGEBYSCORE', KEYS[i], '-inf', ARGV[4])
        if redis.call('PTTL', KEYS[i]) < tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[i], ARGV[2]) end
    end
end
return 1
"""
RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"
RENEW = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0"


def entry_key(slot: Slot) -> str:
    return f"{PREFIX}:{slot.account_id}:e:{slot.action_id}:{slot.generation}:{slot.name}"


def index_key(account_id: int, action_id: int, generation: str) -> str:
    return f"{PREFIX}:{account_id}:i:{action_id}:{generation}"


def number_key(account_id: int, number: str) -> str:
    return f"{PREFIX}:{account_id}:n:{number}"


def forgotten_key(account_id: int, number: str) -> str:
    return f"{PREFIX}:{account_id}:f:{number}"


def _lease_key(slot: Slot) -> str:
    return f"{PREFIX}:{slot.account_id}:l:{slot.action_id}:{slot.generation}:{slot.name}"


class Unreachable(Exception):
    """Redis did not answer in time, or is being left alone."""


class SharedStore:
    """See :class:`calls.cache.stores.Store`."""

    def __init__(self, url: str) -> None:
        pool = redis.asyncio.BlockingConnectionPool.from_url(
            url,
            max_connections=MOST_CONNECTIONS,
            timeout=PATIENCE_S,
            socket_timeout=PATIENCE_S,
            socket_connect_timeout=PATIENCE_S,
            retry=redis.asyncio.retry.Retry(redis.backoff.NoBackoff(), 0),
            decode_responses=True,
        )
        self._redis: redis.asyncio.Redis = redis.asyncio.Redis(connection_pool=pool)
        self._put = self._redis.register_script(PUT)
        self._release = self._redis.register_script(RELEASE)
        self._renew = self._redis.register_script(RENEW)
        self._alone_until_s = 0.0

    async def get(self, slot: Slot, *, anew: bool = False) -> Entry | None:
        try:
            sealed = await self._ask(self._redis.get, entry_key(slot))
        except Unreachable:
            return None
        return unpack(sealed) if sealed else None

    async def claim(self, slot: Slot, token: str) -> bool:
        try:
            options = {"nx": True, "px": int(LEASE_S * 1000)}
            return bool(await self._ask(self._redis.set, _lease_key(slot), token, **options))
        except Unreachable:
            return True

    async def renew(self, slot: Slot, token: str) -> None:
        await self._try(self._renew, keys=[_lease_key(slot)], args=[token, int(LEASE_S * 1000)])

    async def put(self, slot: Slot, entry: Entry) -> None:
        sealed = pack(entry)
        if sealed is None:
            return
        kept_s = entry.kept_until - entry.made_at
        number = number_key(slot.account_id, slot.number) if slot.number else ""
        forgotten = forgotten_key(slot.account_id, slot.number)
        keys = [entry_key(slot), index_key(slot.account_id, slot.action_id, slot.generation), number, forgotten]
        oldest = entry.made_at - kept_s
        await self._try(self._put, keys=keys, args=[sealed, max(1, int(kept_s * 1000)), entry.made_at, oldest])

    async def release(self, slot: Slot, token: str) -> None:
        await self._try(self._release, keys=[_lease_key(slot)], args=[token])

    async def close(self) -> None:
        await self._redis.aclose()
        await self._redis.connection_pool.disconnect()

    async def _try(self, command: Any, **arguments: Any) -> None:
        try:
            await self._ask(command, **arguments)
        except Unreachable:
            return

    async def _ask(self, command: Any, *arguments: Any, **options: Any) -> Any:
        """Raises Unreachable, after PATIENCE_S at the latest."""
        if time.monotonic() < self._alone_until_s:
            raise Unreachable
        try:
            return await _within(command(*arguments, **options), PATIENCE_S)
        except (redis.RedisError, OSError, TimeoutError) as error:
            if time.monotonic() >= self._alone_until_s:
                log.warning("cache_unreachable", error=type(error).__name__)
            self._alone_until_s = time.monotonic() + COOL_DOWN_S
            raise Unreachable from None


async def _within(work: Awaitable[T], seconds: float) -> T:
    async with asyncio.timeout(seconds):
        return await work
