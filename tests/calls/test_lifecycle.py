"""The lifecycle: each step once, whatever is repeated; the first answer for every repeat."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from asgiref.sync import async_to_sync
from django_scopes import scope

from accounts import queue
from actions.contract import ActionError, CallContext, Moment, Outcome
from actions.models import Agent
from actions.releases import PlannedAction, load_plan
from calls import errors, lifecycle
from calls.models import Call, CallState, Event, Run, RunState
from calls.requests import BeginCall, FinishCall, InvokeAction, RecordEvent
from tests.conftest import NUMBER
from tests.support.kinds import scripted

CALLER = "+33639980001"


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue.current_app, "send_task", lambda *args, **options: None)


@pytest.fixture
def in_account(published_agent: Agent) -> Iterator[Agent]:
    with scope(account=published_agent.account):
        yield published_agent


@pytest.fixture
def plan_with(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """The agent's plan, with these actions in front of its own."""

    def replace(*actions: PlannedAction) -> None:
        def load(release_id: int) -> Any:
            plan = load_plan(release_id)
            return dataclasses.replace(plan, actions=(*actions, *plan.actions))

        monkeypatch.setattr(lifecycle, "load_plan", load)

    return replace


def begin(taker: Agent, **fields: Any) -> dict[str, Any]:
    request = BeginCall(**{"direction": "inbound", "agent": taker.slug, "from_number": CALLER, **fields})
    return async_to_sync(lifecycle.begin)(taker.account, request)


def invoke(call_id: str, name: str, /, **fields: Any) -> dict[str, Any]:
    return async_to_sync(lifecycle.invoke)(UUID(call_id), InvokeAction(name=name, **fields))


def record(call_id: str, type: str, **fields: Any) -> dict[str, Any]:
    return async_to_sync(lifecycle.record)(UUID(call_id), RecordEvent(type=type, **fields))


def finish(call_id: str, **fields: Any) -> dict[str, Any]:
    return async_to_sync(lifecycle.finish)(UUID(call_id), FinishCall(**fields))


def gives(**variables: Any) -> Callable[[CallContext], Any]:
    async def behave(context: CallContext) -> Outcome:
        return Outcome(variables=variables)

    return behave


# --- begin ---


def test_a_dialled_number_finds_its_agent(in_account: Agent) -> None:
    answer = begin(in_account, agent="", to_number=NUMBER)
    assert (answer["agent"], answer["release"], answer["state"]) == ("accueil", {"number": 1}, "in_progress")
    call = Call.objects.get()
    assert (str(call.pk), call.state, call.from_number) == (answer["id"], CallState.IN_PROGRESS, CALLER)


@pytest.mark.parametrize("caller", ["anonymous", "", "Unavailable", "+0", "sip:bob@example.org", "12", "📞"])
def test_odd_callers_are_accepted_as_given(in_account: Agent, caller: str) -> None:
    begin(in_account, from_number=caller)
    assert Call.objects.get().from_number == caller


def test_an_agent_without_a_hang_up_offers_the_default_one(in_account: Agent) -> None:
    assert [tool["name"] for tool in begin(in_account)["tools"]] == ["hang_up"]


def test_before_actions_see_what_earlier_ones_merged(in_account: Agent, plan_with: Any) -> None:
    seen = {}

    async def look(context: CallContext) -> Outcome:
        seen.update(tier=context.scope["tier"], given=context.scope["context"]["campaign"])
        return Outcome(variables={"tier": "platinum"}, agent_configuration={"prompt": "Be brief."})

    plan_with(
        scripted(gives(tier="gold"), name="one", moment=Moment.BEFORE), scripted(look, name="two", moment=Moment.BEFORE)
    )
    answer = begin(in_account, context={"campaign": "autumn"})
    assert seen == {"tier": "gold", "given": "autumn"}
    assert answer["parameters"] == {"campaign": "autumn", "tier": "platinum"}
    assert answer["agent_configuration"] == {"prompt": "Be brief."}
    assert [(run["action"], run["state"]) for run in answer["runs"]] == [("one", "succeeded"), ("two", "succeeded")]
    assert Call.objects.get().parameters == answer["parameters"]


