"""The runs of one call follow each other; the accounts take turns."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.db import connection
from django.utils import timezone
from django_scopes import scope, scopes_disabled

from accounts import queue
from accounts.models import Account
from actions.contract import Moment
from actions.models import Agent
from actions.releases import publish
from calls import after
from calls.after import working
from calls.after.picking import Turns, due_accounts
from calls.models import Call, CallState, Run, RunState
from calls.runner import RunReport


@pytest.fixture(autouse=True)
def woken(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    messages: list[Any] = []
    monkeypatch.setattr(queue.current_app, "send_task", lambda name, **options: messages.append(name))
    return messages


def make_call(agent: Agent, runs: int = 1, *, stops: tuple[int, ...] = (), held: bool = False) -> list[Run]:
    call = Call.objects.create(
        account=agent.account,
        agent=agent,
        release=agent.current_release,
        direction="inbound",
        state=CallState.COMPLETED,
        answer_due_at=timezone.now(),
    )
    return Run.objects.bulk_create(
        Run(
            account=agent.account,
            call=call,
            moment=Moment.AFTER,
            action_name=f"step_{position}",
            kind="email",
            state=RunState.QUEUED,
            attempt=0,
            position=position,
            stops_on_failure=position in stops,
            due_at=timezone.now() if position == 0 and not held else None,
        )
        for position in range(runs)
    )


@pytest.fixture
def scoped_agent(published_agent: Agent) -> Iterator[Agent]:
    with scope(account=published_agent.account):
        yield published_agent


def report(state: RunState = RunState.SUCCEEDED, **fields: Any) -> RunReport:
    return RunReport(state, timezone.now(), 1.0, **fields)


def settled(run: Run, result: RunReport, *, follow: bool = False) -> Run | None:
    claimed = after.claim_next(Turns())
    assert claimed is not None
    assert claimed.pk == run.pk
    return after.settle(claimed, result, trace=[], warnings=[], follow=follow)


def may_begin(run: Run) -> bool:
    run.refresh_from_db()
    return run.state == RunState.QUEUED and run.due_at is not None


def test_the_next_one_begins_when_the_one_before_it_is_done(scoped_agent: Agent, woken: list[Any]) -> None:
    first, second, third = make_call(scoped_agent, 3)
    assert not may_begin(second)
    settled(first, report())
    assert may_begin(second)
    assert not may_begin(third)
    settled(second, report(RunState.SKIPPED))
    assert may_begin(third)


def test_a_worker_goes_on_with_the_same_call(scoped_agent: Agent) -> None:
    first, second = make_call(scoped_agent, 2)
    following = settled(first, report(), follow=True)
    assert following is not None
    assert (following.pk, following.state, following.attempt) == (second.pk, RunState.RUNNING, 1)


@pytest.mark.parametrize("permanent", [True, False])
def test_a_failure_does_not_keep_the_next_one_from_beginning(scoped_agent: Agent, permanent: bool) -> None:
    first, second = make_call(scoped_agent, 2)
    settled(first, report(RunState.FAILED, permanent=permanent))
    assert may_begin(second)


def test_where_a_failure_stops_the_next_ones_wait_for_the_retry(scoped_agent: Agent) -> None:
    first, second = make_call(scoped_agent, 2, stops=(0,))
    settled(first, report(RunState.FAILED))
    assert not may_begin(second)
    Run.objects.filter(pk=first.pk).update(due_at=timezone.now())
    settled(first, report())
    assert may_begin(second)


def test_where_a_failure_stops_the_next_ones_are_skipped_once_it_is_given_up(scoped_agent: Agent) -> None:
    first, second, third = make_call(scoped_agent, 3, stops=(0,))
    settled(first, report(RunState.FAILED, permanent=True))
    for run in (second, third):
        run.refresh_from_db()
        assert (run.state, run.skipped_reason) == (
            RunState.SKIPPED,
            "«\u00a0step_0\u00a0», qui la précède, a été abandonnée.",
        ), "in the agent's language, whatever the worker's"


def test_a_lost_worker_is_reported_in_the_agents_language(scoped_agent: Agent, settings: Any) -> None:
    settings.AFTER_RUN_MAX_ATTEMPTS = 1
    (first,) = make_call(scoped_agent)
    after.claim_next(Turns())
    Run.objects.filter(pk=first.pk).update(lease_until=timezone.now() - dt.timedelta(seconds=1))
    after.sweep()
    first.refresh_from_db()
    assert first.error_message == "Le traitement a été interrompu à chaque tentative."


def test_a_worker_lost_for_good_lets_the_next_one_begin(scoped_agent: Agent, settings: Any) -> None:
    settings.AFTER_RUN_MAX_ATTEMPTS = 1
    first, second = make_call(scoped_agent, 2)
    after.claim_next(Turns())
    Run.objects.filter(pk=first.pk).update(lease_until=timezone.now() - dt.timedelta(seconds=1))
    after.sweep()
    assert may_begin(second)


def test_a_held_call_waits_until_it_is_released_and_is_released_once(scoped_agent: Agent, woken: list[Any]) -> None:
    first, second = make_call(scoped_agent, 2, held=True)
    assert not may_begin(first)
    assert after.claim_next() is None
    assert after.release_held(first.call_id)
    assert not after.release_held(first.call_id)
    assert may_begin(first)
    assert not may_begin(second)


@pytest.mark.django_db(transaction=True)
def test_workers_that_look_at_the_same_instant_get_different_runs(published_agent: Agent) -> None:
    if connection.vendor == "sqlite":
        pytest.skip("The tests' database in memory refuses a second writer at once; a file lets it wait.")
    with scope(account=published_agent.account):
        made = {make_call(published_agent)[0].pk for _call in range(24)}
    together = threading.Barrier(4)

    def work() -> list[Any]:
        together.wait(10)
        turns, found = Turns(), []
        try:
            while run := after.claim_next(turns):
                found.append(run.pk)
        finally:
            connection.close()
        return found

    with ThreadPoolExecutor(4) as workers:
        claimed = [pk for each in [workers.submit(work) for _worker in range(4)] for pk in each.result()]
    assert len(claimed) == len(made)
    assert set(claimed) == made


# --- fairness ----------------------------------------------------------------------------------------


@pytest.fixture
def others_agent(other_account: Account) -> Agent:
    with scope(account=other_account):
        agent = Agent.objects.create(account=other_account, name="Garage", slug="garage")
        publish(agent)
        agent.refresh_from_db()
    return agent


def test_one_call_behind_two_thousand_of_another_account_is_served_among_the_first(
    published_agent: Agent, others_agent: Agent
) -> None:
    with scope(account=published_agent.account):
        first = make_call(published_agent)[0]
        Run.objects.bulk_create(
            Run(
                account_id=first.account_id, call_id=first.call_id, moment=Moment.AFTER, action_name="mail",
                kind="email", state=RunState.QUEUED, attempt=0, position=number, due_at=timezone.now(),
            )
            for number in range(1, 2000)
        )  # fmt: skip
    turns = Turns()
    served = [after.claim_next(turns) for _turn in range(3)]
    with scope(account=others_agent.account):
        late = make_call(others_agent)[0]
    served += [after.claim_next(turns) for _turn in range(3)]
    positions = [index for index, run in enumerate(served) if run and run.pk == late.pk]
    assert positions, "not among the first three"
    assert len({run.pk for run in served if run}) == 6


def test_accounts_take_turns() -> None:
    turns = Turns(lambda now: [3, 5, 9])
    assert [turns.next(timezone.now()) for _turn in range(6)] == [3, 5, 9, 3, 5, 9]


def test_a_lonely_account_does_not_always_go_first() -> None:
    rounds = iter([[5], [3, 5], [3, 5, 9]])
    turns = Turns(lambda now: next(rounds))
    assert [turns.next(timezone.now()) for _turn in range(6)] == [5, 3, 5, 9, 3, 5]


def test_only_accounts_with_something_due_are_asked(published_agent: Agent, others_agent: Agent) -> None:
    with scope(account=others_agent.account):
        make_call(others_agent)
        Run.objects.update(due_at=timezone.now() + dt.timedelta(hours=1))
    assert due_accounts(timezone.now()) == []
    with scope(account=published_agent.account):
        make_call(published_agent)
    assert due_accounts(timezone.now()) == [published_agent.account_id]


# --- working -------------------------------------------------------------------------------------------


def test_a_worker_that_is_woken_once_does_all_there_is(published_agent: Agent, others_agent: Agent) -> None:
    """Their actions are in no release: that ends in a state, too."""
    for agent in (published_agent, others_agent):
        with scope(account=agent.account):
            make_call(agent, 2)
    async_to_sync(working._work)(working._lane)
    with scopes_disabled():
        assert set(Run.objects.values_list("error_code", "attempt")) == {("internal_error", 1)}
