"""Menus when things go wrong: what they lead to fails, has changed, rings already, or says too much."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django_scopes import scope

from actions.contract import ActionError, Invocation, Outcome
from actions.kinds.hang_up import HangUpAction
from actions.kinds.menu import MenuAction, MenuKey, MenuKind
from actions.kinds.wait import WaitAction
from actions.models import Agent
from actions.registry import kinds
from actions.releases import publish
from calls import lifecycle, results
from calls.models import Event, Run, RunState, Runtime
from calls.requests import BeginCall
from tests.calls.test_keys import invoke, press, record
from tests.calls.test_results import size
from transfers.kinds.transfer import TransferAction
from transfers.models import TransferDestination

TECHNICAL = "psycopg.OperationalError at 10.0.0.3"


@pytest.fixture
def line(agent: Agent) -> Iterator[Agent]:
    """An agent with a menu: 0 rings somebody, 1 is silence, 9 ends the call."""
    with scope(account=agent.account):
        bye = HangUpAction.objects.create(agent=agent, moment="during", name="bye")
        hold = WaitAction.objects.create(agent=agent, moment="during", name="hold")
        human = TransferAction.objects.create(agent=agent, moment="during", name="human")
        TransferDestination.objects.create(action=human, phone="+33639980010", description="Desk")
        menu = MenuAction.objects.create(agent=agent, moment="during", name="menu", unknown_texts={"en": "Sorry?"})
        for key, target, arguments in (("0", human, {"destination": "Desk"}), ("1", hold, {}), ("9", bye, {})):
            given = {"reason": "caller_asked"} if target is bye else arguments
            MenuKey.objects.create(menu=menu, key=key, target=target, arguments=given)
        publish(agent)
        agent.refresh_from_db()
        yield agent


def begin(agent: Agent, runtime: str = "rest") -> str:
    request = BeginCall(direction="inbound", agent=agent.slug, runtime=runtime)
    answer: str = async_to_sync(lifecycle.begin)(agent.account, request)["id"]
    return answer


def test_a_key_runs_its_action_while_a_transfer_rings(line: Agent) -> None:
    call = begin(line)
    assert press(call, "0")["directives"][0]["type"] == "transfer"
    assert press(call, "9")["directives"][0]["type"] == "hang_up"


def test_the_same_key_again_while_its_transfer_rings_orders_nothing(line: Agent) -> None:
    call = begin(line)
    press(call, "0", "e1")
    again = press(call, "0", "e2")
    assert (again["directives"], again["result"]["status"]) == ([], "requested")
    record(call, "transfer.no_answer")
    assert press(call, "0", "e3")["directives"][0]["type"] == "transfer"


@pytest.mark.parametrize("error", [RuntimeError(TECHNICAL), ActionError(TECHNICAL, code="refused")])
def test_a_key_whose_action_fails_tells_a_sentence_and_keeps_the_details_in_the_run(
    line: Agent, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*given: Any) -> Outcome:
        raise error

    monkeypatch.setattr(type(kinds.get("wait")), "run", fail)
    call = begin(line)
    answer = press(call, "1", "e1")
    assert (answer["result"]["status"], answer["directives"]) == ("failed", [])
    assert TECHNICAL not in str(answer)
    assert Run.objects.get().state == RunState.FAILED
    assert press(call, "1", "e1") == answer


def test_a_key_whose_arguments_fit_no_more_is_kept_and_runs_nothing(
    line: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    def react(*given: Any) -> Invocation:
        return Invocation("bye", {"reason": "a reason of an earlier version"})

    call = begin(line)
    with monkeypatch.context() as patched:
        patched.setattr(MenuKind, "react", react)
        answer = press(call, "9")
    assert (answer["result"], answer["directives"], answer["run_id"]) == (None, [], None)
    assert (Event.objects.count(), Run.objects.count()) == (1, 0)


def test_a_call_keeps_the_menu_that_a_newer_version_has_dropped(line: Agent) -> None:
    call = begin(line)
    MenuAction.objects.all().delete()
    WaitAction.objects.all().delete()
    publish(line)
    line.refresh_from_db()
    assert press(call, "1")["result"]["status"] == "waiting"
    assert press(begin(line), "1")["result"] is None


def test_a_key_in_no_menu_stays_silent_where_the_agents_language_has_no_sentence(line: Agent) -> None:
    answer = press(begin(line), "5")
    assert (answer["result"], answer["directives"]) == (None, [])
    assert not Run.objects.exists()


# --- what events tell the model is bounded like what tools do ---


@pytest.mark.parametrize("runtime", ["rest", Runtime.RETELL.value])
def test_the_result_of_a_key_has_the_length_that_the_runtime_takes_also_when_repeated(
    line: Agent, runtime: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def tell(*given: Any) -> Outcome:
        return Outcome(result={"status": "told", "rows": ["word " * 10] * 2000})

    monkeypatch.setattr(type(kinds.get("wait")), "run", tell)
    call = begin(line, runtime)
    answer = press(call, "1", "e1")
    assert answer["result"]["truncated"] is True
    assert answer["result"] == results.for_runtime(Run.objects.get().result, runtime)
    assert press(call, "1", "e1") == answer


def test_what_an_event_means_to_a_run_is_bounded_in_the_answer_and_in_the_record(
    line: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    def observe(*given: Any) -> Outcome:
        return Outcome(result={"status": "told", "rows": ["word " * 10] * 20_000})

    call = begin(line)
    invoke(call, "hold", tool_call_id="t1")
    monkeypatch.setattr(type(kinds.get("wait")), "observe", observe)
    answer = record(call, "wait.ended", data={"tool_call_id": "t1"}, event_id="e1")
    assert size(answer["result"]) <= results.DEFAULT_CHARS
    assert results.DEFAULT_CHARS < size(Event.objects.get().result) <= results.STORED_CHARS
    assert record(call, "wait.ended", data={"tool_call_id": "t1"}, event_id="e1") == answer
