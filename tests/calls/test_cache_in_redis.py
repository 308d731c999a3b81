"""The before-call cache in Redis: shared, and never in the way. With a server of its own that is killed and stopped."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from asgiref.sync import async_to_sync

from actions.contract import ActionError
from actions.models import Agent
from calls.cache import emptying, flights, shared
from calls.cache.closing import close_cache
from calls.cache.rows import CacheEntry
from tests.support.cached import CALLER, OTHER, Counting, before_action, begin, calls, sources
from tests.support.redis_server import IS_INSTALLED, RedisServer

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(not IS_INSTALLED, reason="there is no redis-server"),
]


@pytest.fixture
def server(tmp_path: Path, settings: Any) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path)
    server.start()
    settings.CACHE_URL = server.url
    yield server
    server.stop()


def test_it_is_shared_and_sealed(cached_agent: Agent, before_with: Any, server: RedisServer) -> None:
    work = Counting()
    before_with(before_action(work, cache={"keys": ("from", "context.name")}))
    first, second = {"context": {"name": "Dupont"}}, {"context": {"name": "Dupont"}}
    assert sources(calls(cached_agent, first)) == ["action"]
    # Each time another loop, and so another connection, as from another process.
    assert sources(calls(cached_agent, second)) == ["cache"]
    assert CacheEntry.objects.count() == 0
    kept = emptying.kept_of(cached_agent.account_id, 7)
    assert (kept.count, kept.oldest) == (1, kept.newest)
    everything = server.texts()
    assert "39980001" not in everything
    assert "Dupont" not in everything
    with redis.Redis.from_url(server.url, decode_responses=True) as client:
        (entry,) = client.keys("*:e:*")
        assert 3500 < client.ttl(entry) <= 3600


def test_emptying_erases(cached_agent: Agent, before_with: Any, server: RedisServer) -> None:
    account_id = cached_agent.account_id
    before_with(before_action(Counting(), cache={}))
    with redis.Redis.from_url(server.url, decode_responses=True) as client:
        for empty in (
            lambda: emptying.empty_account(account_id),
            lambda: emptying.empty_action(account_id, 7),
            lambda: emptying.forget_number(account_id, CALLER),
            lambda: emptying.forget_name(account_id, 7, next(iter(client.keys("*:e:*"))).rpartition(":")[2]),
        ):
            client.flushdb()
            assert sources(calls(cached_agent, {}, {})) == ["action", "cache"]
            empty()
            assert emptying.kept_of(account_id, 7).count == 0
            emptying.sweep()
            assert client.keys("*:e:*") == []
            assert sources(calls(cached_agent, {})) == ["action"]


def test_a_number_in_the_making_is_not_kept(cached_agent: Agent, before_with: Any, server: RedisServer) -> None:
    from accounts.database import in_database

    work = Counting()

    async def forget() -> None:
        await in_database(emptying.forget_number)(cached_agent.account_id, CALLER)

    work.during = forget
    before_with(before_action(work, cache={}))
    calls(cached_agent, {}, {"from_number": OTHER})
    with redis.Redis.from_url(server.url, decode_responses=True) as client:
        assert len(client.keys("*:e:*")) == 1


def test_a_number_cannot_be_forgotten_while_redis_is_away(cached_agent: Agent, server: RedisServer) -> None:
    server.stop()
    with pytest.raises(emptying.CacheUnreachable):
        emptying.forget_number(cached_agent.account_id, CALLER)
    # This needs the database only.
    emptying.empty_account(cached_agent.account_id)


Answers = list[dict[str, Any]]


def load(taker: Agent, during: Callable[[Answers], Awaitable[None]], *, workers: int = 8) -> Answers:
    """One process under load, until ``during``, which sees the answers as they come, is through."""

    async def play() -> list[dict[str, Any]]:
        answered: list[dict[str, Any]] = []
        over = asyncio.Event()

        async def callers(number: int) -> None:
            while not over.is_set():
                answered.append(await begin(taker, from_number=f"+3363998{number:04d}"))

        tasks = [asyncio.create_task(callers(number)) for number in range(workers)]
        try:
            await during(answered)
        finally:
            over.set()
            await asyncio.gather(*tasks)
            await close_cache()
        return answered

    return async_to_sync(play)()


def test_killed_and_restarted_under_load_no_call_fails(
    cached_agent: Agent,
    before_with: Any,
    server: RedisServer,
) -> None:
    before_with(before_action(Counting(), cache={}))

    async def reused(answered: Answers) -> None:
        """From now on, within a time that only a broken cache needs."""
        known = len(answered)
        async with asyncio.timeout(20):
            while "cache" not in sources(answered[known:]):
                await asyncio.sleep(0.05)

    async def during(answered: Answers) -> None:
        await reused(answered)
        server.signal(signal.SIGKILL)
        await asyncio.sleep(0.7)
        await asyncio.to_thread(server.start)
        await asyncio.sleep(shared.COOL_DOWN_S)
        await reused(answered)

    answered = load(cached_agent, during)
    runs = [run for answer in answered for run in answer["runs"]]
    assert len(runs) > 50
    assert {run["state"] for run in runs} == {"succeeded"}


def test_a_redis_that_hangs_costs_a_call_a_moment_and_the_next_ones_nothing(
    cached_agent: Agent,
    before_with: Any,
    server: RedisServer,
) -> None:
    before_with(before_action(Counting(), cache={}))
    calls(cached_agent, {})
    server.signal(signal.SIGSTOP)
    try:
        answers = calls(cached_agent, *[{}] * 5)
    finally:
        server.signal(signal.SIGCONT)
    assert sources(answers) == ["action"] * 5
    durations = [run["duration_ms"] for answer in answers for run in answer["runs"]]
    assert min(durations) < shared.PATIENCE_S * 1000


def test_of_two_loops_that_share_it_one_does_the_work(
    cached_agent: Agent,
    before_with: Any,
    server: RedisServer,
) -> None:
    """Two stores and two tables of flights, as in two processes."""
    work = Counting()
    work.during = lambda: asyncio.sleep(0.3)
    before_with(before_action(work, cache={}))

    async def play() -> list[dict[str, Any]]:
        first = asyncio.create_task(begin(cached_agent))
        await asyncio.sleep(0.1)
        flying = flights._flights.pop(asyncio.get_running_loop())
        second = await begin(cached_agent)
        answers = [await first, second]
        flights._flights.pop(asyncio.get_running_loop(), None)
        assert not flying
        await close_cache()
        return answers

    assert sorted(sources(async_to_sync(play)())) == ["action", "shared"]
    assert work.count == 1


def test_whoever_waits_for_another_process_goes_on_when_its_time_is_up(
    cached_agent: Agent,
    before_with: Any,
    server: RedisServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def refused(*_arguments: object) -> bool:
        return False

    work = Counting()
    work.failing = ActionError("never reached", code="failed")
    before_with(before_action(work, cache={}, defaults={"n": 0}))

    async def play() -> dict[str, Any]:
        # Somebody else says that it is at it, and goes on saying so.
        monkeypatch.setattr(shared.SharedStore, "claim", refused)
        answer = await begin(cached_agent, budget_ms=500)
        await close_cache()
        return answer

    answer = async_to_sync(play)()
    assert (answer["parameters"], answer["runs"][0]["error"]["code"]) == ({"n": 0}, "timed_out")
    assert work.count == 0
