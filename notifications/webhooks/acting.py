"""What people ask for: a test of the endpoint, and a message once more."""

from __future__ import annotations

from functools import partial

from django.db import IntegrityError, transaction
from django.utils import timezone

from notifications.models import PING, WebhookDelivery, WebhookState, WebhookSubscription
from notifications.webhooks.listening import DELIVER_WITHIN
from notifications.webhooks.wake import wake_sender


def ping(subscription: WebhookSubscription) -> WebhookDelivery:
    """A message of its own type that goes the way of all others, also to a webhook that is switched off."""
    now = timezone.now()
    with transaction.atomic():
        delivery = WebhookDelivery.objects.create(
            account_id=subscription.account_id,
            subscription=subscription,
            event_type=PING,
            happened_at=now,
            created_at=now,
            due_at=now,
            # Somebody waits for it now: what comes tomorrow tells nobody anything.
            give_up_at=now,
        )
        transaction.on_commit(partial(wake_sender, subscription.pk, subscription.account_id))
    return delivery


def resend(delivery: WebhookDelivery) -> bool:
    """The same id and the same body, signed anew. False where it waits already, or belongs to an action's run."""
    if delivery.subscription_id is None:
        return False
    now = timezone.now()
    ended = WebhookDelivery.objects.filter(pk=delivery.pk).exclude(state=WebhookState.QUEUED)
    try:
        with transaction.atomic():
            queued = ended.update(
                state=WebhookState.QUEUED,
                due_at=now,
                give_up_at=now + DELIVER_WITHIN,
                failures=0,
                error="",
                ended_at=None,
            )
            if queued:
                transaction.on_commit(partial(wake_sender, delivery.subscription_id, delivery.account_id))
    except IntegrityError:
        # Never attempted, and a newer transcript of the same call waits.
        return False
    return bool(queued)
