"""After-call runs are durable: the row is the truth, whoever dies."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.utils import timezone
from django_scopes import scope

from accounts import queue
from actions.contract import Moment, Outcome
from actions.models import Agent
from calls import after, wake
from calls.after.leases import Heartbeat
from calls.after.picking import Turns
from calls.models import Call, CallState, Run, RunState
from calls.runner import RunReport

NOW = dt.datetime(2026, 11, 20, 9, 0, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def woken(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Who was woken, instead of a broker."""
    messages: list[Any] = []
    monkeypatch.setattr(queue.current_app, "send_task", lambda name, args, **options: messages.append(name))
    return messages


@pytest.fixture
def run(published_agent: Agent) -> Iterator[Run]:
    agent = published_agent
    with time_machine.travel(NOW, tick=False), scope(account=agent.account):
        call = Call.objects.create(
            account=agent.account,
            agent=agent,
            release=agent.current_release,
            direction="inbound",
            state=CallState.COMPLETED,
            answer_due_at=NOW,
        )
        yield Run.objects.create(
            account=agent.account,
            call=call,
            moment=Moment.AFTER,
            action_name="mail",
            kind="email",
            state=RunState.QUEUED,
            attempt=0,
            due_at=NOW,
        )


def report(state: RunState, **fields: Any) -> RunReport:
    return RunReport(state, timezone.now(), 12.5, **fields)


def claim(run: Run) -> Run | None:
    """As a worker finds it: the only one there is."""
    claimed = after.claim_next(Turns())
    assert claimed is None or claimed.pk == run.pk
    return claimed


def settle(run: Run, result: RunReport) -> Run:
    after.settle(run, result, trace=[], warnings=[])
    return Run.objects.get(pk=run.pk)


def test_exactly_one_worker_gets_a_run(run: Run) -> None:
    first, second = claim(run), claim(run)
    assert first is not None
    assert second is None
    assert first.attempt == 1


def test_a_run_is_not_claimed_before_it_is_due(run: Run) -> None:
    Run.objects.update(due_at=NOW + dt.timedelta(seconds=1))
    assert claim(run) is None


def test_success_is_final_and_its_variables_reach_the_call(run: Run) -> None:
    claimed = claim(run)
    assert claimed is not None
    done = settle(claimed, report(RunState.SUCCEEDED, outcome=Outcome(result="sent", variables={"ticket": "T-1"})))
    assert (done.state, done.result, done.claim) == (RunState.SUCCEEDED, "sent", None)
    assert Call.objects.get().parameters == {"ticket": "T-1"}


def test_a_failure_is_tried_again_later_and_later(run: Run) -> None:
    waits = []
    with time_machine.travel(NOW, tick=False) as clock:
        for _attempt in range(4):
            claimed = claim(run)
            assert claimed is not None
            again = settle(claimed, report(RunState.FAILED, error_code="connection_failed"))
            assert again.state == RunState.QUEUED
            assert again.due_at is not None
            waits.append((again.due_at - timezone.now()).total_seconds())
            clock.move_to(again.due_at)
    for wait, longest in zip(waits, [5, 10, 20, 40], strict=True):
        assert longest / 2 <= wait <= longest


def test_a_permanent_error_is_not_tried_again(run: Run) -> None:
    claimed = claim(run)
    assert claimed is not None
    dead = settle(claimed, report(RunState.FAILED, error_code="invalid_recipient", permanent=True))
    assert (dead.state, dead.error_code, dead.due_at) == (RunState.DEAD, "invalid_recipient", None)


def test_it_is_given_up_after_the_last_attempt(run: Run, settings: Any) -> None:
    settings.AFTER_RUN_MAX_ATTEMPTS = 2
    Run.objects.update(attempt=1)
    claimed = claim(run)
    assert claimed is not None
    assert settle(claimed, report(RunState.FAILED)).state == RunState.DEAD


