"""A webhook and a real server that it leads to."""

from __future__ import annotations

from typing import Any

from asgiref.sync import async_to_sync, sync_to_async
from django_scopes import scope

from notifications.models import WebhookAttempt, WebhookDelivery, WebhookSubscription
from notifications.webhooks import lanes
from outbound.http import session_scope
from tests.outbound.upstream import Handler, Received, Reply, Upstream, serve


async def thanks(received: Received, reply: Reply) -> None:
    await reply.json({"received": True})


def status(code: int, **headers: str) -> Handler:
    """Always that status."""

    async def handler(received: Received, reply: Reply) -> None:
        await reply.answer(code, b"no", **headers)

    return handler


def serve_lane(webhook: WebhookSubscription, handler: Handler = thanks) -> Upstream:
    """The endpoint answers like ``handler`` while everything that is due is sent to it."""

    async def work() -> Upstream:
        async with session_scope(), serve(handler) as upstream:
            await sync_to_async(_lead_to)(webhook, upstream.url("/hooks"))
            await lanes.serve(webhook.pk, webhook.account_id)
            return upstream

    return async_to_sync(work)()


def _lead_to(webhook: WebhookSubscription, url: str) -> None:
    with scope(account=webhook.account_id):
        WebhookSubscription.objects.filter(pk=webhook.pk).update(url=url)


def owe(webhook: WebhookSubscription, call: Any = None, event_type: str = "call.completed", **fields: Any) -> Any:
    """One message that is due."""
    return WebhookDelivery.objects.create(
        account_id=webhook.account_id, subscription=webhook, call=call, event_type=event_type, **fields
    )


def again(delivery: WebhookDelivery) -> WebhookDelivery:
    return WebhookDelivery.objects.get(pk=delivery.pk)


def attempts_of(delivery: WebhookDelivery) -> list[WebhookAttempt]:
    return list(WebhookAttempt.objects.filter(delivery=delivery).order_by("number"))


def statuses(*codes: int) -> Handler:
    """One after the other; the last for ever."""
    left = list(codes)

    async def handler(received: Received, reply: Reply) -> None:
        await reply.answer(left.pop(0) if len(left) > 1 else left[0], b"")

    return handler
