"""A hunt as a call lives it: kept attempts, repeats, and events that arrive in the same instant."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from asgiref.sync import async_to_sync
from django.db import connection
from django_scopes import scope

from actions.contract import Moment
from actions.models import Agent
from actions.releases import publish
from calls import lifecycle
from calls.models import Run
from calls.requests import BeginCall, InvokeAction, RecordEvent
from transfers.action import TransferAction

NUMBERS = ("+33199000010", "+33199000011", "+33199000012")


@pytest.fixture
def hunting(agent: Agent) -> Iterator[Agent]:
    with scope(account=agent.account):
        action = TransferAction.objects.create(agent=agent, moment=Moment.DURING, name="team", strategy="in_order")
        for position, phone in enumerate(NUMBERS):
            action.destinations.create(phone=phone, position=position)
        publish(agent)
        yield agent


def begin(agent: Agent) -> UUID:
    request = BeginCall(direction="inbound", agent=agent.slug, from_number="+33639980001")
    return UUID(async_to_sync(lifecycle.begin)(agent.account, request)["id"])


def transfer(call_id: UUID, tool_call_id: str = "t1") -> dict[str, Any]:
    return async_to_sync(lifecycle.invoke)(call_id, InvokeAction(name="team", tool_call_id=tool_call_id))


def report(call_id: UUID, outcome: str, event_id: str | None = None, **data: Any) -> dict[str, Any]:
    event = RecordEvent(type=f"transfer.{outcome}", data={"tool_call_id": "t1", **data}, event_id=event_id)
    return async_to_sync(lifecycle.record)(call_id, event)


def rung(answer: dict[str, Any]) -> list[str]:
    return [destination["value"] for directive in answer["directives"] for destination in directive["destinations"]]


def test_a_hunt_is_kept_attempt_by_attempt(hunting: Agent) -> None:
    call_id = begin(hunting)
    assert rung(transfer(call_id)) == [NUMBERS[0]]
    assert rung(report(call_id, "no_answer", attempt=1)) == [NUMBERS[1]]
    assert rung(report(call_id, "ringing", attempt=2)) == []
    assert report(call_id, "bridged", attempt=2)["result"]["status"] == "bridged"
    assert report(call_id, "busy", attempt=2)["result"]["ignored"] is True
    kept = Run.objects.get(tool_call_id="t1").progress
    assert [attempt["outcome"] for attempt in kept["attempts"]] == ["no_answer", "bridged"]
    assert kept["status"] == "bridged"


def test_a_repeated_event_gets_the_first_order_and_rings_nobody_twice(hunting: Agent) -> None:
    call_id = begin(hunting)
    transfer(call_id)
    first = report(call_id, "busy", event_id="e1")
    assert report(call_id, "busy", event_id="e1") == first
    assert len(Run.objects.get(tool_call_id="t1").progress["attempts"]) == 2


def test_the_model_that_asks_again_is_told_that_it_rings(hunting: Agent) -> None:
    call_id = begin(hunting)
    transfer(call_id)
    again = transfer(call_id, "t2")
    assert (again["directives"], again["result"]["status"]) == ([], "requested")
    # The runtime reports on, without saying which tool call it means.
    event = RecordEvent(type="transfer.no_answer", data={})
    assert rung(async_to_sync(lifecycle.record)(call_id, event)) == [NUMBERS[1]]


def test_once_it_has_failed_it_may_be_tried_again(hunting: Agent) -> None:
    call_id = begin(hunting)
    transfer(call_id)
    assert report(call_id, "cancelled")["directives"] == []
    assert rung(transfer(call_id, "t2")) == [NUMBERS[0]]


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite in memory lets one thread write, or fails")
@pytest.mark.django_db(transaction=True)
def test_reports_of_one_attempt_in_the_same_instant_ring_one_more(hunting: Agent) -> None:
    call_id = begin(hunting)
    transfer(call_id)
    together = threading.Barrier(6, timeout=20)

    def work(number: int) -> dict[str, Any]:
        try:
            together.wait()
            with scope(account=hunting.account):
                return report(call_id, "busy" if number % 2 else "no_answer", attempt=1)
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(work, range(6)))

    assert [rung(answer) for answer in answers if answer["directives"]] == [[NUMBERS[1]]]
    assert sum(answer["result"].get("ignored", False) for answer in answers) == 5
    kept = Run.objects.get(tool_call_id="t1").progress
    assert [attempt["outcome"] for attempt in kept["attempts"]][1:] == ["requested"]


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite in memory lets one thread write, or fails")
@pytest.mark.django_db(transaction=True)
def test_tool_calls_in_the_same_instant_order_one_transfer(hunting: Agent) -> None:
    call_id = begin(hunting)
    together = threading.Barrier(4, timeout=20)

    def work(number: int) -> dict[str, Any]:
        try:
            together.wait()
            with scope(account=hunting.account):
                return transfer(call_id, f"t{number}")
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(work, range(4)))

    assert sum(bool(answer["directives"]) for answer in answers) == 1
