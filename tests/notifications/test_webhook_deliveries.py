"""Messages reach real servers in their order, signed, again and again until they are taken."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone
from standardwebhooks import Webhook

from accounts import queue as broker
from accounts.models import Account
from calls.models import Call
from notifications.models import WebhookAttempt, WebhookDelivery, WebhookState, WebhookSubscription
from notifications.webhooks import acting, lanes, queue, sweeping
from notifications.webhooks.posting import Reply as Answer
from outbound.circuits import forget_circuits
from tests.notifications.webhook_cast import again, attempts_of, owe, serve_lane, status, statuses, thanks
from tests.outbound.upstream import Received, Reply


@pytest.fixture(autouse=True)
def woken(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    messages: list[Any] = []
    monkeypatch.setattr(broker.current_app, "send_task", lambda name, args, **options: messages.append((name, *args)))
    return messages


@pytest.fixture(autouse=True)
def _one_round(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[None]:
    """Lanes end when nothing is due any more, and do not wait for retries; servers of tests are on loopback."""
    monkeypatch.setattr(queue, "NEAR_S", 0.0)
    settings.OUTBOUND_ALLOWED_PRIVATE_HOSTS = ["127.0.0.1"]
    forget_circuits()
    yield
    forget_circuits()


@pytest.fixture
def webhook(call: Call) -> WebhookSubscription:
    return WebhookSubscription.objects.create(
        account_id=call.account_id, name="crm", url="https://crm.example/hooks", event_types=["call.completed"]
    )


def test_the_body_is_the_call_as_the_api_shows_it(webhook: WebhookSubscription, call: Call) -> None:
    happened_at = dt.datetime(2026, 11, 20, 9, 30, tzinfo=dt.UTC)
    delivery = owe(webhook, call, happened_at=happened_at)
    (request,) = serve_lane(webhook).requests
    body = json.loads(request.body)
    assert set(body) == {"type", "timestamp", "data"}
    assert (body["type"], body["timestamp"]) == ("call.completed", "2026-11-20T09:30:00Z")
    assert (body["data"]["id"], body["data"]["agent"]) == (str(call.pk), "accueil")
    assert {"runs", "events", "transcript", "summary"} <= set(body["data"])
    assert (request.method, request.path) == ("POST", "/hooks")
    assert request.headers["content-type"] == "application/json"
    assert again(delivery).state == WebhookState.DELIVERED


def test_receivers_verify_it_and_see_the_same_id_each_time(webhook: WebhookSubscription, call: Call) -> None:
    delivery = owe(webhook, call)
    first = serve_lane(webhook, status(500)).requests
    WebhookDelivery.objects.update(due_at=timezone.now())
    second = serve_lane(webhook, thanks).requests
    for request in (*first, *second):
        assert Webhook(webhook.secret).verify(request.body, request.headers)
        assert request.headers["webhook-id"] == delivery.message_id
    assert first[0].body == second[0].body


def test_a_failure_is_tried_again_later_and_each_attempt_is_written_down(
    webhook: WebhookSubscription, call: Call
) -> None:
    delivery = owe(webhook, call, give_up_at=timezone.now() + dt.timedelta(hours=24))
    serve_lane(webhook, status(500))
    waiting = again(delivery)
    assert (waiting.state, waiting.attempts, waiting.failures) == (WebhookState.QUEUED, 1, 1)
    assert dt.timedelta(seconds=2) < waiting.due_at - timezone.now() <= dt.timedelta(seconds=5)
    WebhookDelivery.objects.update(due_at=timezone.now())
    serve_lane(webhook)
    attempts = attempts_of(delivery)
    assert [(each.number, each.status) for each in attempts] == [(1, 500), (2, 200)]
    assert attempts[0].error == "The address answered with the status 500."
    assert attempts[0].answer == "no"
    assert all(each.duration_ms is not None and each.duration_ms > 0 for each in attempts)


def test_waits_grow_to_hours_and_never_beyond_a_day(webhook: WebhookSubscription) -> None:
    for _try in range(50):
        assert 2.5 <= queue.backoff_s(1) <= 5
        assert 10 <= queue.backoff_s(2) <= 20
        assert 2 * 3600 <= queue.backoff_s(30) <= 4 * 3600


def test_after_a_day_it_is_given_up_with_its_reason(webhook: WebhookSubscription, call: Call) -> None:
    delivery = owe(webhook, call, failures=9, attempts=9, give_up_at=timezone.now() + dt.timedelta(minutes=1))
    serve_lane(webhook, status(503))
    ended = again(delivery)
    assert (ended.state, ended.error) == (WebhookState.FAILED, "The address answered with the status 503.")


def test_what_was_never_tried_is_tried_once_however_late(webhook: WebhookSubscription, call: Call) -> None:
    delivery = owe(webhook, call, give_up_at=timezone.now() - dt.timedelta(hours=1))
    serve_lane(webhook)
    assert again(delivery).state == WebhookState.DELIVERED


def test_retry_after_holds_everything_back_from_the_endpoint(webhook: WebhookSubscription, call: Call) -> None:
    first, second = owe(webhook, call), owe(webhook, call)
    upstream = serve_lane(webhook, status(429, Retry_After="120"))
    assert len(upstream.requests) == 1
    assert again(first).due_at > timezone.now() + dt.timedelta(seconds=110)
    assert again(second).attempts == 0
    webhook.refresh_from_db()
    assert webhook.paused_until is not None
    assert serve_lane(webhook).requests == []


@pytest.mark.parametrize("code", [301, 302, 307, 308])
def test_redirects_are_not_followed(webhook: WebhookSubscription, call: Call, code: int) -> None:
    delivery = owe(webhook, call)
    upstream = serve_lane(webhook, status(code, Location="/elsewhere"))
    assert [request.path for request in upstream.requests] == ["/hooks"]
    assert again(delivery).state == WebhookState.QUEUED
    assert attempts_of(delivery)[0].error


def test_gone_switches_the_webhook_off_and_administrators_are_told(
    webhook: WebhookSubscription, call: Call, woken: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    delivery = owe(webhook, call)
    with django_capture_on_commit_callbacks(execute=True):
        serve_lane(webhook, status(410))
    webhook.refresh_from_db()
    assert (webhook.is_enabled, webhook.disabled_reason) == (False, "gone")
    assert again(delivery).state == WebhookState.FAILED
    assert ("notifications.tell_of_disabled_webhook", webhook.pk, webhook.account_id) in woken


def test_days_of_failure_switch_it_off_and_one_success_in_between_does_not(
    webhook: WebhookSubscription, call: Call
) -> None:
    owe(webhook, call)
    WebhookSubscription.objects.update(failing_since=timezone.now() - dt.timedelta(days=4))
    serve_lane(webhook, status(500))
    webhook.refresh_from_db()
    assert webhook.is_enabled
    owe(webhook, call)
    WebhookSubscription.objects.update(failing_since=timezone.now() - dt.timedelta(days=6))
    serve_lane(webhook, statuses(200, 500))
    webhook.refresh_from_db()
    assert (webhook.is_enabled, webhook.failing_since) == (True, None)
    WebhookSubscription.objects.update(failing_since=timezone.now() - dt.timedelta(days=6))
    owe(webhook, call)
    serve_lane(webhook, status(500))
    webhook.refresh_from_db()
    assert (webhook.is_enabled, webhook.disabled_reason) == (False, "failing")


def test_switching_it_on_again_starts_afresh(webhook: WebhookSubscription) -> None:
    WebhookSubscription.objects.update(
        is_enabled=False, disabled_at=timezone.now(), disabled_reason="failing", failing_since=timezone.now()
    )
    webhook.refresh_from_db()
    webhook.is_enabled = True
    webhook.save()
    assert (webhook.disabled_at, webhook.disabled_reason, webhook.failing_since) == (None, "", None)


def test_a_webhook_that_is_switched_off_sends_nothing_but_its_test(webhook: WebhookSubscription, call: Call) -> None:
    waiting = owe(webhook, call)
    WebhookSubscription.objects.update(is_enabled=False)
    test = acting.ping(webhook)
    (request,) = serve_lane(webhook).requests
    assert json.loads(request.body)["type"] == "ping"
    assert again(test).state == WebhookState.DELIVERED
    assert again(waiting).state == WebhookState.QUEUED


def test_a_test_that_fails_is_not_tried_again(webhook: WebhookSubscription) -> None:
    test = acting.ping(webhook)
    serve_lane(webhook, status(500))
    assert again(test).state == WebhookState.FAILED


def test_sending_again_repeats_id_and_body_with_a_new_signature(webhook: WebhookSubscription, call: Call) -> None:
    delivery = owe(webhook, call)
    (first,) = serve_lane(webhook).requests
    Call.objects.update(summary="Changed since.")
    assert acting.resend(again(delivery))
    assert not acting.resend(again(delivery))
    time.sleep(1.1)
    (second,) = serve_lane(webhook).requests
    assert (first.body, first.headers["webhook-id"]) == (second.body, second.headers["webhook-id"])
    assert first.headers["webhook-timestamp"] != second.headers["webhook-timestamp"]
    assert Webhook(webhook.secret).verify(second.body, second.headers)
    assert [each.number for each in attempts_of(delivery)] == [1, 2]


def test_messages_of_one_call_arrive_in_the_order_of_what_they_tell(webhook: WebhookSubscription, call: Call) -> None:
    types = [f"call.{number}" for number in range(6)]
    for event_type in types:
        owe(webhook, call, event_type)

    async def slow(received: Received, reply: Reply) -> None:
        await asyncio.sleep(0.02)
        await thanks(received, reply)

    upstream = serve_lane(webhook, slow)
    assert [json.loads(request.body)["type"] for request in upstream.requests] == types


def test_calls_do_not_wait_for_one_another(webhook: WebhookSubscription, call: Call) -> None:
    calls = [_another(call) for _number in range(4)]
    at_once, most = 0, 0

    async def counting(received: Received, reply: Reply) -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0.2)
        at_once -= 1
        await thanks(received, reply)

    for each in calls:
        owe(webhook, each)
    serve_lane(webhook, counting)
    assert most == 4


def test_no_minute_has_more_requests_than_the_endpoint_takes(webhook: WebhookSubscription, call: Call) -> None:
    WebhookSubscription.objects.update(rate_per_minute=3)
    for _number in range(5):
        owe(webhook, call)
    assert len(_for_a_moment(webhook)) == 3
    # Another process counts what this one has sent.
    assert len(_for_a_moment(webhook)) == 0
    WebhookAttempt.objects.update(started_at=timezone.now() - dt.timedelta(seconds=61))
    assert len(_for_a_moment(webhook)) == 2


def _for_a_moment(webhook: WebhookSubscription) -> list[Received]:
    """What is sent in the first second; a lane with more than that keeps waiting for its minute."""
    from asgiref.sync import async_to_sync, sync_to_async

    from outbound.http import session_scope
    from tests.outbound.upstream import serve

    async def work() -> list[Received]:
        async with session_scope(), serve(thanks) as upstream:
            await sync_to_async(WebhookSubscription.objects.filter(pk=webhook.pk).update)(url=upstream.url())
            stop = lanes.Stop()
            lane = asyncio.ensure_future(lanes.serve(webhook.pk, webhook.account_id, stop))
            await asyncio.sleep(1.0)
            stop.is_set = True
            await lane
            return upstream.requests

    return async_to_sync(work)()


def test_one_process_at_a_time_sends_to_an_endpoint(webhook: WebhookSubscription, call: Call) -> None:
    owe(webhook, call)
    lane = queue.claim_lane(webhook.pk)
    assert lane is not None
    assert queue.claim_lane(webhook.pk) is None
    assert serve_lane(webhook).requests == []
    WebhookSubscription.objects.update(lease_until=timezone.now() - dt.timedelta(seconds=1))
    assert len(serve_lane(webhook).requests) == 1
    # The one that was too slow finds the lane taken, and what it had is not sent twice.
    assert queue.renew_lane(webhook.pk, lane.token) is None


def test_what_a_process_had_when_it_died_is_sent_with_the_same_id(webhook: WebhookSubscription, call: Call) -> None:
    delivery = owe(webhook, call)
    lane = queue.claim_lane(webhook.pk)
    assert lane is not None
    (parcel,) = queue.claim_due(lane, 8, (), ())
    WebhookSubscription.objects.update(lease_until=timezone.now() - dt.timedelta(seconds=1))
    (request,) = serve_lane(webhook).requests
    assert request.headers["webhook-id"] == parcel.message.id
    assert request.body == parcel.message.body
    assert [(each.number, each.status) for each in attempts_of(delivery)] == [(1, None), (2, 200)]
    # The dead one's answer comes late: it changes nothing any more.
    queue.settle(lane, parcel, Answer(500, 1.0))
    assert again(delivery).state == WebhookState.DELIVERED


def test_an_answer_without_end_is_cut_and_secrets_in_it_are_masked(webhook: WebhookSubscription, call: Call) -> None:
    delivery = owe(webhook, call)

    async def echo(received: Received, reply: Reply) -> None:
        await reply.answer(400, f"{webhook.secret} {'x' * 5000}".encode())

    serve_lane(webhook, echo)
    (attempt,) = attempts_of(delivery)
    assert len(attempt.answer) <= 1000
    assert webhook.secret.removeprefix("whsec_") not in attempt.answer
    assert "***" in attempt.answer


def test_an_endpoint_that_floods_does_not_fill_the_memory(webhook: WebhookSubscription, call: Call) -> None:
    delivery = owe(webhook, call)

    async def flood(received: Received, reply: Reply) -> None:
        await reply.answer(200, b"x" * 2_000_000)

    serve_lane(webhook, flood)
    assert "larger than" in attempts_of(delivery)[0].error


def test_private_addresses_are_refused_at_the_socket(webhook: WebhookSubscription, call: Call, settings: Any) -> None:
    settings.OUTBOUND_ALLOWED_PRIVATE_HOSTS = []
    delivery = owe(webhook, call)
    assert serve_lane(webhook).requests == []
    assert "private network" in attempts_of(delivery)[0].error


def test_a_dead_endpoint_is_left_alone_for_a_while(webhook: WebhookSubscription, call: Call) -> None:
    for _number in range(20):
        owe(webhook, _another(call))
    upstream = serve_lane(webhook, status(503))
    assert len(upstream.requests) <= 2 * lanes.AT_ONCE
    webhook.refresh_from_db()
    assert webhook.paused_until is not None


def test_one_message_waits_while_somebody_speaks_and_tells_all_of_it(webhook: WebhookSubscription, call: Call) -> None:
    """An update that failed is not sent after a newer one."""
    old = owe(webhook, call, "call.transcript_update", attempts=1, failures=1)
    new = owe(webhook, call, "call.transcript_update")
    assert len(serve_lane(webhook).requests) == 1
    assert (again(old).state, again(new).state) == (WebhookState.SUPERSEDED, WebhookState.DELIVERED)


def test_a_call_that_was_deleted_ends_its_message(webhook: WebhookSubscription, call: Call) -> None:
    delivery = owe(webhook, None, "call.completed")
    assert serve_lane(webhook).requests == []
    assert "deleted" in again(delivery).error


def test_the_largest_call_still_fits(webhook: WebhookSubscription, call: Call) -> None:
    pieces = [{"role": "caller", "text": "é" * 100_000}] * 12
    Call.objects.update(state="completed", transcript=pieces, summary="short")
    owe(webhook, call)
    (request,) = serve_lane(webhook).requests
    body = json.loads(request.body)
    assert len(request.body) <= 1024 * 1024
    assert (body["data"]["truncated"], body["data"]["transcript"], body["data"]["summary"]) == (True, [], "short")


def test_the_sweep_wakes_for_what_is_due_and_for_nothing_else(
    webhook: WebhookSubscription, call: Call, woken: list[Any]
) -> None:
    owe(webhook, call, due_at=timezone.now() + dt.timedelta(minutes=1))
    sweeping.sweep()
    assert woken == []
    WebhookDelivery.objects.update(due_at=timezone.now())
    sweeping.sweep()
    assert woken == [("notifications.send_webhooks", webhook.pk, webhook.account_id)]
    woken.clear()
    WebhookSubscription.objects.update(paused_until=timezone.now() + dt.timedelta(minutes=1))
    sweeping.sweep()
    WebhookSubscription.objects.update(paused_until=None, lease_until=timezone.now() + dt.timedelta(seconds=30))
    sweeping.sweep()
    assert woken == []


def test_the_sweep_forgets_what_is_old_and_gives_up_what_waits_in_vain(
    webhook: WebhookSubscription, call: Call
) -> None:
    old = sweeping._first_id(timezone.now() - dt.timedelta(days=31))
    young = sweeping._first_id(timezone.now() - dt.timedelta(days=29))
    owe(webhook, call, id=old, state=WebhookState.DELIVERED)
    owe(webhook, call, id=young, state=WebhookState.DELIVERED)
    WebhookSubscription.objects.update(is_enabled=False)
    waiting = owe(webhook, call, give_up_at=timezone.now() - dt.timedelta(minutes=1))
    sweeping.sweep()
    assert set(WebhookDelivery.objects.values_list("pk", flat=True)) == {young, waiting.pk}
    assert again(waiting).state == WebhookState.FAILED


def _another(call: Call) -> Call:
    return Call.objects.create(
        account_id=call.account_id,
        agent_id=call.agent_id,
        release_id=call.release_id,
        direction="inbound",
        external_id=str(uuid4()),
        answer_due_at=timezone.now(),
    )


def test_another_account_has_no_part_in_it(webhook: WebhookSubscription, other_account: Account) -> None:
    from django_scopes import scope

    with scope(account=other_account):
        assert not WebhookSubscription.objects.exists()
        assert not WebhookDelivery.objects.exists()


def test_a_call_that_cannot_be_shown_keeps_no_other_back(
    webhook: WebhookSubscription, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = owe(webhook, call), owe(webhook, _another(call))

    def show(delivery: WebhookDelivery) -> str:
        if delivery.pk == bad.pk:
            raise ValueError("unreadable")
        return "{}"

    monkeypatch.setattr(queue, "event_body", show)
    assert len(serve_lane(webhook).requests) == 1
    assert again(good).state == WebhookState.DELIVERED
    waiting = again(bad)
    assert (waiting.state, waiting.failures) == (WebhookState.QUEUED, 1)
    assert waiting.due_at > timezone.now()
