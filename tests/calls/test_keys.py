"""Keys that the caller presses: they run actions once, and what is secret of them stays nowhere."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from asgiref.sync import async_to_sync
from django.db import connection, connections
from django.forms.models import model_to_dict
from django.utils import timezone
from django_scopes import scope, scopes_disabled

from accounts import queue
from actions.contract import CallContext, Outcome
from actions.kinds.collect_digits import CollectDigitsAction
from actions.kinds.hang_up import HangUpAction
from actions.kinds.keypad import KeypadAction
from actions.kinds.menu import MenuAction, MenuKey
from actions.kinds.wait import WaitAction
from actions.models import Agent
from actions.registry import kinds
from actions.releases import publish
from calls import after, errors, lifecycle, records, secrecy
from calls.models import Call, Event, Run, RunState
from calls.requests import BeginCall, FinishCall, InvokeAction, RecordEvent
from tests.support.kinds import scripted

PIN = "4711"

needs_postgresql = pytest.mark.skipif(
    connection.vendor == "sqlite", reason="SQLite in memory lets one thread write, or fails"
)


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue.current_app, "send_task", lambda *args, **options: None)


@pytest.fixture
def call(agent: Agent) -> Iterator[str]:
    """Of an agent with a menu, a secret code to type, and that code to press."""
    with scope(account=agent.account):
        bye = HangUpAction.objects.create(agent=agent, moment="during", name="bye", attempts=3)
        hold = WaitAction.objects.create(agent=agent, moment="during", name="hold")
        menu = MenuAction.objects.create(agent=agent, moment="during", name="menu", unknown_texts={"fr": "Pardon ?"})
        MenuKey.objects.create(menu=menu, key="9", target=bye, arguments={"reason": "caller_asked"})
        MenuKey.objects.create(menu=menu, key="1", target=hold)
        CollectDigitsAction.objects.create(agent=agent, moment="during", name="ask", variable="pin", secret=True)
        KeypadAction.objects.create(agent=agent, moment="during", name="press", digits="0w{{ params.pin }}#")
        KeypadAction.objects.create(agent=agent, moment="during", name="type", secret=True)
        publish(agent)
        agent.refresh_from_db()
        yield begin(agent)


def begin(agent: Agent) -> str:
    request = BeginCall(direction="inbound", agent=agent.slug)
    answer: str = async_to_sync(lifecycle.begin)(agent.account, request)["id"]
    return answer


def invoke(call: str, name: str, /, **fields: Any) -> dict[str, Any]:
    return async_to_sync(lifecycle.invoke)(UUID(call), InvokeAction(name=name, **fields))


def record(call: str, type: str, **fields: Any) -> dict[str, Any]:
    return async_to_sync(lifecycle.record)(UUID(call), RecordEvent(type=type, **fields))


def finish(call: str, **fields: Any) -> None:
    async_to_sync(lifecycle.finish)(UUID(call), FinishCall(**fields))


def press(call: str, digits: str, event_id: str | None = None) -> dict[str, Any]:
    return record(call, "keypad.pressed", data={"digits": digits}, event_id=event_id)


def everything_kept() -> str:
    """All that the database holds of calls, runs and events, sealed columns left out."""
    rows = [*Call.objects.all(), *Run.objects.all(), *Event.objects.all()]
    hidden = ("id", "secrets", "request_digest", "completion_digest", "call", "run", "idempotency_key")
    return str([{name: value for name, value in model_to_dict(row).items() if name not in hidden} for row in rows])


# --- menus ---


def test_a_key_runs_its_action_without_the_model(call: str) -> None:
    answer = press(call, "9")
    assert [given["type"] for given in answer["directives"]] == ["hang_up"]
    assert (answer["result"]["reason"], Run.objects.get().action_name) == ("caller_asked", "bye")
    assert str(Run.objects.get().pk) == answer["run_id"]


def test_another_key_gets_the_menus_own_sentence(call: str) -> None:
    assert press(call, "5")["directives"][0]["text"] == "Pardon ?"


def test_a_repeated_key_runs_nothing_again(call: str) -> None:
    first = press(call, "9", "e1")
    assert press(call, "9", "e1") == first
    assert Run.objects.count() == Event.objects.count() == 1
    with pytest.raises(errors.ConflictingRepeat):
        press(call, "1", "e1")


def test_a_key_whose_first_request_died_before_its_action_runs_it(call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def die(*args: Any) -> None:
        raise SystemError

    with monkeypatch.context() as patched:
        patched.setattr(lifecycle, "_react", die)
        with pytest.raises(SystemError):
            press(call, "9", "e1")
    assert not Run.objects.exists()
    assert press(call, "9", "e1")["directives"][0]["type"] == "hang_up"


def test_a_key_whose_first_request_died_after_its_action_gets_that_result(
    call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*args: Any) -> None:
        raise SystemError

    with monkeypatch.context() as patched:
        patched.setattr(records, "store_reaction", die)
        with pytest.raises(SystemError):
            press(call, "9", "e1")
    answer = press(call, "9", "e1")
    assert (answer["directives"][0]["type"], answer["run_id"]) == ("hang_up", str(Run.objects.get().pk))


def test_a_key_after_the_end_is_kept_and_does_nothing(call: str) -> None:
    finish(call)
    answer = press(call, "9")
    assert (answer["run_id"], answer["directives"]) == (None, [])
    assert Event.objects.count() == 1


def test_a_key_in_the_moment_of_the_end_is_kept_and_does_nothing(call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = lifecycle._wanted

    def end_meanwhile(*args: Any) -> Any:
        after.complete_call(args[0], args[1], FinishCall())
        return wanted(*args)

    monkeypatch.setattr(lifecycle, "_wanted", end_meanwhile)
    assert press(call, "9")["directives"] == []
    assert not Run.objects.exists()


def test_keys_of_a_number_that_is_being_typed_are_none_of_the_menu(call: str) -> None:
    invoke(call, "ask", tool_call_id="t1")
    assert press(call, "9")["directives"] == []
    record(call, "keypad.collected", data={"digits": PIN, "tool_call_id": "t1"})
    assert press(call, "9")["directives"][0]["type"] == "hang_up"


# --- what events mean after the end ---


def test_an_event_after_the_end_tells_what_became_of_a_run_and_orders_nothing(
    call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    invoke(call, "hold", tool_call_id="t1")
    finish(call)
    answer = record(call, "wait.ended", data={"reason": "caller_hung_up", "tool_call_id": "t1"})
    assert (answer["result"]["reason"], answer["directives"]) == ("caller_hung_up", [])
    assert Run.objects.get(tool_call_id="t1").progress["ended"] == "caller_hung_up"


def test_what_an_event_means_may_depend_on_all_that_a_tool_call_knows(
    call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    collect(call)
    Call.objects.update(parameters={"vip": True}, from_number="+33639980001")
    seen: dict[str, Any] = {}

    def look(self: Any, params: Any, context: CallContext, event: Any) -> None:
        seen.update(pin=context.scope["pin"], vip=context.scope["vip"], ani=context.scope["interaction"]["ANI"])

    monkeypatch.setattr(type(kinds.get("menu")), "react", look)
    press(call, "9")
    assert seen == {"pin": PIN, "vip": True, "ani": "+33639980001"}


# --- attempts and waits are counted over the call ---


def test_attempts_to_hang_up_are_counted_over_the_call_and_failures_are_not(call: str) -> None:
    arguments = {"reason": "no_progress"}
    assert invoke(call, "bye", arguments=arguments)["result"]["attempt"] == 1
    Run.objects.update(state=RunState.FAILED)
    assert invoke(call, "bye", arguments=arguments, tool_call_id="t")["result"]["attempt"] == 1
    invoke(call, "bye", arguments=arguments, tool_call_id="t")
    assert invoke(call, "bye", arguments=arguments)["result"]["attempt"] == 2
    assert invoke(call, "bye", arguments=arguments)["result"]["status"] == "hanging_up"


def test_waits_are_counted_over_the_call(call: str) -> None:
    for _number in range(5):
        invoke(call, "hold")
    assert invoke(call, "hold")["result"]["code"] == "waited_long_enough"


def test_the_latest_of_very_many_waits_count(call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "MOST_EARLIER", 6)
    for number in range(8):
        invoke(call, "hold", tool_call_id=f"w{number}")
        if number < 4:
            record(call, "wait.ended", data={"reason": "speech", "tool_call_id": f"w{number}"})
    assert invoke(call, "hold")["result"]["status"] == "waiting"
    assert invoke(call, "hold")["result"]["code"] == "waited_long_enough"


# --- secret digits ---


def collect(call: str) -> dict[str, Any]:
    invoke(call, "ask", tool_call_id="t1")
    data = {"digits": PIN, "reason": "terminator", "tool_call_id": "t1", "raw": [PIN]}
    return record(call, "keypad.collected", data=data, event_id="e1")


def test_secret_digits_are_used_and_kept_nowhere(call: str) -> None:
    told = collect(call)
    assert (told["result"]["status"], told["result"]["count"]) == ("collected", 4)
    assert record(call, "keypad.collected", data={"digits": PIN, "reason": "terminator", "tool_call_id": "t1",
                                                  "raw": [PIN]}, event_id="e1") == told  # fmt: skip
    pressed = invoke(call, "press", tool_call_id="t2")
    assert pressed["directives"][0]["digits"] == f"0w{PIN}#"
    assert invoke(call, "press", tool_call_id="t2") == pressed
    record(call, "transcript", data={"role": "caller", "text": f"My code is {PIN}."})
    finish(call, summary=f"Code {PIN}.", transcript=({"role": "caller", "text": PIN},), variables={"code": PIN})
    assert PIN not in everything_kept()
    assert Call.objects.get().secrets == ""
    assert invoke(call, "press", tool_call_id="t2")["directives"][0]["digits"] == "••••"


def test_digits_are_found_again_by_nobody_who_tries_them_all(call: str) -> None:
    """The digest that tells repeats apart depends on the installation's key."""
    import hashlib

    collect(call)
    stored = Event.objects.get(event_id="e1").request_digest
    tried = {hashlib.sha256(str(number).encode()).hexdigest() for number in range(10_000)}
    assert stored not in tried
    with connection.cursor() as cursor:
        cursor.execute("SELECT secrets FROM calls_call")
        assert PIN not in str(cursor.fetchall())


