"""An email tried out on a call of the past: looked at, or sent to whoever asks."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import override

from actions.admin.rules import rule_of
from actions.conditions import conditions_of
from actions.contract import ActionError, CallContext, FreezeError
from actions.registry import kinds
from notifications.email.addresses import mailbox_of
from notifications.email.composing import Email, compose
from notifications.email.delivering import attached, new_delivery, send
from notifications.email.recipients import Recipients
from notifications.email.suppressing import suppressed
from notifications.models import Channel, Delivery

if TYPE_CHECKING:
    from notifications.kinds.email import EmailAction, EmailParams


@dataclass(slots=True)
class Preview:
    """What the email would be after that call; without ``email``, ``errors`` say why there is none.

    ``why_not`` is the reason why the action would be skipped; ``left_out`` are mailboxes that get nothing.
    """

    rule: str
    why_not: str = ""
    errors: list[str] = field(default_factory=list)
    email: Email | None = None
    attachment: str = ""
    left_out: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def preview(action: EmailAction, context: CallContext) -> Preview:
    """The row as it is saved, whether published or not."""
    conditions = conditions_of(action)
    labels = context.scope["interaction"].get("CLASSIFICATIONS") or {}
    shown = Preview(rule_of(conditions), conditions.why_not(labels), warnings=context.warnings)
    try:
        params = _params(action)
        shown.email = compose(params.templates(context.agent.language), context)
    except FreezeError as error:
        shown.errors = [str(text) for texts in error.errors.values() for text in texts]
    except ActionError as error:
        shown.errors = [error.message]
    else:
        shown.attachment = params.attachment
        shown.left_out = _left_out(context.account_id, shown.email)
    return shown


def send_test(action: EmailAction, context: CallContext, to: str) -> Delivery:
    """To that one address, whatever the conditions. Raises ActionError and FreezeError."""
    params = _params(action)
    templates = params.templates(context.agent.language)
    email = compose(templates, context)
    with override(templates.language):
        subject = _("[Test] %(subject)s") % {"subject": email.subject}
    email = dataclasses.replace(email, recipients=Recipients([to], [], []), subject=subject)
    delivery = Delivery.objects.create(
        account_id=context.account_id,
        channel=Channel.EMAIL,
        is_test=True,
        **new_delivery(email, params.attachment, context),
    )
    send(delivery, context.idempotency_key, attached(delivery, templates.language, context), context.warnings)
    return delivery


def _params(action: EmailAction) -> EmailParams:
    params: EmailParams = kinds.get("email").freeze(action)
    return params


def _left_out(account_id: int, email: Email) -> list[str]:
    everybody = [*email.recipients.to, *email.recipients.cc, *email.recipients.bcc]
    return sorted(suppressed(account_id, map(mailbox_of, everybody)))
