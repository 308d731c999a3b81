"""Writing down what is owed to webhooks, in the transaction of what happened."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import partial
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django_scopes import scope, scopes_disabled

from accounts.remembered import Remembered
from actions.announcements import Announced, Announcement
from notifications.models import WebhookDelivery, WebhookState, WebhookSubscription
from notifications.webhooks.wake import wake_sender

FRESH_S = 4.0
"""So long may another process miss that an account's first webhook was added."""

DELIVER_WITHIN = dt.timedelta(hours=24)
UPDATE_EVERY = dt.timedelta(seconds=3)
"""What is said in between goes out together."""

Wanted = Mapping[int, frozenset[str]]
"""Event types by account, of all accounts that have webhooks: few do, and the others must pay nothing."""

known: Remembered[str, Wanted] = Remembered(FRESH_S)


class Webhooks:
    """The listener (``actions.announcements``)."""

    def awaits(self, account_id: int, type: Announced, *, at_once: bool = False) -> bool:
        wanted = None if at_once else known.fresh("all")
        if wanted is None:
            known.extend("all", 1.0)
            generation = known.generation
            wanted = _read()
            known.keep("all", wanted, generation)
        return type in wanted.get(account_id, ())

    def hear(self, announcement: Announcement) -> None:
        with scope(account=announcement.account_id):
            for subscription_id in _subscribed(announcement):
                if announcement.type == Announced.TRANSCRIPT_UPDATE:
                    _owe_update(announcement, subscription_id)
                else:
                    if announcement.type == Announced.CALL_COMPLETED:
                        # What was said last goes out before the end is told.
                        _waiting_update(announcement, subscription_id).update(due_at=timezone.now())
                    _new(announcement, subscription_id).save(force_insert=True)
                transaction.on_commit(partial(wake_sender, subscription_id, announcement.account_id))

    def untold(self) -> QuerySet[WebhookDelivery, UUID]:
        """What waits for an address that may still take it; an action's message is its run's business."""
        owed = WebhookDelivery.objects.filter(
            state=WebhookState.QUEUED, subscription__is_enabled=True, call__isnull=False, give_up_at__gt=timezone.now()
        )
        return owed.order_by().values_list("call_id", flat=True)


def _read() -> Wanted:
    wanted: dict[int, frozenset[str]] = {}
    with scopes_disabled():
        rows = WebhookSubscription.objects.filter(is_enabled=True).order_by().values_list("account_id", "event_types")
        for account_id, event_types in rows:
            wanted[account_id] = wanted.get(account_id, frozenset()) | frozenset(event_types)
    return wanted


def _subscribed(announcement: Announcement) -> list[int]:
    """As the database has it now: what is remembered only spares others the question."""
    of_agent = Q(agents=None) | Q(agents=announcement.agent_id)
    rows = WebhookSubscription.objects.filter(of_agent, is_enabled=True).order_by("pk")
    return [pk for pk, types in rows.values_list("pk", "event_types") if announcement.type in types]


def _owe_update(announcement: Announcement, subscription_id: int) -> None:
    """One message waits at most; it is written when it leaves, and tells all that was said until then.

    Where one waits, its row is locked to the end of this transaction: nobody sends it without what this one adds.
    """
    if not _waiting_update(announcement, subscription_id).update(happened_at=timezone.now()):
        update = _new(announcement, subscription_id)
        update.due_at += UPDATE_EVERY
        WebhookDelivery.objects.bulk_create([update], ignore_conflicts=True)


def _waiting_update(announcement: Announcement, subscription_id: int) -> QuerySet[WebhookDelivery]:
    return WebhookDelivery.objects.filter(
        subscription_id=subscription_id,
        call_id=announcement.call_id,
        event_type=Announced.TRANSCRIPT_UPDATE,
        state=WebhookState.QUEUED,
        attempts=0,
    )


def _new(announcement: Announcement, subscription_id: int) -> WebhookDelivery:
    now = timezone.now()
    return WebhookDelivery(
        account_id=announcement.account_id,
        subscription_id=subscription_id,
        call_id=announcement.call_id,
        run_id=announcement.run_id,
        event_type=announcement.type.value,
        happened_at=now,
        created_at=now,
        due_at=now,
        give_up_at=now + DELIVER_WITHIN,
    )
