"""Calls older than an account keeps them go, with all that belongs to them; other accounts' stay."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils import timezone
from django_scopes import scope, scopes_disabled

from accounts.models import Account
from actions.contract import Moment
from actions.models import Agent
from actions.releases import publish
from calls import retention
from calls.models import Call, CallState, Event, Run, RunState
from notifications.models import WebhookDelivery, WebhookSubscription


def make_call(agent: Agent, days: int) -> Call:
    return Call.objects.create(
        account=agent.account,
        agent=agent,
        release=agent.current_release,
        direction="inbound",
        state=CallState.COMPLETED,
        answer_due_at=timezone.now(),
        begun_at=timezone.now() - dt.timedelta(days=days),
    )


def left() -> int:
    with scopes_disabled():
        return Call.objects.count()


def test_nothing_is_deleted_unless_the_account_says_so(published_agent: Agent) -> None:
    with scope(account=published_agent.account):
        make_call(published_agent, 4000)
    assert retention.delete_old_calls() == {}
    assert left() == 1


def test_old_calls_go_in_batches_with_what_belongs_to_them(
    published_agent: Agent, other_account: Account, monkeypatch: Any
) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    account = published_agent.account
    Account.objects.filter(pk=account.pk).update(retention_days=30)
    with scope(account=account):
        for days in (31, 32, 33, 34, 35, 29):
            call = make_call(published_agent, days)
            Event.objects.create(account=account, call=call, type="note")
            Run.objects.create(
                account=account, call=call, moment=Moment.AFTER, action_name="a", kind="email", state="dead"
            )
    with scope(account=other_account):
        other = Agent.objects.create(account=other_account, name="Garage", slug="garage")
        publish(other)
        other.refresh_from_db()
        make_call(other, 400)
    assert retention.delete_old_calls() == {account.pk: 5}
    assert left() == 2
    with scopes_disabled():
        assert (Run.objects.count(), Event.objects.count()) == (1, 1)


def test_a_call_with_something_still_to_do_waits(published_agent: Agent) -> None:
    account = published_agent.account
    Account.objects.filter(pk=account.pk).update(retention_days=1)
    with scope(account=account):
        call = make_call(published_agent, 3)
        run = Run.objects.create(
            account=account, call=call, moment=Moment.AFTER, action_name="a", kind="email", state=RunState.QUEUED
        )
        assert retention.delete_old_calls() == {}
        Run.objects.filter(pk=run.pk).update(state=RunState.SUCCEEDED)
    assert retention.delete_old_calls() == {account.pk: 1}


def test_a_call_that_a_webhook_is_still_to_hear_of_waits(published_agent: Agent) -> None:
    account = published_agent.account
    Account.objects.filter(pk=account.pk).update(retention_days=1)
    with scope(account=account):
        webhook = WebhookSubscription.objects.create(
            account=account, name="CRM", url="https://crm.example/", event_types=["call.completed"]
        )
        owed = {"account": account, "subscription": webhook, "event_type": "call.completed"}
        soon = timezone.now() + dt.timedelta(hours=1)
        WebhookDelivery.objects.create(**owed, call=make_call(published_agent, 3), give_up_at=soon)
        # A test of the way is about no call.
        WebhookDelivery.objects.create(**owed, give_up_at=soon)
        make_call(published_agent, 3)
    assert retention.delete_old_calls() == {account.pk: 1}
    with scope(account=account):
        WebhookSubscription.objects.update(is_enabled=False)
    assert retention.delete_old_calls() == {account.pk: 1}
    assert left() == 0
