"""Two ways in for tool calls: what the hot path answers, Django answers, and either knows what the other did."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.journeys.conftest import World
from tests.journeys.test_hot_path import IS_POSTGRESQL, NEW, is_hot, settled, two_ways
from tests.journeys.test_inbound_call import REPORT, node, post

__all__ = ["two_ways"]

pytestmark = pytest.mark.processes

TRANSFER, END, NOTE = "transfer_to_advisor", "end_call", "remember"
ENDING = {"tool_call_id": "h1", "arguments": {"reason": "goal_reached"}}
NOBODY = "0198aaaa-0000-7000-8000-000000000000"
SCRIPT: list[tuple[str, Any]] = [
    (END, {"tool_call_id": "h1", "arguments": {"reason": "goal_reached"}}),
    (END, {"tool_call_id": "h1", "arguments": {"reason": "goal_reached"}}),
    (END, {"tool_call_id": "h1", "arguments": {"reason": "caller_left"}}),
    (END, {"arguments": {"reason": "goal_reached"}, "budget_ms": 900}),
    (END, {"arguments": {"reason": 7}}),
    (END, {"arguments": {"unheard_of": 1}}),
    (END, {"arguments": []}),
    (END, {"arguments": None}),
    (END, {"tool_call_id": ""}),
    (END, {"tool_call_id": " padded "}),
    (END, {"tool_call_id": "x" * 201}),
    (END, {"budget_ms": 0}),
    (END, {"unheard_of": 1}),
    (END, []),
    ("nothing_of_this_name", {}),
    (NOTE, {"tool_call_id": "n1", "arguments": {}}),
    (TRANSFER, {"tool_call_id": "t1", "arguments": {"reason": "Zoë 🙂"}}),
    (TRANSFER, {"tool_call_id": "t2", "arguments": {"reason": "Zoë 🙂"}}),
    (TRANSFER, {"tool_call_id": "t1", "arguments": {"reason": "Zoë 🙂"}}),
]


def remember(api: httpx.Client) -> None:
    """A tool that keeps something for the rest of the call; published with the rest."""
    start = node("start", "start")
    keep = node("keep", "return", parameters={"noted": "{{ system.phone }}", "again": "{{ noted | default(0) }}"})
    graph = {"nodes": [start, keep], "edges": [{"source": "start", "target": "keep"}]}
    post(api, "workflows", {"name": "Remember", "graph": graph})
    action = {"moment": "during", "kind": "workflow", "name": NOTE, "description": "Remember.", "workflow": "Remember"}
    post(api, "agents/accueil/actions", action)
    post(api, "agents/accueil/releases", {})


def test_both_ways_in_give_the_same_answers_and_records(two_ways: tuple[World, httpx.Client, httpx.Client]) -> None:
    _world, usual, plain = two_ways
    remember(usual)
    told = []
    # The third begins in one process and goes on in the other.
    for beginning, going_on in ((usual, usual), (plain, plain), (plain, usual)):
        call_id = beginning.post("calls", json=NEW).raise_for_status().json()["id"]
        answers = [going_on.post(f"calls/{call_id}/actions/{name}", json=body) for name, body in SCRIPT]
        answers.append(going_on.post(f"calls/{call_id}/actions/{END}", content=b"{"))
        answers.append(going_on.post(f"calls/{NOBODY}/actions/{END}", json={}))
        assert going_on.post(f"calls/{call_id}/complete", json=REPORT).status_code == 202
        answers.append(going_on.post(f"calls/{call_id}/actions/{END}", json={}))
        call = going_on.get(f"calls/{call_id}").raise_for_status().json()
        runs = [_timeless(run) for run in call["runs"] if run["moment"] == "during"]
        told.append(([_told(answer) for answer in answers], runs, call["parameters"]))
        hot = [is_hot(answer) for answer in answers]
        assert any(hot) is (IS_POSTGRESQL and going_on is usual)
        assert all("total;dur=" in answer.headers["server-timing"] for answer in answers)
    assert told[0] == told[1] == told[2]
    assert told[0][2]["noted"]


def _told(answer: httpx.Response) -> tuple[int, str, Any]:
    return answer.status_code, answer.headers["content-type"], _timeless(answer.json())


def _timeless(value: Any) -> Any:
    """Without ids and times, which are others in each call."""
    if isinstance(value, dict):
        kept = {name: item for name, item in value.items() if not name.endswith(("_at", "_ms")) and name != "opened"}
        return {name: _timeless(item) for name, item in settled(kept).items()}
    return [_timeless(item) for item in value] if isinstance(value, list) else value


def test_simultaneous_tool_calls_by_both_ways_know_of_each_other(
    two_ways: tuple[World, httpx.Client, httpx.Client],
) -> None:
    """A repeat is answered and not executed; of two transfers, one rings."""
    _world, usual, plain = two_ways
    for _call in range(5):
        call_id = usual.post("calls", json=NEW).raise_for_status().json()["id"]
        path = f"calls/{call_id}/actions"
        with ThreadPoolExecutor(12) as pool:
            repeats = [pool.submit(client.post, f"{path}/{END}", json=ENDING) for client in (usual, plain) * 3]
            transfers = [
                pool.submit(
                    client.post, f"{path}/{TRANSFER}", json={"tool_call_id": f"t{number}", "arguments": {"reason": "x"}}
                )
                for number, client in enumerate((usual, plain) * 3)
            ]
        answers = [repeat.result().raise_for_status().json() for repeat in repeats]
        assert all(answer == answers[0] for answer in answers), answers
        asked = [transfer.result().raise_for_status().json() for transfer in transfers]
        assert sum(bool(answer["directives"]) for answer in asked) == 1, asked
        runs = usual.get(f"calls/{call_id}").json()["runs"]
        names = sorted(run["tool_call_id"] for run in runs if run["moment"] == "during")
        assert names == ["h1", "t0", "t1", "t2", "t3", "t4", "t5"]
        attempts = [run["attempt"] for run in runs if run["action"] == TRANSFER]
        assert sorted(attempts) == [1, 2, 3, 4, 5, 6]