def test_a_failing_before_action_gives_its_defaults_and_the_call_goes_on(in_account: Agent, plan_with: Any) -> None:
    async def fail(context: CallContext) -> Outcome:
        context.warnings.append("half of it was there")
        raise ActionError("The CRM said 500.", code="upstream_error")

    plan_with(scripted(fail, moment=Moment.BEFORE, defaults={"vip": False}))
    answer = begin(in_account)
    assert answer["parameters"] == {"vip": False}
    assert answer["runs"][0]["error"] == {"code": "upstream_error", "message": "The CRM said 500."}
    assert answer["runs"][0]["warnings"] == ["half of it was there"]
    assert Run.objects.get().state == RunState.FAILED


def test_the_answer_comes_within_the_runtimes_budget(in_account: Agent, plan_with: Any) -> None:
    async def never(context: CallContext) -> Outcome:
        await asyncio.sleep(60)
        raise AssertionError

    plan_with(*(scripted(never, name=name, moment=Moment.BEFORE, defaults={name: "default"}) for name in ("a", "b")))
    started = time.monotonic()
    answer = begin(in_account, budget_ms=500)
    assert time.monotonic() - started < 5
    assert [run["error"]["code"] for run in answer["runs"]] == ["timed_out", "timed_out"]
    assert answer["parameters"] == {"a": "default", "b": "default"}


def test_a_repeated_external_id_gets_the_first_answer_and_runs_nothing(in_account: Agent, plan_with: Any) -> None:
    runs = []

    async def count(context: CallContext) -> Outcome:
        runs.append(context.run_id)
        return Outcome()

    plan_with(scripted(count, moment=Moment.BEFORE))
    first = begin(in_account, external_id="CA1", budget_ms=2000)
    assert begin(in_account, external_id="CA1", budget_ms=1900) == first
    assert len(runs) == Call.objects.count() == 1


def test_a_conflicting_repeat_is_refused(in_account: Agent) -> None:
    begin(in_account, external_id="CA1")
    with pytest.raises(errors.ConflictingRepeat):
        begin(in_account, external_id="CA1", from_number="+33639980002")
    assert Call.objects.count() == 1


def test_a_repeat_takes_over_the_call_of_a_dead_process(in_account: Agent) -> None:
    first = begin(in_account, external_id="CA1")
    Call.objects.update(answer=None, state=CallState.RINGING, answer_due_at=Call.objects.get().begun_at)
    again = begin(in_account, external_id="CA1")
    assert again["id"] == first["id"]
    assert Call.objects.get().state == CallState.IN_PROGRESS


def test_a_repeat_does_not_wait_for_ever_for_an_answer_that_is_not_due(in_account: Agent) -> None:
    begin(in_account, external_id="CA1")
    Call.objects.update(answer=None, state=CallState.RINGING)
    with pytest.raises(errors.StillRunning):
        begin(in_account, external_id="CA1", budget_ms=200)


def test_an_unpublished_agent_takes_no_call(agent: Agent) -> None:
    with scope(account=agent.account), pytest.raises(errors.UnpublishedAgent):
        begin(agent)


def test_an_inbound_agent_makes_no_outbound_call(in_account: Agent) -> None:
    with pytest.raises(errors.WrongDirection):
        begin(in_account, direction="outbound")


def test_a_fail_over_is_told_and_stops_the_actions_after_it(in_account: Agent, plan_with: Any) -> None:
    async def refuse(context: CallContext) -> Outcome:
        return Outcome(variables={"seen": 1}, fail_over="No data")

    plan_with(
        scripted(gives(first=1), name="one", moment=Moment.BEFORE),
        scripted(refuse, name="two", moment=Moment.BEFORE),
        scripted(gives(third=1), name="three", moment=Moment.BEFORE),
    )

    answer = begin(in_account)

    assert answer["fail_over"] == {"reason": "No data"}
    assert answer["parameters"] == {"first": 1, "seen": 1}
    assert [run["action"] for run in answer["runs"]] == ["one", "two"]