def test_keys_that_the_model_gives_are_masked_where_they_are_secret(call: str) -> None:
    answer = invoke(call, "type", arguments={"digits": "5566"}, tool_call_id="t1")
    assert answer["directives"][0]["digits"] == "5566"
    assert invoke(call, "type", arguments={"digits": "5566"}, tool_call_id="t1") == answer
    with pytest.raises(errors.ConflictingRepeat):
        invoke(call, "type", arguments={"digits": "5567"}, tool_call_id="t1")
    run = Run.objects.get()
    assert (run.arguments, run.directives[0]["digits"]) == ({"digits": "••••"}, "••••")


def test_whatever_an_action_does_with_a_secret_is_masked(call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    collect(call)
    load = lifecycle.load_plan

    async def leak(context: CallContext) -> Outcome:
        pin = context.scope["params"]["pin"]
        assert context.scope["pin"] == pin == PIN
        context.trace.append({"input": {"url": f"https://crm.example/?pin={pin}", "number": int(pin)}})
        context.warnings.append(f"{pin} is odd")
        return Outcome(result={"said": f"code {pin}", "phone": f"+33{pin}00000"}, variables={"copy": pin})

    import dataclasses

    def with_leak(release_id: int) -> Any:
        plan = load(release_id)
        return dataclasses.replace(plan, actions=(scripted(leak), *plan.actions))

    monkeypatch.setattr(lifecycle, "load_plan", with_leak)
    answer = invoke(call, "scripted")
    assert answer["result"] == {"said": "code ••••", "phone": f"+33{PIN}00000"}
    run = Run.objects.get(action_name="scripted")
    assert run.trace[0]["input"] == {"url": "https://crm.example/?pin=••••", "number": "••••"}
    assert (run.warnings, run.variables) == (["•••• is odd"], {"copy": "••••"})
    assert Call.objects.get().parameters == {"copy": "••••"}


def test_what_a_run_remembers_of_a_secret_is_masked_and_goes_on_while_the_call_lasts(
    call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A transfer remembers its SIP headers, which later attempts repeat."""
    collect(call)
    known: list[Any] = []

    async def remember(self: Any, params: Any, context: CallContext, arguments: Any) -> Outcome:
        known.append(list(context.earlier))
        return Outcome(result={}, progress={"header": f"pin={context.scope['pin']}", "step": 1})

    def go_on(self: Any, params: Any, context: CallContext, event: Any) -> Outcome | None:
        known.append(context.progress)
        step = context.progress["step"] + 1
        return Outcome(result={}, progress={"header": context.progress["header"] if step < 4 else "", "step": step})

    hold = type(kinds.get("wait"))
    monkeypatch.setattr(hold, "run", remember)
    monkeypatch.setattr(hold, "observe", go_on)
    invoke(call, "hold", tool_call_id="w1")
    for _turn in range(4):
        record(call, "wait.ended", data={"tool_call_id": "w1"})
    invoke(call, "hold", tool_call_id="w2")
    live = [{"header": f"pin={PIN}", "step": step} for step in (1, 2, 3)]
    assert known == [[], *live, {"header": "", "step": 4}, [{"header": "", "step": 5}]]
    assert Run.objects.get(tool_call_id="w2").progress == {"header": "pin=••••", "step": 1}
    finish(call, ended_reason=f"typed {PIN}", classifications={"Code": PIN})
    assert PIN not in everything_kept()
    assert Call.objects.get().secrets == ""


def test_a_repeated_key_presses_the_same_secret_keys_again(call: str) -> None:
    with scopes_disabled():
        agent = Agent.objects.get()
    target = KeypadAction.objects.get(agent=agent, name="press")
    MenuKey.objects.create(menu=MenuAction.objects.get(agent=agent), key="7", target=target)
    publish(agent)
    agent.refresh_from_db()
    call = begin(agent)
    collect(call)
    first = press(call, "7", "k1")
    assert first["directives"][0]["digits"] == f"0w{PIN}#"
    assert press(call, "7", "k1") == first
    assert PIN not in everything_kept()
    finish(call)
    assert press(call, "7", "k1")["directives"][0]["digits"] == "••••"


def test_secrets_of_a_call_that_never_ends_are_forgotten(call: str) -> None:
    collect(call)
    assert after.sweep()["forgotten"] == 0
    Call.objects.update(begun_at=timezone.now() - secrecy.FORGOTTEN_AFTER - timedelta(minutes=1))
    assert after.sweep()["forgotten"] == 1
    assert Call.objects.get().secrets == ""


def test_digits_that_come_after_the_end_are_not_kept(call: str) -> None:
    invoke(call, "ask", tool_call_id="t1")
    finish(call)
    record(call, "keypad.collected", data={"digits": PIN, "tool_call_id": "t1"})
    assert Call.objects.get().secrets == ""
    assert PIN not in everything_kept()


# --- at the same time ---


@pytest.fixture
def at_once() -> Callable[..., list[Any]]:
    """Run functions in threads that start together; their results, or what they raised."""

    def run(account: Any, *steps: Callable[[], Any]) -> list[Any]:
        barrier, results = threading.Barrier(len(steps)), [None] * len(steps)

        def work(number: int, step: Callable[[], Any]) -> None:
            try:
                with scope(account=account):
                    barrier.wait()
                    results[number] = step()
            except Exception as error:
                results[number] = error
            finally:
                connections.close_all()

        threads = [threading.Thread(target=work, args=pair) for pair in enumerate(steps)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return results

    return run


@needs_postgresql
@pytest.mark.django_db(transaction=True)
def test_the_same_key_reported_many_times_at_once_runs_once(call: str, at_once: Any) -> None:
    with scopes_disabled():
        account = Call.objects.get(pk=call).account
    answers = at_once(account, *[lambda: press(call, "9", "e1")] * 6)
    assert all(answer == answers[0] for answer in answers), answers
    assert Run.objects.count() == Event.objects.count() == 1


@needs_postgresql
@pytest.mark.django_db(transaction=True)
def test_different_events_and_tools_at_once_block_nobody(call: str, at_once: Any) -> None:
    with scopes_disabled():
        account = Call.objects.get(pk=call).account
    for number in range(3):
        invoke(call, "ask", tool_call_id=f"t{number}")

    def collect_one(number: int) -> dict[str, Any]:
        data = {"digits": f"70{number}0", "tool_call_id": f"t{number}"}
        return record(call, "keypad.collected", data=data, event_id=f"e{number}")

    def press_one(number: int) -> dict[str, Any]:
        return invoke(call, "type", arguments={"digits": f"{number}"}, tool_call_id=f"k{number}")

    steps = [partial(step, number) for number in range(3) for step in (collect_one, press_one)]
    answers = at_once(account, *steps)
    assert not [answer for answer in answers if isinstance(answer, Exception)]
    kept = secrecy.variables_of(Call.objects.get(pk=call))
    assert kept["pin"] in {"7000", "7010", "7020"}
    assert {run.progress["status"] for run in Run.objects.filter(action_name="ask")} == {"collected"}
