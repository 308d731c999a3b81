"""Who of a message's recipients has it, and who still must get it.

``Delivery.recipient_states`` maps mailboxes to ``{"state": …, "reason": …}``; who is not there has not been tried.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from actions.contract import ActionError
from notifications.email.addresses import mailbox_of
from notifications.email.errors import Answer, is_for_good, text_of
from notifications.email.suppressing import suppressed
from notifications.models import Delivery, DeliveryState, Suppression
from notifications.rows import DELIVERIES

REPORTED = frozenset({"delivered", "bounced", "complained"})
GOT_IT = REPORTED | {"sent"}
"""The server took it for them; what became of it later does not mean another try."""

WEIGHT = {"sent": 1, "delivered": 2, "bounced": 3, "complained": 4}
"""Reports repeat and overtake each other: a heavier word is never taken back, nor that of another recipient."""

States = dict[str, dict[str, Any]]


def everybody(delivery: Delivery) -> list[str]:
    """The mailboxes of all recipients."""
    return [mailbox_of(address) for address in (*delivery.to, *delivery.cc, *delivery.bcc)]


def begin(delivery: Delivery, warnings: list[str]) -> None:
    """In memory: whom this attempt leaves out, with a warning for each.

    Suppressions may have been lifted since the last attempt; and whoever has a message tried again that was given up
    wants to know whether the server still refuses its recipients.
    """
    again = {"suppressed", "refused"} if delivery.state == DeliveryState.DEAD else {"suppressed"}
    kept = {box: known for box, known in delivery.recipient_states.items() if known.get("state") not in again}
    delivery.recipient_states = kept
    for mailbox, row in suppressed(delivery.account_id, outstanding(delivery)).items():
        kept[mailbox] = {"state": "suppressed", "reason": row.get_reason_display()}
        warn(warnings, _left_out(row))


def outstanding(delivery: Delivery) -> set[str]:
    """Who has neither got the message nor is refused or left out."""
    states: States = delivery.recipient_states
    settled = GOT_IT | {"refused", "suppressed"}
    return {each for each in everybody(delivery) if states.get(each, {}).get("state") not in settled}


def got_it(delivery: Delivery) -> bool:
    return any(known.get("state") in GOT_IT for known in delivery.recipient_states.values())


def why_nobody(delivery: Delivery) -> ActionError:
    """Why nobody is left to send to, for good."""
    reasons = sorted({f"{box}: {known.get('reason', '')}" for box, known in delivery.recipient_states.items()})
    message = _("No recipient is left: %(reasons)s.") % {"reasons": "; ".join(reasons)}
    return ActionError(message, code="no_recipient_left", permanent=True)


def note_accepted(delivery: Delivery, mailboxes: Iterable[str], refused: Mapping[str, Answer]) -> None:
    """In memory: the server took the message for ``mailboxes`` but those ``refused`` (by address)."""
    by_mailbox = {mailbox_of(address): answer for address, answer in refused.items()}
    for mailbox in mailboxes:
        if mailbox not in by_mailbox:
            delivery.recipient_states[mailbox] = {"state": "sent"}
    note_refused(delivery, by_mailbox)


def note_refused(delivery: Delivery, refused: Mapping[str, Answer]) -> None:
    """In memory: what the server said of each recipient that it did not take, for now or for good."""
    for address, (code, reason) in refused.items():
        state = "refused" if is_for_good(code) else "deferred"
        delivery.recipient_states[mailbox_of(address)] = {"state": state, "reason": f"{code} {text_of(reason)}"[:500]}


def keep(delivery: Delivery, *, done: bool = False, is_named: bool = False, **values: Any) -> None:
    """Store what is known in memory of the recipients, and ``values``; reports that came meanwhile stay.

    ``done``: whoever could be sent to has been, and from here on the provider's reports decide the state.
    ``is_named``: we have noted what the provider calls it, so that there may be reports.
    """
    own = {"id": delivery.pk, "account_id": delivery.account_id}
    kept = _stored(values, delivery.recipient_states, done=done)
    # What nobody has noted a name of is in no report. The end of the run follows, and is waited for.
    if is_named or delivery.provider_id or not DELIVERIES.update(own | {"provider_id": ""}, kept, flushed=False):
        with transaction.atomic():
            rows = Delivery.objects.filter(pk=delivery.pk).select_for_update()
            known: States = rows.values_list("recipient_states", flat=True).get()
            reported = {box: each for box, each in known.items() if each.get("state") in REPORTED}
            kept = _stored(values, {**delivery.recipient_states, **reported}, done=done)
            DELIVERIES.update(own, kept)
    for name, value in kept.items():
        setattr(delivery, name, value)


def _stored(values: Mapping[str, Any], states: States, *, done: bool) -> dict[str, Any]:
    """Columns of a delivery."""
    ended = {"state": whole(states), "sent_at": timezone.now()} if done else {}
    return {**values, "recipient_states": states, **ended}


def whole(states: States) -> str:
    """The state of a message: the worst that is known of a recipient, and delivered once all have it."""
    known = [state for each in states.values() if (state := each.get("state", "")) in WEIGHT]
    worst = max(known, key=WEIGHT.__getitem__, default="sent")
    return "sent" if worst == "delivered" and "sent" in known else worst


def warn_of_refused(delivery: Delivery, warnings: list[str]) -> None:
    for mailbox, known in delivery.recipient_states.items():
        if known.get("state") == "refused":
            text = _("%(address)s was refused: %(reason)s") % {"address": mailbox, "reason": known.get("reason", "")}
            warn(warnings, text)


def warn(warnings: list[str], sentence: str) -> None:
    if sentence not in warnings:
        warnings.append(sentence)


def _left_out(row: Suppression) -> str:
    reason = row.get_reason_display()
    return _("%(address)s was left out: %(reason)s.") % {"address": row.address, "reason": reason}