def test_a_call_without_fail_over_says_so(in_account: Agent) -> None:
    assert begin(in_account)["fail_over"] is None


def test_a_report_that_comes_while_it_rings_stands(in_account: Agent, plan_with: Any) -> None:
    async def caller_gives_up(context: CallContext) -> Outcome:
        await lifecycle.finish(context.call_id, FinishCall(variables={"rating": 5}))
        return Outcome(variables={"tier": "gold"})

    plan_with(scripted(caller_gives_up, moment=Moment.BEFORE))
    begin(in_account, context={"campaign": "autumn"})
    call = Call.objects.get()
    assert call.state == CallState.COMPLETED
    assert call.parameters == {"campaign": "autumn", "tier": "gold", "rating": 5}


# --- during ---


def test_a_call_stays_on_the_release_it_began_with(in_account: Agent) -> None:
    from actions.kinds.keypad import KeypadAction
    from actions.releases import publish

    call_id = begin(in_account)["id"]
    KeypadAction.objects.create(agent=in_account, moment="during", name="keys")
    publish(in_account)
    with pytest.raises(errors.UnknownAction):
        invoke(call_id, "keys", arguments={"digits": "1"})
    assert invoke(begin(in_account)["id"], "keys", arguments={"digits": "1#"})["directives"] == [
        {"type": "send_digits", "digits": "1#", "duration_ms": 500, "secret": False}
    ]


def test_a_repeated_tool_call_gets_the_first_result_and_runs_nothing(in_account: Agent, plan_with: Any) -> None:
    runs = []

    async def count(context: CallContext) -> Outcome:
        runs.append(context.attempt)
        return Outcome(result={"n": len(runs)}, variables={"counted": len(runs)})

    plan_with(scripted(count))
    call_id = begin(in_account)["id"]
    first = invoke(call_id, "scripted", tool_call_id="t1")
    assert invoke(call_id, "scripted", tool_call_id="t1") == first
    assert invoke(call_id, "scripted", tool_call_id="t2")["result"] == {"n": 2}
    assert runs == [1, 2]
    assert Call.objects.get().parameters == {"counted": 2}


def test_a_repeated_tool_call_with_other_arguments_is_refused(in_account: Agent, plan_with: Any) -> None:
    plan_with(scripted(gives()))
    call_id = begin(in_account)["id"]
    invoke(call_id, "scripted", tool_call_id="t1", arguments={"n": 1})
    with pytest.raises(errors.ConflictingRepeat):
        invoke(call_id, "scripted", tool_call_id="t1", arguments={"n": 2})


def test_the_same_tool_call_id_in_another_call_is_another_tool_call(in_account: Agent, plan_with: Any) -> None:
    plan_with(scripted(gives()))
    for _ in range(2):
        invoke(begin(in_account)["id"], "scripted", tool_call_id="t1")
    assert Run.objects.count() == 2


def test_arguments_that_do_not_fit_are_named_and_nothing_is_stored(in_account: Agent, plan_with: Any) -> None:
    plan_with(scripted(gives()))
    call_id = begin(in_account)["id"]
    with pytest.raises(errors.InvalidArguments) as refusal:
        invoke(call_id, "scripted", arguments={"n": "one"})
    assert [field for field, _message in refusal.value.fields] == ["arguments.n"]
    assert Run.objects.count() == 0


def test_a_failing_tool_answers_with_words_for_the_model_and_no_details(in_account: Agent, plan_with: Any) -> None:
    async def fail(context: CallContext) -> Outcome:
        raise ActionError("connect to 10.0.0.3 refused", code="connection_failed")

    plan_with(scripted(fail))
    answer = invoke(begin(in_account)["id"], "scripted")
    assert (answer["result"]["status"], answer["result"]["code"]) == ("failed", "connection_failed")
    assert "10.0.0.3" not in answer["result"]["message"]
    assert Run.objects.get().error_message == "connect to 10.0.0.3 refused"


def test_another_accounts_call_is_unknown(in_account: Agent, other_account: Any) -> None:
    call_id = begin(in_account)["id"]
    with scope(account=other_account):
        for step in (
            lambda: invoke(call_id, "hang_up", arguments={"reason": "goal_reached"}),
            lambda: record(call_id, "transcript"),
            lambda: finish(call_id),
        ):
            with pytest.raises(errors.UnknownCall):
                step()


