"""The before-call cache between processes: asked by many at once, upstream is asked once; emptied for everybody."""

from __future__ import annotations

import itertools
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.journeys.test_inbound_call import edge, node, post
from tests.support.http_server import Handler, serving
from tests.support.redis_server import IS_INSTALLED, RedisServer
from tests.support.stack import Stack, free_port, running_stack, wait_until

pytestmark = pytest.mark.processes

CALLERS = ("+33639980001", "+33639980002", "+33639980003")

SWITCH_ON = """
from accounts.models import Account
Account.objects.update(before_call_cache=True)
"""


class Upstream:
    """Answers slowly, and counts."""

    def __init__(self) -> None:
        self.asked, self.delay_s, self.lock = 0, 0.4, threading.Lock()
        self.url = ""


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    state = Upstream()

    class Crm(Handler):
        def do_GET(self) -> None:
            with state.lock:
                state.asked += 1
            time.sleep(state.delay_s)
            self.answer(200, b'{"tier": "gold"}')

    with serving(Crm) as state.url:
        yield state


@pytest.fixture(params=["embedded", "redis"])
def redis_server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RedisServer | None]:
    if request.param == "embedded":
        yield None
        return
    if not IS_INSTALLED:
        pytest.skip("there is no redis-server")
    server = RedisServer(tmp_path)
    server.start()
    yield server
    server.stop()


Ways = tuple[Stack, list[httpx.Client]]


@pytest.fixture
def ways(tmp_path: Path, upstream: Upstream, redis_server: RedisServer | None) -> Iterator[Ways]:
    """Two web processes, and a client of each."""
    environment = {"OUTBOUND_ALLOWED_PRIVATE_HOSTS": upstream.url.removeprefix("http://")}
    if redis_server is not None:
        environment["CACHE_URL"] = redis_server.url
    with running_stack(tmp_path, **environment) as stack:
        key = stack.create_account()
        stack.manage("shell", "-v0", "-c", SWITCH_ON)
        other = free_port()
        stack.start_web()
        stack.start_web("other", other)
        with stack.client(key) as first, stack.client(key) as second:
            second.base_url = httpx.URL(f"http://127.0.0.1:{other}/api/v1/")
            configure(first, f"{upstream.url}/")
            yield stack, [first, second]


def configure(api: httpx.Client, url: str) -> None:
    nodes = [
        node("start", "start"),
        node("ask", "api_request", method="GET", url=url, mapping=[{"path": "tier", "variable": "tier"}]),
        node("back", "return", parameters={"tier": "{{ tier }}"}),
    ]
    post(
        api,
        "workflows",
        {"name": "Ask", "graph": {"nodes": nodes, "edges": [edge("start", "ask"), edge("ask", "back")]}},
    )
    post(api, "agents", {"name": "Accueil", "slug": "accueil"})
    action = {"kind": "workflow", "moment": "before", "name": "ask", "workflow": "Ask"}
    post(api, "agents/accueil/actions", {**action, "cache_enabled": True, "cache_keys": ["from"], "cache_ttl_s": 300})
    post(api, "agents/accueil/releases", {})


def begin(api: httpx.Client, caller: str, **fields: Any) -> dict[str, Any]:
    answer = api.post("calls", json={"agent": "accueil", "from": caller, **fields})
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    assert body["parameters"].get("tier") == "gold" or fields
    return body


def source(answer: dict[str, Any]) -> str:
    return str(answer["runs"][0]["source"])


def test_two_processes_ask_upstream_once_for_one_key(ways: Ways, upstream: Upstream) -> None:
    _stack, apis = ways
    with ThreadPoolExecutor(20) as pool:
        pairs = itertools.islice(itertools.cycle(apis), 20)
        answers = list(pool.map(lambda api: begin(api, "+33639980001"), pairs))
    assert upstream.asked == 1
    assert [source(answer) for answer in answers].count("action") == 1
    for api in apis:
        assert source(begin(api, "+33639980001")) == "cache"
        assert source(begin(api, "+33639980009" if api is apis[0] else "+33639980008")) == "action"
    assert upstream.asked == 3


def test_emptied_through_one_process_it_is_empty_for_both(ways: Ways, upstream: Upstream) -> None:
    _stack, (one, other) = ways
    # One caller each: what was forgotten of a number is not kept again at once.
    for caller, body in zip(CALLERS, ({}, {"number": CALLERS[1]}, {"key": {"from": CALLERS[2]}}), strict=True):
        wait_until(lambda caller=caller: source(begin(other, caller)) == "cache", within_s=20, what="a result is kept")
        asked = upstream.asked
        one.post("agents/accueil/actions/ask/cache/empty", json=body).raise_for_status()
        assert source(begin(one, caller, context={"again": 1})) != "cache"
        assert upstream.asked == asked + 1
        # The other process has what was kept in mind for a second at most.
        time.sleep(1.1)
        before = upstream.asked
        begin(other, caller)
        assert upstream.asked <= before + 1


def test_an_overrun_is_answered_in_time_and_warms_the_cache(ways: Ways, upstream: Upstream) -> None:
    _stack, (one, other) = ways
    upstream.delay_s = 2.0
    began_s = time.monotonic()
    late = begin(one, "+33639980001", budget_ms=400)
    assert time.monotonic() - began_s < 1.9
    assert late["runs"][0]["error"]["code"] == "timed_out"
    # Another one with more time takes part in what is under way.
    assert source(begin(other, "+33639980001")) in {"shared", "cache"}
    assert source(begin(one, "+33639980001")) == "cache"
    assert upstream.asked == 1


def test_emptying_and_killing_under_load_fails_no_call(
    ways: Ways, upstream: Upstream, redis_server: RedisServer | None
) -> None:
    _stack, apis = ways
    upstream.delay_s = 0.01
    over = threading.Event()

    def caller(number: int) -> int:
        count = 0
        while not over.is_set():
            begin(apis[number % 2], f"+3363998{number % 4:04d}")
            count += 1
        return count

    with ThreadPoolExecutor(8) as pool:
        callers = [pool.submit(caller, number) for number in range(8)]
        for _again in range(3):
            time.sleep(0.5)
            apis[0].post("before-call-cache/empty", json={}).raise_for_status()
            if redis_server is not None:
                redis_server.signal(signal.SIGKILL)
                time.sleep(0.5)
                redis_server.start()
        time.sleep(1.5)
        over.set()
        assert sum(each.result() for each in callers) > 50
    wait_until(lambda: source(begin(apis[1], "+33639980000")) == "cache", within_s=10, what="the cache is back")


def test_what_the_cache_did_is_told_by_any_process(ways: Ways) -> None:
    _stack, (one, other) = ways
    for api in (one, other, one):
        begin(api, "+33639980001")

    def told() -> bool:
        (row,) = other.get("before-call-cache").json()
        return (row["misses"], row["hits"], row["entries"]) == (1, 2, 1)

    wait_until(told, within_s=20, what="the figures are written down")