def test_a_provider_that_asks_for_time_gets_it_and_it_costs_no_attempt(run: Run) -> None:
    claimed = claim(run)
    assert claimed is not None
    again = settle(claimed, report(RunState.FAILED, error_code="rate_limited", retry_after_s=600.0))
    assert (again.state, again.attempt) == (RunState.QUEUED, 0)
    assert again.due_at is not None
    assert 600 <= (again.due_at - NOW).total_seconds() <= 660


def test_a_provider_that_asks_for_time_for_days_is_given_up_like_any_other(run: Run, settings: Any) -> None:
    settings.AFTER_RUN_MAX_ATTEMPTS = 1
    Run.objects.update(created_at=NOW - dt.timedelta(days=2))
    claimed = claim(run)
    assert claimed is not None
    assert settle(claimed, report(RunState.FAILED, retry_after_s=600.0)).state == RunState.DEAD


def test_what_is_put_off_comes_back_then_and_has_used_no_attempt(run: Run) -> None:
    claimed = claim(run)
    assert claimed is not None
    until = NOW + dt.timedelta(hours=9)
    later = settle(claimed, report(RunState.FAILED, error_message="Night.", deferred_until=until))
    assert (later.state, later.attempt, later.due_at) == (RunState.QUEUED, 0, until)


def test_the_sweep_leaves_a_working_worker_alone(run: Run) -> None:
    claim(run)
    assert after.sweep() == {"released": 0, "abandoned": 0, "woken": 0, "forgotten": 0}


def test_the_sweep_takes_the_run_of_a_dead_worker_back(run: Run, woken: list[Any]) -> None:
    claimed = claim(run)
    with time_machine.travel(NOW + dt.timedelta(minutes=5), tick=False):
        assert after.sweep()["released"] == 1
        assert woken == [wake.WORK_RUNS]
        assert claim(run) is not None
        assert claimed is not None
        late = settle(claimed, report(RunState.SUCCEEDED))
    assert late.state == RunState.RUNNING, "a worker whose claim ran out must not write over the next one's"


def test_a_run_whose_worker_dies_every_time_is_given_up(run: Run, settings: Any) -> None:
    settings.AFTER_RUN_MAX_ATTEMPTS = 1
    claim(run)
    with time_machine.travel(NOW + dt.timedelta(minutes=5), tick=False):
        after.sweep()
    assert Run.objects.get().state == RunState.DEAD
    assert Run.objects.get().error_code == "worker_lost"


def test_a_worker_that_lives_keeps_its_run(run: Run) -> None:
    claimed = claim(run)
    assert claimed is not None
    assert claimed.claim is not None
    with time_machine.travel(NOW + dt.timedelta(seconds=19), tick=False):
        Heartbeat()._renew([claimed.claim])
    with time_machine.travel(NOW + dt.timedelta(seconds=38), tick=False):
        assert after.sweep()["released"] == 0


def test_the_sweep_wakes_workers_for_what_is_overdue_and_not_for_what_is_just_due(run: Run, woken: list[Any]) -> None:
    assert after.sweep()["woken"] == 0, "just woken"
    with time_machine.travel(NOW + dt.timedelta(seconds=61), tick=False):
        assert after.sweep()["woken"] == 1
    assert woken == [wake.WORK_RUNS]


def test_a_broker_that_is_down_leaves_the_run_to_the_sweep_and_is_left_alone_for_a_while(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []

    def refuse(*args: Any, **options: Any) -> None:
        tried.append(args)
        raise ConnectionRefusedError

    monkeypatch.setattr(wake, "_quiet_until_s", 0.0)
    monkeypatch.setattr(queue.current_app, "send_task", refuse)
    wake.wake_worker()
    wake.wake_worker()
    assert Run.objects.get().state == RunState.QUEUED
    assert len(tried) == 1


def test_a_tool_call_whose_server_died_is_closed(run: Run) -> None:
    Run.objects.update(moment=Moment.DURING, state=RunState.RUNNING, lease_until=NOW - dt.timedelta(seconds=1))
    assert after.sweep()["abandoned"] == 1
    assert Run.objects.get().error_code == "interrupted"