def test_an_event_reaches_the_run_that_it_is_about(in_account: Agent, plan_with: Any) -> None:
    plan_with(scripted(gives()))
    call_id = begin(in_account)["id"]
    run = invoke(call_id, "scripted", tool_call_id="t1")["run"]
    invoke(call_id, "scripted", tool_call_id="t2")
    answer = record(call_id, "scripted.failed", data={"tool_call_id": "t1"}, event_id="e1")
    assert (answer["run_id"], answer["result"]) == (run["id"], {"seen": "scripted.failed"})
    assert record(call_id, "scripted.failed", data={"tool_call_id": "t1"}, event_id="e1") == answer
    assert Event.objects.count() == 1
    with pytest.raises(errors.ConflictingRepeat):
        record(call_id, "scripted.done", event_id="e1")


def test_an_event_is_kept_with_its_meaning_or_not_at_all(
    in_account: Agent, plan_with: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan_with(scripted(gives()))
    call_id = begin(in_account)["id"]
    invoke(call_id, "scripted", tool_call_id="t1")

    def break_down(*args: Any) -> None:
        raise RuntimeError

    with monkeypatch.context() as patched:
        patched.setattr(lifecycle, "_observe", break_down)
        with pytest.raises(RuntimeError):
            record(call_id, "scripted.failed", event_id="e1")
    assert record(call_id, "scripted.failed", event_id="e1")["result"] == {"seen": "scripted.failed"}


def test_an_event_that_no_kind_knows_is_kept(in_account: Agent) -> None:
    answer = record(begin(in_account)["id"], "network.jitter", data={"ms": 80})
    assert (answer["run_id"], answer["result"]) == (None, None)
    assert Event.objects.get().data == {"ms": 80}


# --- after ---


def test_the_report_and_the_queue_are_one_step(in_account: Agent, plan_with: Any) -> None:
    plan_with(scripted(gives(), name="a", moment=Moment.AFTER), scripted(gives(), name="b", moment=Moment.AFTER))
    call_id = begin(in_account)["id"]
    report = {"summary": "Wants to cancel.", "classifications": {"motif": "résiliation"}, "duration_s": 42.0}
    assert finish(call_id, **report) == {"id": call_id, "state": "completed"}
    assert finish(call_id, **report) == {"id": call_id, "state": "completed"}
    assert [(run.action_name, run.state) for run in Run.objects.all()] == [("a", "queued"), ("b", "queued")]
    call = Call.objects.get()
    assert (call.state, call.summary, call.duration_s) == (CallState.COMPLETED, "Wants to cancel.", 42.0)
    with pytest.raises(errors.ConflictingRepeat):
        finish(call_id, summary="Something else.")


def test_a_report_without_transcript_uses_the_pieces_that_came_as_events(in_account: Agent) -> None:
    call_id = begin(in_account)["id"]
    for role, text in [("agent", "Bonjour"), ("caller", "Je veux résilier")]:
        record(call_id, "transcript", data={"role": role, "text": text, "confidence": 0.9})
        record(call_id, "transcript", data={"role": role, "said": text})
    finish(call_id)
    assert Call.objects.get().transcript == [
        {"role": "agent", "text": "Bonjour"},
        {"role": "caller", "text": "Je veux résilier"},
    ]


def test_an_ended_call_runs_no_more_tools_but_repeats_get_their_answer(in_account: Agent, plan_with: Any) -> None:
    plan_with(scripted(gives()))
    call_id = begin(in_account)["id"]
    first = invoke(call_id, "scripted", tool_call_id="t1")
    finish(call_id)
    with pytest.raises(errors.CallEnded):
        invoke(call_id, "scripted", tool_call_id="t2")
    assert invoke(call_id, "scripted", tool_call_id="t1") == first


def test_an_unknown_call_is_unknown(in_account: Agent) -> None:
    with pytest.raises(errors.UnknownCall):
        finish(str(uuid4()))
