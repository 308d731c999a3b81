"""Whoever is killed and whoever comes at the same instant: nothing acknowledged is lost, nothing is done twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from demo.crm_data import VIP_PHONE
from tests.journeys.conftest import World
from tests.journeys.test_inbound_call import REPORT, RINGING, configure, finished, note, post
from tests.support.stack import free_port, wait_until

pytestmark = [pytest.mark.processes, pytest.mark.timeout(400)]

CALLS = 12


def begin(api: httpx.Client, external_id: str) -> str:
    ringing = {**RINGING, "from": VIP_PHONE, "external_id": external_id}
    return str(api.post("calls", json=ringing).raise_for_status().json()["id"])


def after_states(api: httpx.Client, call_id: str) -> dict[str, str]:
    call = api.get(f"calls/{call_id}").raise_for_status().json()
    return {run["action"]: run["state"] for run in call["runs"] if run["moment"] == "after"}


def test_a_worker_killed_in_the_middle_loses_no_run_and_doubles_none(world: World) -> None:
    key = world.stack.create_account()
    world.stack.start_web()
    world.stack.start_worker()
    with world.stack.client(key) as api:
        configure(api, world.crm_url)
        call_ids = [begin(api, f"CA-{number}") for number in range(CALLS)]
        for call_id in call_ids:
            assert api.post(f"calls/{call_id}/complete", json=REPORT).status_code == 202
        # Kill it as soon as it has begun to work: some runs are done, some claimed, most still queued.
        wait_until(lambda: len(world.mails()) + len(world.notes()) >= 2, within_s=20, what="the worker begins")
        world.stack.kill("worker")
        unfinished = [call_id for call_id in call_ids if finished(api, call_id) is None]
        assert unfinished, "killed too late to show anything"

        world.stack.start_worker()
        world.stack.start_beat()
        for call_id in call_ids:
            wait_until(lambda call_id=call_id: finished(api, call_id), within_s=60, what=f"runs of {call_id}")
            assert after_states(api, call_id) == {
                "warn_retention": "succeeded",
                "praise_team": "skipped",
                "note": "succeeded",
            }
    # A mail whose worker died between sending and recording comes again with the same Message-ID.
    assert len({mail["message-id"] for mail in world.mails()}) == CALLS
    assert sorted(note["call_id"] for note in world.notes()) == sorted(call_ids)


def test_a_mail_server_that_is_down_delays_mail_and_loses_none(world: World) -> None:
    key = world.stack.create_account()
    world.stack.start_web()
    world.stack.start_worker()
    world.stack.start_beat()
    with world.stack.client(key) as api:
        configure(api, world.crm_url)
        mailbox = list(world.stack.processes["mailbox"].args)[2:]  # type: ignore[arg-type]
        world.stack.kill("mailbox")
        call_id = begin(api, "CA-1")
        api.post(f"calls/{call_id}/complete", json=REPORT).raise_for_status()

        def tried_in_vain() -> bool:
            runs = api.get(f"calls/{call_id}").json()["runs"]
            return any(run["action"] == "warn_retention" and run["error"] for run in runs)

        wait_until(tried_in_vain, within_s=20, what="the first attempt fails")
        assert world.mails() == []
        world.stack.start("mailbox", *map(str, mailbox))
        wait_until(lambda: finished(api, call_id), within_s=40, what="the mail is delivered")
        assert after_states(api, call_id)["warn_retention"] == "succeeded"
    assert len(world.mails()) == 1


def test_two_processes_that_get_the_same_tool_call_at_once_execute_it_once(world: World) -> None:
    key = world.stack.create_account()
    other_port = free_port()
    world.stack.start_web()
    world.stack.start_web("second_web", other_port)
    with world.stack.client(key) as api:
        configure(api, world.crm_url)
        post(api, "workflows", note(world.crm_url, "Take a note", "Rang back."))
        post(
            api,
            "agents/accueil/actions",
            {
                "moment": "during",
                "kind": "workflow",
                "name": "take_a_note",
                "description": "Notes something in the customer's file.",
                "workflow": "Take a note",
            },
        )
        post(api, "agents/accueil/releases", {})
        call_id = begin(api, "CA-1")

        def invoke(number: int) -> Any:
            port = world.stack.port if number % 2 else other_port
            url = f"http://127.0.0.1:{port}/api/v1/calls/{call_id}/actions/take_a_note"
            body = {"tool_call_id": "same", "arguments": {}}
            return httpx.post(url, json=body, headers={"X-Api-Key": key}, timeout=30)

        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(invoke, range(8)))
        assert {answer.status_code for answer in answers} == {200}
        assert len({answer.text for answer in answers}) == 1
        runs = [run for run in api.get(f"calls/{call_id}").json()["runs"] if run["action"] == "take_a_note"]
        assert [run["state"] for run in runs] == ["succeeded"]
    assert len(world.notes()) == 1


def test_simultaneous_repeats_of_an_event_all_learn_what_it_meant(world: World) -> None:
    key = world.stack.create_account()
    other_port = free_port()
    world.stack.start_web()
    world.stack.start_web("second_web", other_port)
    with world.stack.client(key) as api:
        configure(api, world.crm_url)
        call_id = begin(api, "CA-1")
        transfer = {"tool_call_id": "t1", "arguments": {}}
        api.post(f"calls/{call_id}/actions/transfer_to_advisor", json=transfer).raise_for_status()

        def report(number: int) -> Any:
            port = world.stack.port if number % 2 else other_port
            body = {"type": "transfer.no_answer", "event_id": f"e{number // 6}", "data": {"tool_call_id": "t1"}}
            url = f"http://127.0.0.1:{port}/api/v1/calls/{call_id}/events"
            return httpx.post(url, json=body, headers={"X-Api-Key": key}, timeout=30).json()

        with ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(report, range(30)))
    # The first of them rings the second number, the next ends the hunt, the others come too late.
    assert {answer["result"]["status"] for answer in answers} == {"requested", "no_answer"}
    assert [len(answer["directives"]) for answer in answers].count(1) == 6
    assert len({answer["id"] for answer in answers}) == 5


def test_two_people_who_change_different_fields_at_once_both_keep_their_change(world: World) -> None:
    key = world.stack.create_account()
    world.stack.start_web()
    with world.stack.client(key) as api, ThreadPoolExecutor(2) as pool:
        configure(api, world.crm_url)
        url = f"{world.stack.url}/api/v1/agents/accueil/actions/transfer_to_advisor"

        def patch(change: dict[str, Any]) -> int:
            return httpx.patch(url, json=change, headers={"X-Api-Key": key}, timeout=30).status_code

        for turn in range(8):
            changes = [{"description": f"Turn {turn}"}, {"ring_time_s": 10 + turn}]
            assert list(pool.map(patch, changes)) == [200, 200]
            now = api.get("agents/accueil/actions/transfer_to_advisor").json()
            assert (now["description"], now["ring_time_s"]) == (f"Turn {turn}", 10 + turn)
