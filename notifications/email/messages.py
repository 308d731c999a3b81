"""A delivery as the message that leaves."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.core.mail import EmailMultiAlternatives

from notifications.email.addresses import mailbox_of
from notifications.email.ledger import GOT_IT
from notifications.models import Delivery


@dataclass(frozen=True, slots=True)
class Attachment:
    name: str
    content: bytes
    mimetype: str


class Message(EmailMultiAlternatives):
    """Goes to ``mailboxes`` only: of several recipients, some may have it already."""

    mailboxes: frozenset[str]

    def recipients(self) -> list[str]:
        return [address for address in super().recipients() if mailbox_of(address) in self.mailboxes]


def message_of(delivery: Delivery, mailboxes: set[str], key: str, attachment: Attachment | None) -> Message:
    """For ``mailboxes``; ``key`` is the idempotency key of the run.

    Over SMTP, its head also names who has it already. Providers send to whoever the head names.
    """
    named = mailboxes if provider() else mailboxes | _holders(delivery)
    to, cc, bcc = (
        [address for address in addresses if mailbox_of(address) in named]
        for addresses in (delivery.to, delivery.cc, delivery.bcc)
    )
    if not to:
        to, cc = cc, []
    message = Message(
        subject=delivery.subject,
        body=delivery.body_text,
        to=to,
        cc=cc,
        bcc=bcc,
        reply_to=delivery.reply_to,
        headers=_headers(delivery, key),
    )
    message.mailboxes = frozenset(mailboxes)
    if delivery.body_html:
        message.attach_alternative(delivery.body_html, "text/html")
    if attachment is not None:
        message.attach(attachment.name, attachment.content, attachment.mimetype)
    return message


def provider() -> str:
    """The provider's name in django-anymail, or '' where mail goes by SMTP or stays on this machine."""
    package, _dot, rest = settings.EMAIL_BACKEND.partition(".backends.")
    return rest.partition(".")[0] if package == "anymail" else ""


def _holders(delivery: Delivery) -> set[str]:
    return {box for box, known in delivery.recipient_states.items() if known.get("state") in GOT_IT}


def _headers(delivery: Delivery, key: str) -> dict[str, str]:
    headers = {
        "Message-ID": delivery.message_id,
        # RFC 3834: no out-of-office answers.
        "Auto-Submitted": "auto-generated",
        "X-Triptyque-Idempotency-Key": key,
    }
    if delivery.call_id is not None:
        headers["X-Triptyque-Call"] = str(delivery.call_id)
    if provider() == "postmark":
        # It puts its own Message-ID in the place of ours without it.
        headers["X-PM-KeepID"] = "true"
    return headers
