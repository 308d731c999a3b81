"""What providers report of messages they took: delivered, bounced, reported as spam."""

from __future__ import annotations

from typing import Any

import structlog
from anymail.signals import AnymailTrackingEvent, EventType, RejectReason
from django.db import transaction
from django.db.models import Q
from django_scopes import scope, scopes_disabled

from notifications.email.ledger import WEIGHT, everybody, whole
from notifications.email.suppressing import suppress
from notifications.models import Channel, Delivery, DeliveryState, SuppressionReason

log = structlog.get_logger(__name__)

STATES = {
    EventType.DELIVERED: DeliveryState.DELIVERED,
    EventType.BOUNCED: DeliveryState.BOUNCED,
    EventType.REJECTED: DeliveryState.BOUNCED,
    EventType.FAILED: DeliveryState.BOUNCED,
    EventType.COMPLAINED: DeliveryState.COMPLAINED,
}
"""The others say nothing of delivery (opened, clicked …), or nothing final (queued, deferred)."""

NOT_THE_ADDRESS = frozenset({RejectReason.TIMED_OUT, RejectReason.BLOCKED})
"""Bounces that say nothing against the mailbox: a server that was away, a filter that took us for spam."""

MOST_DETAIL = 1000


class ComeAgain(Exception):
    """A report came before we have noted what the provider calls the message."""


def on_report(sender: object, event: AnymailTrackingEvent, esp_name: str, **kwargs: Any) -> None:
    """Receiver of anymail's signal; raises ComeAgain."""
    state = STATES.get(event.event_type)
    if state is None or not event.message_id:
        return
    with scopes_disabled():
        delivery = _delivery_of(str(event.message_id))
    if delivery is None:
        log.info("email_report_of_unknown_message", provider=esp_name)
        return
    with scope(account=delivery.account_id):
        _note(delivery, state, event)


def _delivery_of(provider_id: str) -> Delivery | None:
    """Crosses accounts on purpose: providers know nothing of them."""
    emails = Delivery.objects.filter(channel=Channel.EMAIL)
    found = emails.filter(Q(provider_id=provider_id) | Q(provider_ids__value=provider_id)).first()
    if found is None and emails.filter(state=DeliveryState.QUEUED).exists():
        raise ComeAgain
    return found


@transaction.atomic
def _note(delivery: Delivery, state: DeliveryState, event: AnymailTrackingEvent) -> None:
    delivery = Delivery.objects.select_for_update().get(pk=delivery.pk)
    mailboxes = everybody(delivery)
    mailbox = (event.recipient or "").strip().lower() or (mailboxes[0] if len(mailboxes) == 1 else "")
    if mailbox not in mailboxes:
        return
    reason = _detail(event)
    known = delivery.recipient_states.get(mailbox, {})
    if WEIGHT[state] > WEIGHT.get(known.get("state", ""), 0):
        delivery.recipient_states[mailbox] = {"state": str(state), "reason": reason}
    if delivery.state in WEIGHT:
        # Else not everybody has been handed to the provider yet.
        delivery.state = whole(delivery.recipient_states)
    if state != DeliveryState.DELIVERED and delivery.state == state:
        delivery.error = delivery.error or reason
    delivery.save(update_fields=["recipient_states", "state", "error"])
    if (why := _suppression(event)) is not None:
        suppress(delivery.account_id, mailbox, why, reason)


def _suppression(event: AnymailTrackingEvent) -> SuppressionReason | None:
    if event.event_type == EventType.COMPLAINED or event.reject_reason == RejectReason.SPAM:
        return SuppressionReason.COMPLAINED
    if event.event_type == EventType.BOUNCED and event.reject_reason not in NOT_THE_ADDRESS:
        return SuppressionReason.BOUNCED
    if event.event_type == EventType.REJECTED and event.reject_reason in {RejectReason.INVALID, RejectReason.BOUNCED}:
        return SuppressionReason.BOUNCED
    return None


def _detail(event: AnymailTrackingEvent) -> str:
    said = [str(each).strip() for each in (event.description, event.mta_response) if each]
    return " – ".join(dict.fromkeys(said))[:MOST_DETAIL].replace("\x00", "")
