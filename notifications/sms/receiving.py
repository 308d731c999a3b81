"""What providers report: what became of messages, and who wants none any more. Each may come twice, in any order."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from notifications.models import Channel, Delivery, DeliveryState
from notifications.models.sms import OptOut, OptOutSource, Receipt, SmsConnection, SmsDetails
from notifications.sms.keywords import wish_of
from notifications.sms.numbers import normalise
from notifications.sms.providers.base import IncomingText, Status

RANKS = {Receipt.NONE: 0, Receipt.SENT: 1, Receipt.FAILED: 2, Receipt.DELIVERED: 3}
"""Reports only lead upwards: what arrived has arrived, whatever is said of it later."""

STATES = {
    Receipt.SENT: DeliveryState.SENT,
    Receipt.FAILED: DeliveryState.FAILED,
    Receipt.DELIVERED: DeliveryState.DELIVERED,
}


def take_status(connection: SmsConnection, status: Status, reference: str) -> bool:
    """Whether it is news. ``reference`` is our own name of the message, '' where the provider did not repeat it."""
    receipt = Receipt(status.state)
    with transaction.atomic():
        details = _find(connection, status.provider_id, reference)
        if details is None or RANKS[receipt] <= RANKS[Receipt(details.receipt)]:
            return False
        details.receipt = receipt
        details.save(update_fields=["receipt"])
        delivery = details.delivery
        delivery.state, delivery.error = STATES[receipt], status.reason
        delivery.provider_id = delivery.provider_id or status.provider_id
        delivery.save(update_fields=["state", "error", "provider_id"])
    return True


def take_text(connection: SmsConnection, text: IncomingText) -> str:
    """``out`` or ``in`` where the opt-out list is another one now, else ''."""
    wish = text.wish or wish_of(text.text)
    number = normalise(text.number, connection.region)
    if number is None or not wish:
        return ""
    if wish == "in":
        return "in" if OptOut.objects.filter(number=number).delete()[0] else ""
    values = {"source": OptOutSource.KEYWORD, "note": text.text.strip()[:60]}
    _row, is_new = OptOut.objects.get_or_create(account=connection.account, number=number, defaults=values)
    return "out" if is_new else ""


def _find(connection: SmsConnection, provider_id: str, reference: str) -> SmsDetails | None:
    rows = SmsDetails.objects.select_related("delivery").select_for_update(of=("self",))
    rows = rows.filter(connection=connection)
    try:
        found: SmsDetails | None = rows.filter(reference=UUID(reference)).first() if reference else None
    except ValueError:
        found = None
    if found is None and provider_id:
        known = Delivery.objects.filter(account=connection.account, channel=Channel.SMS, provider_id=provider_id)
        found = rows.filter(delivery__in=known).first()
    return found
