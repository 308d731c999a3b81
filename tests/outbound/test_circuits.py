"""One dead host, many callers: who is refused at once, who waits, and who never notices."""

from __future__ import annotations

import asyncio
import socket
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from outbound import circuits
from outbound.circuits import FAILURES
from outbound.http import OutboundError, OutgoingRequest, send
from tests.outbound.upstream import Received, Reply, serve

pytestmark = pytest.mark.usefixtures("loopback_allowed")

PLACES = 30


@pytest.fixture(autouse=True)
def few_places(settings: Any) -> None:
    """An account's share of a process, small enough to be filled quickly."""
    settings.CALLS_AT_ONCE_PER_ACCOUNT = PLACES


async def ask(url: str, *, account_id: int = 1, deadline_s: float = 5) -> str:
    """The status, or the code of the failure."""
    try:
        answer = await send(OutgoingRequest("GET", url), account_id=account_id, deadline_s=deadline_s)
    except OutboundError as error:
        return f"{error.code}, for good" if error.permanent else error.code
    return str(answer.status)


@pytest.fixture
def closed_port() -> Iterator[str]:
    """Bound, but nobody listens: every connection is refused."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}/"


async def yes(_request: Received, reply: Reply) -> None:
    await reply.json({})


async def mute(_request: Received, _reply: Reply) -> None:
    await asyncio.sleep(60)


async def test_a_dead_host_is_not_asked_any_more(closed_port: str) -> None:
    codes = [await ask(closed_port) for _ in range(FAILURES + 2)]
    assert codes == ["connection_failed"] * FAILURES + ["circuit_open"] * 2


async def test_another_account_and_another_port_are_not_concerned(closed_port: str) -> None:
    for _ in range(FAILURES):
        await ask(closed_port)
    assert await ask(closed_port, account_id=2) == "connection_failed"
    async with serve(yes) as upstream:
        assert await ask(upstream.url()) == "200"


async def test_one_request_tries_again_and_closes_the_circuit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(circuits, "COOL_DOWN_S", 0.2)
    status, asked = 503, asyncio.Event()
    go_on = asyncio.Event()
    go_on.set()

    async def answer(_request: Received, reply: Reply) -> None:
        asked.set()
        await go_on.wait()
        await reply.answer(status)

    async with serve(answer) as upstream:
        assert [await ask(upstream.url()) for _ in range(FAILURES)] == ["503"] * FAILURES
        assert await ask(upstream.url()) == "circuit_open"
        await asyncio.sleep(0.25)
        asked.clear()
        go_on.clear()
        probe = asyncio.create_task(ask(upstream.url()))
        await asked.wait()
        assert await asyncio.gather(*(ask(upstream.url()) for _ in range(20))) == ["circuit_open"] * 20
        go_on.set()
        assert await probe == "503"
        assert await ask(upstream.url()) == "circuit_open", "the host is still down: it has another while"
        await asyncio.sleep(0.25)
        status = 200
        assert await asyncio.gather(*(ask(upstream.url()) for _ in range(1))) == ["200"]
        assert await asyncio.gather(*(ask(upstream.url()) for _ in range(20))) == ["200"] * 20
    assert circuits._circuits == {}


async def test_a_probe_that_is_given_up_lets_another_try(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(circuits, "COOL_DOWN_S", 0.0)
    dead = True

    async def answer(request: Received, reply: Reply) -> None:
        if request.path == "/slow":
            await asyncio.sleep(60)
        await reply.answer(503 if dead else 200)

    async with serve(answer) as upstream:
        for _ in range(FAILURES):
            await ask(upstream.url())
        probe = asyncio.create_task(ask(upstream.url("/slow")))
        await asyncio.sleep(0.1)
        probe.cancel()
        await asyncio.gather(probe, return_exceptions=True)
        dead = False
        assert await ask(upstream.url()) == "200"


@pytest.mark.parametrize("status", [200, 400, 404, 429, 500, 501])
async def test_answers_of_a_living_host_never_open_the_circuit(status: int) -> None:
    async def answer(_request: Received, reply: Reply) -> None:
        await reply.answer(status)

    async with serve(answer) as upstream:
        assert {await ask(upstream.url()) for _ in range(FAILURES * 3)} == {str(status)}


async def test_one_success_forgives_all_failures() -> None:
    count = 0

    async def answer(_request: Received, reply: Reply) -> None:
        nonlocal count
        count += 1
        await reply.answer(200 if count % FAILURES == 0 else 503)

    async with serve(answer) as upstream:
        codes = Counter([await ask(upstream.url()) for _ in range(FAILURES * 4)])
    assert codes == {"503": (FAILURES - 1) * 4, "200": 4}


async def test_a_host_that_was_given_no_time_is_not_called_dead() -> None:
    async with serve(mute) as upstream:
        assert {await ask(upstream.url(), deadline_s=0.05) for _ in range(FAILURES * 2)} == {"timed_out"}


async def test_our_own_refusals_say_nothing_of_the_host() -> None:
    codes = {await ask("http://169.254.169.254/latest") for _ in range(FAILURES * 2)}
    assert codes == {"blocked_address, for good"}


async def test_only_so_many_requests_are_with_a_host_at_once() -> None:
    at_once = most = 0
    full, go_on = asyncio.Event(), asyncio.Event()

    async def answer(_request: Received, reply: Reply) -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        if at_once == PLACES:
            full.set()
        await go_on.wait()
        at_once -= 1
        await reply.answer(200)

    async with serve(answer) as upstream:
        first = [asyncio.create_task(ask(upstream.url())) for _ in range(PLACES)]
        await asyncio.wait_for(full.wait(), 5)
        began_s = time.perf_counter()
        assert await ask(upstream.url(), deadline_s=0.1) == "too_busy"
        assert time.perf_counter() - began_s < 5
        patient = [asyncio.create_task(ask(upstream.url())) for _ in range(PLACES * 2)]
        given_up = patient.pop()
        await asyncio.sleep(0.05)
        given_up.cancel()
        go_on.set()
        assert set(await asyncio.gather(*first, *patient)) == {"200"}
    assert most == PLACES
    assert not any(circuits._places.values()), "places that are all free are forgotten"


async def test_two_hundred_calls_to_a_dead_host_do_not_slow_calls_to_another() -> None:
    took_s: list[float] = []

    async def call(url: str) -> str:
        began_s = time.perf_counter()
        code = await ask(url, deadline_s=2)
        took_s.append(time.perf_counter() - began_s)
        return code

    async with serve(mute) as dead, serve(yes) as alive:
        to_dead = [asyncio.create_task(ask(dead.url(), deadline_s=1)) for _ in range(200)]
        await asyncio.sleep(0.05)
        for _ in range(10):
            assert set(await asyncio.gather(*(call(alive.url()) for _ in range(10)))) == {"200"}
        codes = Counter(await asyncio.gather(*to_dead))
        connections = dead.connections
        began_s = time.perf_counter()
        later = {await ask(dead.url(), deadline_s=1) for _ in range(20)}
        assert time.perf_counter() - began_s < 0.9, "who comes later waits for nothing"
    assert max(took_s) < 0.9
    # The first failures hand their places on before there are enough of them to open the circuit.
    assert PLACES <= connections < PLACES + FAILURES
    assert set(codes) <= {"timed_out", "too_busy", "circuit_open"}
    assert later == {"circuit_open"}
