"""The rows behind a lane: who sends to an endpoint, what is due, and what came of each attempt. Synchronous.

    queued --claim_due--> an attempt --settle--> delivered | queued again, later | failed
                                                 (superseded: a newer transcript took its place)

Kill any process at any instant: the lane's lease runs out, and what was under way is sent again with the same id.
"""

from __future__ import annotations

import datetime as dt
import random
import uuid
from collections.abc import Collection
from dataclasses import dataclass, field
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from actions.announcements import Announced
from notifications.models import PING, WebhookAttempt, WebhookDelivery, WebhookState, WebhookSubscription
from notifications.webhooks.bodies import CallGone, event_body
from notifications.webhooks.disabling import note_failure, note_success
from notifications.webhooks.posting import Message, Reply
from notifications.webhooks.secrets import SigningKeys
from outbound.secrets import SecretsUnreadable

log = structlog.get_logger(__name__)

LEASE = dt.timedelta(seconds=30)
"""Longer than an attempt may take and is renewed while it does."""

FIRST_WAIT_S = 5.0
WAIT_FACTOR = 4
LONGEST_WAIT_S = 4 * 3600.0
CIRCUIT_WAIT_S = 10.0
LONGEST_PAUSE_S = 3600.0
"""An endpoint may ask for that much and no more."""

NEAR_S = 5.0
"""What is due within this time is worth waiting for."""

PAUSING_STATUSES = frozenset({429, 503})

HEADERS = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class Lane:
    """The right to send to one endpoint, and how; renewed every few seconds."""

    subscription_id: int
    account_id: int
    token: UUID
    url: str
    keys: SigningKeys = field(repr=False)
    rate_per_minute: int
    is_enabled: bool
    paused_until: dt.datetime | None

    def is_paused(self) -> bool:
        return self.paused_until is not None and self.paused_until > timezone.now()


@dataclass(frozen=True, slots=True)
class Parcel:
    """One attempt that is about to be made."""

    delivery_id: UUID
    call_id: UUID | None
    attempt: int
    message: Message


def claim_lane(subscription_id: int) -> Lane | None:
    """None where somebody else has it, where nothing is due, or where its secrets cannot be read."""
    now, token = timezone.now(), uuid.uuid4()
    is_free = Q(lease_until=None) | Q(lease_until__lt=now)
    rows = WebhookSubscription.objects.filter(is_free, pk=subscription_id)
    if not has_due(subscription_id) or not rows.update(claim=token, lease_until=now + LEASE):
        return None
    return renew_lane(subscription_id, token)


def renew_lane(subscription_id: int, token: UUID) -> Lane | None:
    """As the endpoint is configured now; None where the lane is somebody else's, or its secrets cannot be read."""
    mine = WebhookSubscription.objects.filter(pk=subscription_id, claim=token)
    if not mine.update(lease_until=timezone.now() + LEASE):
        return None
    row = mine.first()
    if row is None:
        return None
    try:
        keys = row.signing_keys()
    except SecretsUnreadable:
        log.error("webhook_secrets_unreadable", subscription=subscription_id)
        return None
    return Lane(row.pk, row.account_id, token, row.url, keys, row.rate_per_minute, row.is_enabled, row.paused_until)


def release_lane(subscription_id: int, token: UUID) -> None:
    WebhookSubscription.objects.filter(pk=subscription_id, claim=token).update(claim=None, lease_until=None)


def has_due(subscription_id: int) -> bool:
    """Whether a lane would have something to do now."""
    row = WebhookSubscription.objects.filter(pk=subscription_id).values("is_enabled", "paused_until").first()
    if row is None or (row["paused_until"] and row["paused_until"] > timezone.now()):
        return False
    soon = timezone.now() + dt.timedelta(seconds=NEAR_S)
    return _sendable(subscription_id, is_enabled=row["is_enabled"]).filter(due_at__lte=soon).exists()


