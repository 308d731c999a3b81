"""Statements written once do what the ORM's would, with every type of column."""

from __future__ import annotations

import datetime as dt
from uuid import uuid4

import pytest
from django.utils import timezone
from django_scopes import scope

from accounts.models import Account
from accounts.statements import Table
from actions.contract import Moment
from actions.models import Agent
from calls.models import Call, Run, RunState
from notifications.models import Delivery

RUNS, DELIVERIES = Table(Run), Table(Delivery)


@pytest.fixture
def call(published_agent: Agent) -> Call:
    with scope(account=published_agent.account):
        return Call.objects.create(
            account=published_agent.account,
            agent=published_agent,
            release=published_agent.current_release,
            direction="inbound",
            answer_due_at=timezone.now(),
        )


def run_of(call: Call) -> Run:
    return Run(
        account_id=call.account_id,
        call=call,
        moment=Moment.AFTER,
        action_name="mail",
        kind="email",
        state=RunState.RUNNING,
        claim=uuid4(),
        due_at=timezone.now(),
        duration_ms=1.5,
        result={"é": [1, None, "x"]},
        warnings=["50 %s"],
    )


def test_what_is_inserted_is_read_back_as_the_orm_reads_it(call: Call) -> None:
    run = run_of(call)
    assert RUNS.insert(run)
    found = RUNS.first({"id": run.pk, "account_id": call.account_id})
    with scope(account=call.account_id):
        by_the_orm = Run.objects.get(pk=run.pk)
    assert found is not None
    names = [field.attname for field in Run._meta.concrete_fields]
    assert [getattr(found, name) for name in names] == [getattr(by_the_orm, name) for name in names]
    assert found.result == {"é": [1, None, "x"]}
    assert found.due_at == run.due_at


def test_a_row_that_is_there_is_not_inserted_again(call: Call) -> None:
    first, second = (Delivery(account_id=call.account_id, run_id=call.pk, channel="email") for _row in range(2))
    assert DELIVERIES.insert(first)
    assert first.pk is not None
    assert not DELIVERIES.insert(second)
    with scope(account=call.account_id):
        assert Delivery.objects.get().pk == first.pk


def test_only_rows_that_fit_are_changed(call: Call, other_account: Account) -> None:
    run = run_of(call)
    RUNS.insert(run)
    later = timezone.now() + dt.timedelta(hours=1)
    assert not RUNS.update({"id": run.pk, "account_id": other_account.pk}, {"due_at": later})
    assert not RUNS.update({"id": run.pk, "claim": None}, {"due_at": later})
    assert not RUNS.update({"id": run.pk, "claim": uuid4()}, {"due_at": later})
    assert RUNS.update({"id": run.pk, "claim": run.claim, "started_at": None}, {"due_at": None, "claim": None}) == 1
    found = RUNS.first({"claim": None, "due_at": None})
    assert found is not None
    assert found.pk == run.pk


def test_several_are_found_by_one_of_their_values(call: Call, other_account: Account) -> None:
    for box in ("a", "b"):
        DELIVERIES.insert(Delivery(account_id=call.account_id, channel="email", subject=box))
    DELIVERIES.insert(Delivery(account_id=other_account.pk, channel="email", subject="a"))
    found = DELIVERIES.among({"account_id": call.account_id}, "subject", ["a", "c"])
    assert [(row.subject, row.account_id) for row in found] == [("a", call.account_id)]
    assert DELIVERIES.among({"account_id": call.account_id}, "subject", []) == []
