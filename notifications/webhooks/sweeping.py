"""Finding what was lost: endpoints with something due for which nobody works; forgetting what is old."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django_scopes import scopes_disabled

from accounts.queue import wake
from notifications.models import PING, WebhookDelivery, WebhookState, WebhookSubscription
from notifications.webhooks.queue import too_late
from notifications.webhooks.wake import TELL_OF_DISABLED, wake_sender

KEEP = dt.timedelta(days=30)
"""So long can a message be looked at, and sent again."""

BATCH = 1000


def sweep() -> dict[str, int]:
    """Crosses accounts on purpose: it moves rows and reads nothing of them. Returns how many of each."""
    with scopes_disabled():
        return {"woken": _wake_due(), "told": _wake_notices(), "expired": _give_up_old(), "deleted": _forget_old()}


def _wake_due() -> int:
    """Retries that have come due, and what nobody was woken for."""
    now = timezone.now()
    waiting = WebhookDelivery.objects.filter(subscription=OuterRef("pk"), state=WebhookState.QUEUED, due_at__lte=now)
    is_free = Q(lease_until=None) | Q(lease_until__lt=now)
    is_open = Q(paused_until=None) | Q(paused_until__lte=now)
    has_work = Q(Exists(waiting), is_enabled=True) | Q(Exists(waiting.filter(event_type=PING)))
    rows = WebhookSubscription.objects.filter(is_free, is_open, has_work).order_by().values_list("pk", "account_id")
    due = list(rows[:BATCH])
    for subscription_id, account_id in due:
        wake_sender(subscription_id, account_id)
    return len(due)


def _wake_notices() -> int:
    owed = WebhookSubscription.objects.filter(notice_due_at__lte=timezone.now()).values_list("pk", "account_id")
    rows = list(owed[:BATCH])
    for subscription_id, account_id in rows:
        wake(TELL_OF_DISABLED, subscription_id, account_id)
    return len(rows)


def _give_up_old() -> int:
    """What waits for an endpoint that is switched off does not wait for ever."""
    now = timezone.now()
    late = WebhookDelivery.objects.filter(
        state=WebhookState.QUEUED, subscription__is_enabled=False, give_up_at__lt=now
    ).order_by()
    ids = list(late.values_list("pk", flat=True)[:BATCH])
    return WebhookDelivery.objects.filter(pk__in=ids, state=WebhookState.QUEUED).update(
        state=WebhookState.FAILED, error=too_late(), ended_at=now
    )


def _forget_old() -> int:
    """By id, which grows with time. What still waits stays."""
    old = WebhookDelivery.objects.filter(pk__lt=_first_id(timezone.now() - KEEP)).exclude(state=WebhookState.QUEUED)
    ids = list(old.order_by("pk").values_list("pk", flat=True)[:BATCH])
    WebhookDelivery.objects.filter(pk__in=ids).delete()
    return len(ids)


def _first_id(at: dt.datetime) -> UUID:
    """The smallest UUID version 7 of that millisecond (RFC 9562)."""
    return UUID(int=(int(at.timestamp() * 1000) << 80) | (0x7 << 76) | (0x2 << 62))
