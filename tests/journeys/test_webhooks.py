"""Webhooks from processes to real endpoints: none is lost when workers are killed, none waits for another's."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook

from tests.support import http_server
from tests.support.stack import Stack, running_stack, wait_until

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]

CALLS = 20


@dataclass
class Endpoint:
    """Keeps what it gets; takes ``delay_s`` for each answer."""

    delay_s: float = 0.0
    url: str = ""
    requests: list[tuple[dict[str, str], bytes, float]] = field(default_factory=list)

    def events(self, secret: str) -> dict[str, dict[str, Any]]:
        """By message id; each request verified as receivers do."""
        return {headers["webhook-id"]: Webhook(secret).verify(body, headers) for headers, body, _at in self.requests}


@contextmanager
def serving(endpoint: Endpoint) -> Iterator[Endpoint]:
    class Hooks(http_server.Handler):
        def do_POST(self) -> None:
            endpoint.requests.append((self.lower_headers(), self.read_body(), time.time()))
            time.sleep(endpoint.delay_s)
            self.answer(204, headers={})

    with http_server.serving(Hooks) as url:
        endpoint.url = f"{url}/hooks"
        yield endpoint


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    with running_stack(tmp_path, OUTBOUND_ALLOWED_PRIVATE_HOSTS="127.0.0.1") as running:
        running.start_web()
        yield running


def configure(api: httpx.Client, endpoint: Endpoint, *event_types: str) -> str:
    """The secret."""
    api.post("agents", json={"name": "Accueil", "slug": "accueil"}).raise_for_status()
    api.post("agents/accueil/releases", json={}).raise_for_status()
    hook = {"name": "CRM", "url": endpoint.url, "event_types": list(event_types)}
    return str(api.post("webhooks", json=hook).raise_for_status().json()["secret"])


def play(api: httpx.Client) -> str:
    call_id = str(api.post("calls", json={"agent": "accueil"}).raise_for_status().json()["id"])
    api.post(f"calls/{call_id}/complete", json={"summary": "Fine."}).raise_for_status()
    return call_id


def test_a_worker_killed_in_the_middle_loses_no_message(stack: Stack) -> None:
    stack.start_worker()
    with serving(Endpoint(delay_s=0.4)) as endpoint, stack.client(stack.create_account()) as api:
        secret = configure(api, endpoint, "call.started", "call.completed")
        call_ids = [play(api) for _number in range(CALLS)]
        wait_until(lambda: len(endpoint.requests) >= 5, within_s=60, what="the worker begins")
        stack.kill("worker")
        assert len(endpoint.events(secret)) < 2 * CALLS, "killed too late to show anything"
        stack.start_worker()
        stack.start_beat()
        wait_until(lambda: len(endpoint.events(secret)) == 2 * CALLS, within_s=150, what="all messages arrive")
        wait_until(lambda: _states(api) == {"delivered"}, within_s=60, what="all are noted as delivered")
        events = endpoint.events(secret)
        told = sorted((event["data"]["id"], event["type"]) for event in events.values())
        assert told == sorted((call_id, kind) for call_id in call_ids for kind in ("call.completed", "call.started"))
        bodies = {(headers["webhook-id"], body) for headers, body, _at in endpoint.requests}
        assert len(bodies) == len(events), "a repeat has the same id and the same body"


def test_what_is_under_way_when_a_worker_is_stopped_is_finished(stack: Stack) -> None:
    stack.start_worker()
    with serving(Endpoint(delay_s=1.0)) as endpoint, stack.client(stack.create_account()) as api:
        secret = configure(api, endpoint, "call.completed")
        play(api)
        wait_until(lambda: endpoint.requests, within_s=60, what="the worker begins")
        stack.processes["worker"].terminate()
        stack.processes["worker"].wait(30)
        assert _states(api) == {"delivered"}
        assert len(endpoint.requests) == len(endpoint.events(secret)) == 1


def test_nobody_waits_for_another_accounts_slow_endpoint(stack: Stack) -> None:
    """One worker, and more slow requests at once than it has processes."""
    stack.start_worker(concurrency=1)
    slow_key, quick_key = stack.create_account("Lent"), stack.create_account("Rapide")
    with (
        serving(Endpoint(delay_s=60)) as slow,
        serving(Endpoint()) as quick,
        stack.client(slow_key) as slow_api,
        stack.client(quick_key) as quick_api,
    ):
        configure(slow_api, slow, "call.completed")
        configure(quick_api, quick, "call.completed")
        for _number in range(10):
            play(slow_api)
        wait_until(lambda: slow.requests, within_s=60, what="the slow endpoint is asked")
        play(quick_api)
        # Far less than one time-out of the slow one.
        wait_until(lambda: quick.requests, within_s=10, what="the quick endpoint is told")


def test_what_is_said_arrives_together_and_soon(stack: Stack) -> None:
    stack.start_worker()
    with serving(Endpoint()) as endpoint, stack.client(stack.create_account()) as api:
        secret = configure(api, endpoint, "call.transcript_update")
        call_id = api.post("calls", json={"agent": "accueil"}).raise_for_status().json()["id"]
        for number in range(10):
            piece = {"role": "caller", "text": f"mot {number}"}
            api.post(f"calls/{call_id}/events", json={"type": "transcript", "data": piece}).raise_for_status()
        wait_until(lambda: _last_words(endpoint, secret) == "mot 9", within_s=60, what="all of it is told")
        assert len(endpoint.requests) < 10
    assert json.loads(endpoint.requests[-1][1])["data"]["id"] == call_id


def _last_words(endpoint: Endpoint, secret: str) -> str:
    events = list(endpoint.events(secret).values())
    return str(events[-1]["data"]["transcript"][-1]["text"]) if events else ""


def _states(api: httpx.Client) -> set[str]:
    rows = api.get("webhook-deliveries", params={"page_size": 100}).raise_for_status().json()["results"]
    return {row["state"] for row in rows}