def next_due_s(lane: Lane, ignored: Collection[UUID] = ()) -> float | None:
    """Seconds until something is due, not negative; None: nothing waits."""
    waiting = _sendable(lane.subscription_id, is_enabled=lane.is_enabled).exclude(pk__in=list(ignored))
    due_at = waiting.order_by("due_at").values_list("due_at", flat=True).first()
    return None if due_at is None else max(0.0, (due_at - timezone.now()).total_seconds())


def recent_attempts(lane: Lane) -> list[float]:
    """How many seconds ago each attempt of the last minute began, the oldest first."""
    now = timezone.now()
    rows = WebhookAttempt.objects.filter(
        subscription_id=lane.subscription_id, started_at__gt=now - dt.timedelta(minutes=1)
    )
    times = rows.order_by("-started_at").values_list("started_at", flat=True)[: lane.rate_per_minute]
    return [(now - started_at).total_seconds() for started_at in reversed(times)]


def claim_due(lane: Lane, most: int, busy_calls: Collection[UUID], busy: Collection[UUID]) -> list[Parcel]:
    """The next messages, in the order of what they tell, one of each call; their attempts are written down."""
    due = _sendable(lane.subscription_id, is_enabled=lane.is_enabled).filter(due_at__lte=timezone.now())
    rows = due.exclude(pk__in=list(busy)).exclude(call_id__in=list(busy_calls)).order_by("due_at", "id")
    parcels: list[Parcel] = []
    calls: set[UUID | None] = set()
    # Of one call that is talked about much, others are not to wait for all of it.
    for delivery in rows[: 4 * most]:
        if len(parcels) == most:
            break
        if delivery.call_id is not None and delivery.call_id in calls:
            continue
        parcel = _begin_attempt(lane, delivery)
        if parcel is not None:
            calls.add(delivery.call_id)
            parcels.append(parcel)
    return parcels


def _begin_attempt(lane: Lane, delivery: WebhookDelivery) -> Parcel | None:
    """Written before it leaves, by a conditional update that only one process wins."""
    if _is_outdated(delivery):
        _end(delivery, WebhookState.SUPERSEDED)
        return None
    if delivery.failures and delivery.give_up_at is not None and delivery.give_up_at < timezone.now():
        _end(delivery, WebhookState.FAILED, delivery.error or too_late())
        return None
    number = delivery.attempts + 1
    with transaction.atomic():
        mine = WebhookDelivery.objects.filter(
            pk=delivery.pk, state=WebhookState.QUEUED, attempts=delivery.attempts, failures=delivery.failures
        )
        if not mine.update(attempts=number, url=lane.url):
            return None
        WebhookAttempt.objects.create(
            account_id=lane.account_id, delivery=delivery, subscription_id=lane.subscription_id, number=number
        )
    # After the claim: whatever is said from now on is owed a message of its own.
    try:
        body = (delivery.body or _written(delivery)).encode()
    except CallGone:
        _end(delivery, WebhookState.FAILED, _("The call was deleted before its message was written."))
        return None
    except Exception as error:  # one call that cannot be shown must not keep all others back
        log.error("webhook_not_written", delivery=str(delivery.pk), error=type(error).__name__, exc_info=True)
        _try_later(delivery, _("An internal error occurred."))
        return None
    return Parcel(delivery.pk, delivery.call_id, number, Message(delivery.message_id, body, HEADERS))


def _written(delivery: WebhookDelivery) -> str:
    if delivery.event_type == Announced.TRANSCRIPT_UPDATE:
        delivery.refresh_from_db(fields=["happened_at"])
    body = event_body(delivery)
    WebhookDelivery.objects.filter(pk=delivery.pk).update(body=body)
    return body


def _is_outdated(delivery: WebhookDelivery) -> bool:
    """Of what is being said, only the latest is of use: one that failed is not sent again after it."""
    if delivery.event_type != Announced.TRANSCRIPT_UPDATE or not delivery.failures or delivery.call_id is None:
        return False
    return WebhookDelivery.objects.filter(
        subscription_id=delivery.subscription_id,
        call_id=delivery.call_id,
        event_type=Announced.TRANSCRIPT_UPDATE,
        id__gt=delivery.pk,
    ).exists()


