"""The runner: one action, its deadline, its outcome, its errors."""

from __future__ import annotations

import asyncio
import time
from typing import Any
from uuid import uuid4

import pytest
from django.utils.translation import override

from actions.contract import ActionError, AgentFacts, CallContext, Deadline, Moment, Outcome
from calls.models import RunState
from calls.runner import run_action
from tests.support.kinds import Behaviour, scripted


def context(seconds: float = 1.0) -> CallContext:
    return CallContext(
        call_id=uuid4(),
        run_id=uuid4(),
        account_id=1,
        agent=AgentFacts(1, "accueil", "Accueil", "en", "Europe/Paris"),
        moment=Moment.DURING,
        action_name="scripted",
        scope={},
        deadline=Deadline.after(seconds),
        attempt=1,
        idempotency_key="key",
    )


async def run(behaviour: Behaviour, seconds: float = 1.0) -> Any:
    return await run_action(scripted(behaviour), context(seconds), {})


async def test_it_reports_the_outcome() -> None:
    async def behave(context: CallContext) -> Outcome:
        return Outcome(result="done", variables={"a": 1})

    report = await run(behave)
    assert (report.state, report.outcome.result, report.error_code) == (RunState.SUCCEEDED, "done", "")


async def test_a_reason_to_skip_is_not_a_success() -> None:
    async def behave(context: CallContext) -> Outcome:
        return Outcome(skipped="No label fits.")

    assert (await run(behave)).state == RunState.SKIPPED


async def test_an_action_error_keeps_its_code_its_message_and_what_may_be_said() -> None:
    async def behave(context: CallContext) -> Outcome:
        raise ActionError("CRM said 403", code="upstream_error", permanent=True, spoken="Sorry.")

    report = await run(behave)
    assert report.state == RunState.FAILED
    assert (report.error_code, report.error_message, report.spoken) == ("upstream_error", "CRM said 403", "Sorry.")
    assert report.permanent


async def test_a_bug_in_a_kind_ends_in_the_report_without_its_text() -> None:
    async def behave(context: CallContext) -> Outcome:
        raise RuntimeError("password=hunter2")

    with override("fr"):
        report = await run(behave)
    assert (report.state, report.error_code) == (RunState.FAILED, "internal_error")
    assert report.error_message == "An internal error occurred.", "in the agent's language, whatever the worker's"
    assert "hunter2" not in report.spoken
    assert report.spoken


async def test_it_stops_at_the_deadline() -> None:
    async def behave(context: CallContext) -> Outcome:
        await asyncio.sleep(30)
        raise AssertionError

    started = time.monotonic()
    report = await run(behave, 0.1)
    assert time.monotonic() - started < 5
    assert (report.state, report.error_code) == (RunState.FAILED, "timed_out")


async def test_a_kind_that_ignores_its_cancellation_does_not_hold_the_answer_back() -> None:
    release = asyncio.Event()

    async def behave(context: CallContext) -> Outcome:
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue
        return Outcome(result="too late")

    started = time.monotonic()
    report = await run(behave, 0.1)
    assert time.monotonic() - started < 5
    assert report.error_code == "timed_out"
    release.set()
    await asyncio.sleep(0)


async def test_an_error_raised_on_the_way_out_says_more_than_the_time_out() -> None:
    async def behave(context: CallContext) -> Outcome:
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            raise ActionError("The CRM did not answer.", code="upstream_timed_out") from None
        raise AssertionError

    assert (await run(behave, 0.05)).error_code == "upstream_timed_out"


async def test_a_deadline_in_the_past_runs_nothing() -> None:
    ran = []

    async def behave(context: CallContext) -> Outcome:
        ran.append(1)
        return Outcome()

    assert (await run(behave, -1)).error_code == "timed_out"
    assert ran == []


@pytest.mark.parametrize("nonsense", [object(), float("nan"), {1, 2}, b"bytes"])
async def test_a_result_that_is_not_json_is_a_failure(nonsense: object) -> None:
    async def behave(context: CallContext) -> Outcome:
        return Outcome(result=nonsense)

    assert (await run(behave)).error_code == "bad_result"


async def test_cancelling_the_request_cancels_the_action() -> None:
    cancelled = asyncio.Event()

    async def behave(context: CallContext) -> Outcome:
        try:
            await asyncio.sleep(30)
        finally:
            cancelled.set()
        raise AssertionError

    task = asyncio.create_task(run(behave, 10))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.wait_for(cancelled.wait(), 1)


async def test_what_no_database_takes_is_replaced() -> None:
    async def behave(context: CallContext) -> Outcome:
        return Outcome(
            result=["a\x00b", "é"], variables={"k\ud800": {"v": "\udfff"}}, agent_configuration={"p": "\x00"}
        )

    outcome = (await run(behave)).outcome
    assert outcome.result == ["a\ufffdb", "é"]
    assert outcome.variables == {"k\ufffd": {"v": "\ufffd"}}
    assert outcome.agent_configuration == {"p": "\ufffd"}


async def test_what_is_nested_too_deeply_is_no_result() -> None:
    for depth, state in ((90, RunState.SUCCEEDED), (110, RunState.FAILED), (5_000, RunState.FAILED)):

        async def behave(context: CallContext, depth: int = depth) -> Outcome:
            result: Any = "x" * 100
            for _level in range(depth):
                result = [result]
            return Outcome(result=result)

        report = await run(behave)
        assert (report.state, report.error_code) == (state, "" if state == RunState.SUCCEEDED else "bad_result")


async def test_logs_say_where_a_kind_broke_and_not_with_what(caplog: pytest.LogCaptureFixture) -> None:
    async def behave(context: CallContext) -> Outcome:
        return Outcome(result=int(f"code {4700 + 11}"))

    assert (await run(behave)).error_code == "internal_error"
    assert "run_crashed" in caplog.text
    assert "in behave" in caplog.text
    assert "4711" not in caplog.text
