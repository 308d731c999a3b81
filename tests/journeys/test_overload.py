"""A slow upstream of one account fills that account's places, and nobody else feels it; both ways in."""

from __future__ import annotations

import socketserver
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.journeys.conftest import World
from tests.journeys.test_inbound_call import edge, node, post
from tests.support.stack import wait_until

pytestmark = pytest.mark.processes

PLACES, PLACES_EACH = 10, 6
HELD_S = 25


class Held(socketserver.BaseRequestHandler):
    """Says nothing until it is let go."""

    let_go = threading.Event()

    def handle(self) -> None:
        self.let_go.wait(60)


@pytest.fixture
def upstream() -> Iterator[str]:
    Held.let_go.clear()
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Held) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}"
        Held.let_go.set()
        server.shutdown()


def configure(api: httpx.Client, upstream: str) -> None:
    graph = {
        "nodes": [
            node("start", "start"),
            node("ask", "api_request", method="GET", url=f"http://{upstream}/", timeout_s=HELD_S),
        ],
        "edges": [edge("start", "ask")],
    }
    post(api, "workflows", {"name": "Ask", "graph": graph})
    for slug in ("slow", "quick"):
        post(api, "agents", {"name": slug, "slug": slug, "language": "en"})
    action = {"moment": "before", "kind": "workflow", "name": "ask", "workflow": "Ask", "timeout_s": HELD_S}
    post(api, "agents/slow/actions", action)
    for slug in ("slow", "quick"):
        post(api, f"agents/{slug}/releases", {})


def begin(api: httpx.Client, agent: str) -> tuple[httpx.Response, float]:
    began_s = time.monotonic()
    return api.post("calls", json={"agent": agent, "from": "+33612340000"}), time.monotonic() - began_s


def hold(api: httpx.Client) -> int:
    """The status of a call that hangs; what is asked meanwhile may have had its place for a moment."""
    while (answer := begin(api, "slow")[0]).status_code == 503:
        time.sleep(0.01)
    return answer.status_code


def slowest_of_twenty(api: httpx.Client) -> float:
    answers = [begin(api, "quick") for _call in range(20)]
    assert {answer.status_code for answer, _took_s in answers} == {201}
    return sorted(took_s for _answer, took_s in answers)[18]


def problem_of(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 503, answer.text
    assert answer.headers["retry-after"] == "1"
    assert answer.headers["content-type"] == "application/problem+json"
    found: dict[str, Any] = answer.json()
    assert found["code"] == "overloaded"
    return found


@pytest.mark.parametrize("hot", ["1", "0"])
def test_what_is_too_much_is_refused_at_once_and_others_feel_nothing(world: World, upstream: str, hot: str) -> None:
    world.stack.environment |= {
        "HOT_PATH": hot,
        "CALLS_AT_ONCE": str(PLACES),
        "CALLS_AT_ONCE_PER_ACCOUNT": str(PLACES_EACH),
        "OUTBOUND_ALLOWED_PRIVATE_HOSTS": upstream,
    }
    keys = [world.stack.create_account(name) for name in ("A", "B")]
    world.stack.start_web()
    with world.stack.client(keys[0]) as slow, world.stack.client(keys[1]) as other, ThreadPoolExecutor(PLACES) as pool:
        for api in (slow, other):
            configure(api, upstream)
        usual_s = slowest_of_twenty(other)

        held = [pool.submit(hold, slow) for _call in range(PLACES_EACH)]
        wait_until(lambda: begin(slow, "quick")[0].status_code == 503, within_s=20, what="the account is full")
        refused, took_s = begin(slow, "quick")
        assert problem_of(refused)["title"] == "Too many calls at once"
        assert took_s < HELD_S / 4
        assert slowest_of_twenty(other) < max(10 * usual_s, 1.0)

        # Now the other one's calls hang, too: the process has no more places, for anybody.
        held += [pool.submit(hold, other) for _call in range(PLACES - PLACES_EACH)]
        wait_until(lambda: begin(other, "quick")[0].status_code == 503, within_s=20, what="the process is full")
        french = other.post("calls", json={"agent": "quick"}, headers={"Accept-Language": "fr-FR,fr;q=0.9"})
        assert problem_of(french)["title"] == "Trop d’appels à la fois"
        began_s = time.monotonic()
        health = httpx.get(f"{world.stack.url}/healthz/ready")
        assert (health.status_code, time.monotonic() - began_s < HELD_S / 4) == (200, True)

        Held.let_go.set()
        assert {call.result() for call in held} == {201}
        assert begin(slow, "quick")[0].status_code == 201
