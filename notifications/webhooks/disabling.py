"""An endpoint that is gone, or has failed for days, is switched off, and administrators hear of it."""

from __future__ import annotations

import datetime as dt
from functools import partial

import structlog
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.queue import wake
from notifications.models import DisabledReason, WebhookSubscription
from notifications.webhooks.listening import known
from notifications.webhooks.wake import TELL_OF_DISABLED

log = structlog.get_logger(__name__)

FAILING_FOR = dt.timedelta(days=5)
"""Without one success in between."""


def note_success(subscription_id: int, now: dt.datetime) -> None:
    WebhookSubscription.objects.filter(pk=subscription_id).update(last_success_at=now, failing_since=None)


def note_failure(subscription_id: int, now: dt.datetime, error: str, *, is_gone: bool, pause_s: float) -> None:
    """``pause_s``: so long nothing at all is sent there."""
    rows = WebhookSubscription.objects.filter(pk=subscription_id)
    rows.update(last_failure_at=now, last_error=error)
    rows.filter(failing_since=None).update(failing_since=now)
    if pause_s:
        until = now + dt.timedelta(seconds=pause_s)
        rows.filter(Q(paused_until=None) | Q(paused_until__lt=until)).update(paused_until=until)
    if is_gone:
        _disable(subscription_id, DisabledReason.GONE)
    elif rows.filter(failing_since__lt=now - FAILING_FOR).exists():
        _disable(subscription_id, DisabledReason.FAILING)


def _disable(subscription_id: int, reason: DisabledReason) -> None:
    now = timezone.now()
    with transaction.atomic():
        rows = WebhookSubscription.objects.filter(pk=subscription_id, is_enabled=True)
        if not rows.update(is_enabled=False, disabled_at=now, disabled_reason=reason, notice_due_at=now):
            return
        known.forget()
        account_id = WebhookSubscription.objects.values_list("account_id", flat=True).get(pk=subscription_id)
        transaction.on_commit(partial(wake, TELL_OF_DISABLED, subscription_id, account_id))
    log.warning("webhook_disabled", subscription=subscription_id, reason=str(reason))
