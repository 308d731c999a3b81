"""One email of one run, at least once: the row first, then the mail server, then the row again."""

from __future__ import annotations

import hashlib
from email.utils import parseaddr

from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import F
from django.utils import timezone
from django.utils.translation import override

from actions.contract import CallContext
from notifications.composing import EmailTemplates, compose
from notifications.mail_errors import as_action_error
from notifications.models import Channel, Delivery, DeliveryState


def deliver_email(templates: EmailTemplates, context: CallContext) -> Delivery:
    """Compose at the first attempt, then send what the row holds until it is sent. Raises ActionError.

    Blocking, and whole in one call: when the run's deadline has given up waiting, the row still becomes
    ``sent``, and the retry sends nothing. A crash between the server's acceptance and our note of it sends
    the message twice, with the same Message-ID.
    """
    with override(context.agent.language):
        delivery = _row(templates, context)
        if delivery.state != DeliveryState.SENT:
            _send(delivery, context.idempotency_key)
        return delivery


def message_id(idempotency_key: str) -> str:
    """The same for every attempt of one run (RFC 5322 section 3.6.4), in the sender's domain."""
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
    return f"<{hashlib.sha256(idempotency_key.encode()).hexdigest()[:32]}@{domain}>"


def _row(templates: EmailTemplates, context: CallContext) -> Delivery:
    key = {"run_id": context.run_id, "channel": Channel.EMAIL}
    if known := Delivery.objects.filter(**key).first():
        return known
    email = compose(templates, context)
    row = {
        "account_id": context.account_id,
        "call_id": context.call_id,
        "to": email.recipients.to,
        "cc": email.recipients.cc,
        "bcc": email.recipients.bcc,
        "subject": email.subject,
        "body_text": email.body,
        "message_id": message_id(context.idempotency_key),
    }
    return Delivery.objects.get_or_create(**key, defaults=row)[0]


def _send(delivery: Delivery, idempotency_key: str) -> None:
    _write(delivery, state=DeliveryState.QUEUED, error="", attempts=F("attempts") + 1)
    try:
        _message(delivery, idempotency_key).send()
    except Exception as error:
        failure = as_action_error(error)
        _write(delivery, state=DeliveryState.FAILED, error=failure.message if failure else repr(error))
        if failure is None:
            raise
        raise failure from error
    _write(delivery, state=DeliveryState.SENT, sent_at=timezone.now())


def _write(delivery: Delivery, **values: object) -> None:
    Delivery.objects.filter(pk=delivery.pk).update(**values)
    delivery.refresh_from_db(fields=list(values))


def _message(delivery: Delivery, idempotency_key: str) -> EmailMessage:
    return EmailMessage(
        subject=delivery.subject,
        body=delivery.body_text,
        to=delivery.to,
        cc=delivery.cc,
        bcc=delivery.bcc,
        headers={
            "Message-ID": delivery.message_id,
            "Auto-Submitted": "auto-generated",  # RFC 3834: no out-of-office answers
            "X-Triptyque-Call": str(delivery.call_id),
            "X-Triptyque-Idempotency-Key": idempotency_key,
        },
    )
