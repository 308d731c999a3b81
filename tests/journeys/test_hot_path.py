"""Two ways in, one contract: what the hot path answers is what Django answers, and nobody hears it change.

On SQLite there is only Django's way, and both servers are the same: the promises hold there, too.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from demo.crm_data import VIP_PHONE
from tests.journeys.conftest import World
from tests.journeys.test_inbound_call import REPORT, RINGING, configure
from tests.support.stack import free_port, wait_until

pytestmark = pytest.mark.processes

IS_POSTGRESQL = os.environ.get("DATABASE_URL", "").startswith("postgres")
NEW = {name: value for name, value in RINGING.items() if name != "external_id"}
MADE_ANEW = {"id", "token", "expires_at", "duration_ms", "started_ms", "now"}
ODD = [
    {"agent": "nobody"},
    {"agent": "accueil", "direction": "sideways"},
    {"agent": "accueil", "direction": "outbound"},
    {"direction": "outbound", "to": "+33199000001"},
    {"agent": " accueil "},
    {"agent": 7},
    {"agent": "accueil", "from": 33612345678},
    {"agent": "accueil", "unheard_of": 1},
    {"agent": "accueil", "external_id": ""},
    {"agent": "accueil", "external_id": "x" * 201},
    {"agent": "accueil", "budget_ms": "900"},
    {"agent": "accueil", "budget_ms": True},
    {"agent": "accueil", "budget_ms": 0},
    {"agent": "accueil", "context": []},
    {"agent": "accueil", "context": {"deep": [[[[[{"a": 1}]]]]]}},
    {"agent": "accueil", "sip_headers": {"X-A": 1}},
    {"agent": "accueil", "sip_headers": {"X-A": " padded "}},
    {"agent": "accueil", "runtime": "telepathy"},
    {"agent": "accueil", "runtime": "retell"},
    {"agent": "accueil", "context": {"big": 2**70, "name": "Zoë 🙂", "none": None}},
    {"to": "+33199000001"},
    {"to": "+33199000099"},
    {},
]
RAW = [b"", b"{", b"[]", b'{"agent": "accueil", "context": {"a": NaN}}', b'{"agent": "accueil\\u0000"}', b"\xff\xfe"]


@pytest.fixture
def two_ways(world: World) -> Iterator[tuple[World, httpx.Client, httpx.Client]]:
    """The usual web process, and one that has the hot path switched off."""
    key = world.stack.create_account()
    world.stack.start_web()
    plain_port = free_port()
    world.stack.environment["HOT_PATH"] = "0"
    world.stack.start_web("plain", plain_port)
    with world.stack.client(key) as usual, world.stack.client(key) as plain:
        plain.base_url = httpx.URL(f"http://127.0.0.1:{plain_port}/api/v1/")
        configure(usual, world.crm_url)
        yield world, usual, plain


def settled(value: Any) -> Any:
    """Without what is another in each call."""
    if isinstance(value, dict):
        return {name: settled(item) for name, item in value.items() if name not in MADE_ANEW}
    return [settled(item) for item in value] if isinstance(value, list) else value


def is_hot(response: httpx.Response) -> bool:
    """Whether Django has had nothing to do with it."""
    return "x-frame-options" not in response.headers


def test_both_ways_in_give_the_same_answers(two_ways: tuple[World, httpx.Client, httpx.Client]) -> None:
    _world, usual, plain = two_ways
    good = {**RINGING, "from": VIP_PHONE}
    first = usual.post("calls", json={**good, "external_id": "A"})
    assert first.status_code == 201, first.text
    assert is_hot(first) is IS_POSTGRESQL
    second = plain.post("calls", json={**good, "external_id": "B"})
    assert not is_hot(second)
    assert settled(first.json()) == settled(second.json())
    assert first.headers["content-type"] == second.headers["content-type"]
    for body in ODD:
        one, other = usual.post("calls", json=body), plain.post("calls", json=body)
        assert (one.status_code, settled(one.json())) == (other.status_code, settled(other.json())), body
        assert one.headers["content-type"] == other.headers["content-type"], body
    for raw in RAW:
        one, other = usual.post("calls", content=raw), plain.post("calls", content=raw)
        assert one.status_code >= 400
        assert (one.status_code, settled(one.json())) == (other.status_code, settled(other.json())), raw
    for key in ("tq_nobody_x", "nonsense"):
        headers = {"Authorization": f"Bearer {key}"}
        one, other = (client.post("calls", json=good, headers=headers) for client in (usual, plain))
        assert one.status_code == other.status_code == 401


def test_what_was_written_reads_the_same(two_ways: tuple[World, httpx.Client, httpx.Client]) -> None:
    _world, usual, plain = two_ways
    written = []
    for client, external_id in ((usual, "A"), (plain, "B"), (usual, None), (plain, None)):
        body = {**RINGING, "from": VIP_PHONE, "external_id": external_id, "context": {"note": "é", "big": 2**70}}
        call_id = client.post("calls", json=body).raise_for_status().json()["id"]
        assert client.post(f"calls/{call_id}/complete", json=REPORT).status_code == 202
        call = client.get(f"calls/{call_id}").raise_for_status().json()
        before = [run for run in call["runs"] if run["moment"] == "before"]
        shown = {name: value for name, value in call.items() if not name.endswith(("_at", "duration_s"))}
        written.append(settled({**shown, "external_id": None, "runs": [_timeless(run) for run in before]}))
    assert written[0] == written[1] == written[2] == written[3]


def _timeless(run: dict[str, Any]) -> dict[str, Any]:
    """Its steps, too, without how long each took and which call it spoke of."""
    steps = [(step["node"], step["state"], step["branch"]) for step in run["trace"]]
    return {name: value for name, value in run.items() if not name.endswith("_at")} | {"trace": steps}


def test_a_repeat_gets_the_first_answer_by_either_way(two_ways: tuple[World, httpx.Client, httpx.Client]) -> None:
    _world, usual, plain = two_ways
    body = {**RINGING, "from": VIP_PHONE, "external_id": "CA-1"}
    with ThreadPoolExecutor(8) as pool:
        clients = [usual, plain] * 8
        answers = list(pool.map(lambda client: client.post("calls", json=body), clients))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    first = settled(answers[0].json())
    assert all(settled(answer.json()) == first for answer in answers)
    assert len(usual.get("calls").json()["results"]) == 1
    other = usual.post("calls", json={**body, "from": "+33612345679"})
    assert (other.status_code, other.json()["code"]) == (409, "conflicting_repeat")


def test_a_change_counts_from_the_next_call_on(two_ways: tuple[World, httpx.Client, httpx.Client]) -> None:
    """Published or revoked through the other process, which shares nothing with this one but the database."""
    world, usual, plain = two_ways
    for _change in range(10):
        assert usual.post("calls", json=NEW).status_code == 201
        number = plain.post("agents/accueil/releases", json={}).raise_for_status().json()["number"]
        wait_until(
            lambda number=number: usual.post("calls", json=NEW).json()["release"]["number"] == number,
            within_s=1,
            what="the release is heard of",
        )
        # The process that changed it knows at once.
        number = usual.post("agents/accueil/releases", json={}).raise_for_status().json()["number"]
        assert usual.post("calls", json=NEW).json()["release"]["number"] == number
    world.stack.manage("shell", "-v0", "-c", REVOKE)
    wait_until(lambda: usual.post("calls", json=NEW).status_code == 401, within_s=1, what="the key is refused")


REVOKE = """
from django_scopes import scopes_disabled
from accounts.models import ApiKey
with scopes_disabled():
    for key in ApiKey.objects.all():
        key.revoke()
"""


@pytest.mark.skipif(not IS_POSTGRESQL, reason="only PostgreSQL has connections that somebody else can cut")
def test_connections_that_are_cut_lose_nothing_that_was_answered(
    two_ways: tuple[World, httpx.Client, httpx.Client],
) -> None:
    import psycopg

    world, usual, _plain = two_ways

    def begin(number: int) -> str | None:
        if number % 20 == 10:
            with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [world.stack.name]
                )
        answer = usual.post("calls", json={**RINGING, "external_id": f"CA-{number}"})
        assert answer.status_code in {201, 500}
        return answer.json()["id"] if answer.status_code == 201 else None

    with ThreadPoolExecutor(8) as pool:
        answered = {call_id for call_id in pool.map(begin, range(100)) if call_id}
    assert len(answered) > 50
    for call_id in answered:
        assert wait_until(lambda call_id=call_id: _get(usual, call_id), within_s=5, what="the call is there")
    # And it goes on by itself.
    wait_until(lambda: is_hot(usual.post("calls", json=NEW)), within_s=5, what="the hot path is back")


def _get(client: httpx.Client, call_id: str) -> bool:
    return client.get(f"calls/{call_id}").status_code == 200