def settle(lane: Lane, parcel: Parcel, reply: Reply) -> None:
    """Store what came of an attempt: delivered, to be tried again, or given up; and what it says of the endpoint."""
    error = reply.error if reply.status is None else status_error(reply.status)
    attempt = WebhookAttempt.objects.filter(delivery_id=parcel.delivery_id, number=parcel.attempt)
    now = timezone.now()
    with transaction.atomic():
        attempt.update(
            duration_ms=reply.duration_ms,
            status=reply.status,
            error="" if reply.is_success else error,
            answer=reply.answer,
        )
        mine = WebhookDelivery.objects.select_for_update().filter(
            pk=parcel.delivery_id, attempts=parcel.attempt, state=WebhookState.QUEUED
        )
        if (delivery := mine.first()) is None:
            return
        if reply.is_success:
            _end(delivery, WebhookState.DELIVERED)
        elif reply.is_gone:
            _end(delivery, WebhookState.FAILED, error)
        else:
            _try_later(delivery, error, reply.retry_after_s)
    log.info(
        "webhook_attempt",
        delivery=str(parcel.delivery_id),
        attempt=parcel.attempt,
        status=reply.status,
        code=reply.code,
        duration_ms=reply.duration_ms,
    )
    _note(lane, reply, error, now)


def _try_later(delivery: WebhookDelivery, error: str, retry_after_s: float | None = None) -> None:
    failures = delivery.failures + 1
    wait_s = max(backoff_s(failures), min(retry_after_s or 0.0, LONGEST_PAUSE_S))
    due_at = timezone.now() + dt.timedelta(seconds=wait_s)
    if delivery.give_up_at is not None and due_at > delivery.give_up_at:
        _end(delivery, WebhookState.FAILED, error)
        return
    WebhookDelivery.objects.filter(pk=delivery.pk).update(due_at=due_at, error=error, failures=failures)


def backoff_s(failures: int) -> float:
    """Exponential, with jitter between half and all of it: 5 s, 20 s, 80 s … and every 4 hours in the end."""
    longest = min(LONGEST_WAIT_S, FIRST_WAIT_S * WAIT_FACTOR ** min(failures - 1, 10))
    return random.uniform(longest / 2, longest)  # noqa: S311


def _note(lane: Lane, reply: Reply, error: str, now: dt.datetime) -> None:
    if reply.is_success:
        note_success(lane.subscription_id, now)
        return
    pause_s = 0.0
    if reply.code == "circuit_open":
        pause_s = CIRCUIT_WAIT_S
    elif reply.status in PAUSING_STATUSES and reply.retry_after_s:
        pause_s = min(reply.retry_after_s, LONGEST_PAUSE_S)
    note_failure(lane.subscription_id, now, error, is_gone=reply.is_gone, pause_s=pause_s)


def _end(delivery: WebhookDelivery, state: WebhookState, error: str = "") -> None:
    WebhookDelivery.objects.filter(pk=delivery.pk, state=WebhookState.QUEUED).update(
        state=state, error=error, ended_at=timezone.now()
    )


def _sendable(subscription_id: int, *, is_enabled: bool) -> QuerySet[WebhookDelivery]:
    """What waits; of a disabled endpoint only what tests it."""
    waiting = WebhookDelivery.objects.filter(subscription_id=subscription_id, state=WebhookState.QUEUED)
    return waiting if is_enabled else waiting.filter(event_type=PING)


def status_error(status: int) -> str:
    if 300 <= status < 400:
        return _("The address answered with a redirect (%(status)d), which is not followed.") % {"status": status}
    return _("The address answered with the status %(status)d.") % {"status": status}


def too_late() -> str:
    return _("It could not be delivered within 24 hours.")
