"""What happens to a call is owed to webhooks in the same transaction, to those who asked for it and nobody else."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID, uuid4

import pytest
from asgiref.sync import async_to_sync
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_scopes import scope

from accounts import queue as broker
from accounts.models import Account
from actions.announcements import Announced, announce, is_awaited
from actions.models import Agent
from calls import lifecycle
from calls.models import Call
from calls.requests import BeginCall, FinishCall, RecordEvent
from notifications.models import WebhookDelivery, WebhookSubscription
from notifications.webhooks import listening

EVERYTHING = list(Announced.values)


@pytest.fixture(autouse=True)
def woken(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    messages: list[Any] = []
    monkeypatch.setattr(broker.current_app, "send_task", lambda name, args, **options: messages.append((name, *args)))
    listening.known.forget_now()
    return messages


@pytest.fixture
def in_account(published_agent: Agent) -> Any:
    with scope(account=published_agent.account):
        yield published_agent
    listening.known.forget_now()


def subscribe(agent: Agent, *event_types: str, **fields: Any) -> WebhookSubscription:
    return WebhookSubscription.objects.create(
        account=agent.account,
        url="https://crm.example/hooks",
        event_types=list(event_types) or EVERYTHING,
        **{"name": f"crm {uuid4().hex[:6]}", **fields},
    )


def begin(agent: Agent, **fields: Any) -> UUID:
    request = BeginCall(direction="inbound", agent=agent.slug, from_number="+33639980001", **fields)
    return UUID(async_to_sync(lifecycle.begin)(agent.account, request)["id"])


def say(call_id: UUID, text: str) -> None:
    piece = {"role": "caller", "text": text}
    async_to_sync(lifecycle.record)(call_id, RecordEvent(type="transcript", data=piece))


def owed() -> list[str]:
    return list(WebhookDelivery.objects.order_by("id").values_list("event_type", flat=True))


def test_a_call_is_told_from_its_beginning_to_its_end(in_account: Agent, woken: list[Any]) -> None:
    webhook = subscribe(in_account, "call.started", "call.transcript_update", "call.completed")
    call_id = begin(in_account)
    say(call_id, "Bonjour")
    async_to_sync(lifecycle.finish)(call_id, FinishCall(summary="Said hello."))
    assert owed() == ["call.started", "call.transcript_update", "call.completed"]
    assert set(WebhookDelivery.objects.values_list("subscription_id", "call_id")) == {(webhook.pk, call_id)}


def test_repeats_are_told_once(in_account: Agent) -> None:
    subscribe(in_account, "call.started", "call.completed")
    for _repeat in range(2):
        call_id = begin(in_account, external_id="abc")
        async_to_sync(lifecycle.finish)(call_id, FinishCall(summary="Done."))
    assert owed() == ["call.started", "call.completed"]


def test_only_what_was_asked_for_is_owed(in_account: Agent, other_account: Account) -> None:
    subscribe(in_account, "call.completed", is_enabled=False)
    subscribe(in_account, "call.analyzed")
    with scope(account=other_account):
        WebhookSubscription.objects.create(
            account=other_account, name="theirs", url="https://b.example", event_types=EVERYTHING
        )
    begin(in_account)
    assert owed() == []


def test_a_webhook_may_ask_for_some_agents_only(in_account: Agent) -> None:
    other = Agent.objects.create(account=in_account.account, name="Ventes", slug="ventes")
    subscribe(in_account, "call.started").agents.add(other)
    begin(in_account)
    assert owed() == []
    subscribe(in_account, "call.started").agents.add(other, in_account)
    begin(in_account)
    assert owed() == ["call.started"]


def test_what_did_not_happen_is_not_owed(in_account: Agent, call: Call) -> None:
    subscribe(in_account)
    with transaction.atomic():
        announce(Announced.CALL_COMPLETED, call)
        assert owed() == ["call.completed"]
        transaction.set_rollback(True)
    assert owed() == []


def test_a_worker_is_woken_once_it_is_true(
    in_account: Agent, woken: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    webhook = subscribe(in_account, "call.started")
    with django_capture_on_commit_callbacks() as callbacks:
        begin(in_account)
        assert woken == []
    for callback in callbacks:
        callback()
    assert ("notifications.send_webhooks", webhook.pk, in_account.account_id) in woken


def test_accounts_without_webhooks_pay_nothing(in_account: Agent, call: Call, other_account: Account) -> None:
    with scope(account=other_account):
        WebhookSubscription.objects.create(
            account=other_account, name="theirs", url="https://b.example", event_types=EVERYTHING
        )
    assert not is_awaited(in_account.account_id, Announced.CALL_STARTED)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        for each in Announced:
            announce(each, call)
    assert len(queries) == 0


def test_a_new_webhook_counts_at_once_in_this_process(in_account: Agent, call: Call) -> None:
    assert not is_awaited(in_account.account_id, Announced.CALL_STARTED)
    webhook = subscribe(in_account, "call.started")
    assert is_awaited(in_account.account_id, Announced.CALL_STARTED)
    webhook.is_enabled = False
    webhook.save()
    assert not is_awaited(in_account.account_id, Announced.CALL_STARTED)


def test_another_process_hears_of_it_within_seconds(in_account: Agent) -> None:
    assert not is_awaited(in_account.account_id, Announced.CALL_STARTED)
    webhook = subscribe(in_account, "call.completed")
    # As if it had been changed elsewhere: no signal.
    WebhookSubscription.objects.filter(pk=webhook.pk).update(event_types=["call.started"])
    assert is_awaited(in_account.account_id, Announced.CALL_STARTED, at_once=True)
    assert listening.FRESH_S <= 5


def test_what_is_said_goes_out_together(in_account: Agent) -> None:
    subscribe(in_account, "call.transcript_update")
    first, second = begin(in_account), begin(in_account)
    for text in ("Bonjour", "je voudrais", "résilier"):
        say(first, text)
    say(second, "Allô")
    rows = WebhookDelivery.objects.order_by("id")
    assert [row.call_id for row in rows] == [first, second]
    assert all(row.due_at > timezone.now() + dt.timedelta(seconds=1) for row in rows)
    # One that is on its way does not know of what is said next.
    WebhookDelivery.objects.update(attempts=1)
    say(first, "maintenant")
    assert WebhookDelivery.objects.filter(call_id=first).count() == 2


def test_a_call_that_goes_on_shows_what_was_said_so_far(in_account: Agent) -> None:
    from actions.announcements import shown_call

    call_id = begin(in_account)
    say(call_id, "Bonjour")
    shown = shown_call(call_id)
    assert shown is not None
    assert shown["transcript"] == [{"role": "caller", "text": "Bonjour"}]
    assert shown_call(uuid4()) is None


def test_a_run_that_is_given_up_is_told_with_its_id(in_account: Agent, call: Call) -> None:
    from notifications.webhooks.bodies import event_body

    subscribe(in_account, "action.failed")
    run_id = uuid4()
    announce(Announced.ACTION_FAILED, call, run_id=run_id)
    delivery = WebhookDelivery.objects.get()
    assert (delivery.event_type, delivery.run_id) == ("action.failed", run_id)
    assert f'"failed_run_id":"{run_id}"' in event_body(delivery)


def test_what_was_said_last_is_told_before_the_end(in_account: Agent) -> None:
    subscribe(in_account, "call.transcript_update", "call.completed")
    call_id = begin(in_account)
    say(call_id, "Au revoir")
    async_to_sync(lifecycle.finish)(call_id, FinishCall(summary="Done."))
    due = WebhookDelivery.objects.filter(due_at__lte=timezone.now()).order_by("due_at", "id")
    assert [row.event_type for row in due] == ["call.transcript_update", "call.completed"]
