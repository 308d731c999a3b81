"""One email, at least once: the row first, then the mail server, then the row again."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from email.utils import parseaddr
from typing import Any

from anymail.message import AnymailStatus
from django.conf import settings
from django.db.models import F
from django.utils.translation import gettext as _
from django.utils.translation import override

from actions.contract import ActionError, CallContext
from notifications.email import connections, ledger
from notifications.email.attachments import transcript_attachment
from notifications.email.composing import Email, EmailTemplates, compose
from notifications.email.errors import Answer, answered, as_action_error, refusals_of
from notifications.email.messages import Attachment, Message, message_of, provider
from notifications.models import Channel, Delivery, DeliveryState, ProviderId
from notifications.rows import DELIVERIES

DONE = frozenset({DeliveryState.SENT, DeliveryState.DELIVERED, DeliveryState.BOUNCED, DeliveryState.COMPLAINED})


def deliver_email(templates: EmailTemplates, attachment: str, context: CallContext) -> Delivery:
    """Compose at the first attempt, then send what the row holds until all have it. Raises ActionError.

    Blocking, and whole in one call: when the run's deadline has given up waiting, the row still becomes
    ``sent``, and the retry sends nothing. A crash between the server's acceptance and our note of it sends
    the message twice, with the same Message-ID. ``attachment`` is ``txt``, ``pdf`` or ''.
    """
    with override(context.agent.language):
        delivery, is_begun = _row(templates, attachment, context)
        if delivery.state not in DONE:
            if not is_begun:
                _begin_again(delivery, context.warnings)
            file = attached(delivery, templates.language, context)
            _send_begun(delivery, context.idempotency_key, file, context.warnings)
        return delivery


def new_delivery(email: Email, attachment: str, context: CallContext) -> dict[str, Any]:
    """The columns of what is to be sent."""
    return {
        "call_id": context.call_id,
        "to": email.recipients.to,
        "cc": email.recipients.cc,
        "bcc": email.recipients.bcc,
        "reply_to": email.reply_to,
        "subject": email.subject,
        "body_text": email.text,
        "body_html": email.html,
        "attachment": attachment,
        "message_id": message_id(context.idempotency_key),
    }


def attached(delivery: Delivery, language: str, context: CallContext) -> Attachment | None:
    return transcript_attachment(delivery.attachment, language, context) if delivery.attachment else None


def message_id(idempotency_key: str) -> str:
    """The same for every attempt of one run (RFC 5322 section 3.6.4), in the sender's domain."""
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
    return f"<{hashlib.sha256(idempotency_key.encode()).hexdigest()[:32]}@{domain}>"


def send(delivery: Delivery, key: str, attachment: Attachment | None, warnings: list[str]) -> None:
    """To whoever of its recipients has not got it yet. Raises ActionError."""
    _begin_again(delivery, warnings)
    _send_begun(delivery, key, attachment, warnings)


def _send_begun(delivery: Delivery, key: str, attachment: Attachment | None, warnings: list[str]) -> None:
    left = ledger.outstanding(delivery)
    if left:
        _hand_over(delivery, message_of(delivery, left, key, attachment), left)
    elif ledger.got_it(delivery):
        ledger.keep(delivery, done=True)
    else:
        raise _failed(delivery, ledger.why_nobody(delivery))
    ledger.warn_of_refused(delivery, warnings)


def _begin_again(delivery: Delivery, warnings: list[str]) -> None:
    """One more attempt of what is stored."""
    ledger.begin(delivery, warnings)
    counted = 1 if ledger.outstanding(delivery) else 0
    delivery.state, delivery.error = DeliveryState.QUEUED, ""
    delivery.attempts += counted
    Delivery.objects.filter(pk=delivery.pk).update(
        state=delivery.state, error=delivery.error, attempts=F("attempts") + counted
    )


def _row(templates: EmailTemplates, attachment: str, context: CallContext) -> tuple[Delivery, bool]:
    """The run's delivery, stored; and whether it is new, and its first attempt begun with it."""
    key = {"account_id": context.account_id, "run_id": context.run_id, "channel": Channel.EMAIL}
    if context.attempt > 1 and (known := DELIVERIES.first(key)):
        return known, False
    row = Delivery(**new_delivery(compose(templates, context), attachment, context), **key)
    ledger.begin(row, context.warnings)
    row.attempts = 1 if ledger.outstanding(row) else 0
    if DELIVERIES.insert(row):
        return row, True
    # An attempt that was not counted: somebody asked us to come back later.
    return Delivery.objects.get(**key), False


def _hand_over(delivery: Delivery, message: Message, left: set[str]) -> None:
    """Raises ActionError where nobody got it, or somebody has to be tried again."""
    try:
        connections.send(message)
    except Exception as error:
        ledger.note_refused(delivery, refusals_of(error))
        failure = as_action_error(error)
        if failure is None:
            ledger.keep(delivery, state=DeliveryState.FAILED, error=repr(error))
            raise
        raise _failed(delivery, failure) from error
    status: AnymailStatus | None = getattr(message, "anymail_status", None)
    refused = _refused_by_provider(status) if status is not None else getattr(message, "refused", {})
    ledger.note_accepted(delivery, left, refused)
    deferred = [answer for answer in refused.values() if not answered([answer]).permanent]
    _keep_with_ids(delivery, status, done=not deferred)
    if deferred:
        raise _failed(delivery, answered(deferred))


def _refused_by_provider(status: AnymailStatus) -> dict[str, Answer]:
    """Whom the provider will not write to, or has not yet: one bad address can hold up the others."""
    bad = {"invalid": _("The provider says that this is no address."), "rejected": _("The provider refuses it.")}
    refused: dict[str, Answer] = {}
    for address, each in (status.recipients or {}).items():
        if each.status in bad:
            refused[address] = (550, bad[each.status])
        elif each.status == "failed" or (each.status == "unknown" and not each.message_id and _has(status, bad)):
            refused[address] = (451, _("The provider has not sent it."))
    return refused


def _has(status: AnymailStatus, states: Collection[str]) -> bool:
    return any(each.status in states for each in status.recipients.values())


def _keep_with_ids(delivery: Delivery, status: AnymailStatus | None, *, done: bool) -> None:
    """With what the provider calls the message: its reports name nothing else. Some give each recipient an id."""
    if status is None:
        ids = [] if provider() else [delivery.message_id]
    else:
        given = status.message_id
        ids = sorted(filter(None, given)) if isinstance(given, set | frozenset) else [given] if given else []
    ProviderId.objects.bulk_create([ProviderId(delivery=delivery, value=each[:255]) for each in ids[1:]])
    ledger.keep(delivery, done=done, is_named=len(ids) > 1, provider_id=(ids[0] if ids else "")[:255])


def _failed(delivery: Delivery, failure: ActionError) -> ActionError:
    state = DeliveryState.DEAD if failure.permanent else DeliveryState.FAILED
    ledger.keep(delivery, state=state, error=failure.message)
    return failure
