"""The message of an action's run: written once, then sent until the endpoint takes it. The run says when."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.database import in_database
from actions.announcements import Announced, shown_call
from actions.contract import JSON, ActionError, CallContext
from actions.expressions.errors import ExpressionError
from notifications.models import WebhookAttempt, WebhookDelivery, WebhookState, WebhookSubscription
from notifications.rows import ATTEMPTS, WEBHOOKS
from notifications.webhooks import bodies
from notifications.webhooks.posting import GONE, Message, Reply, post
from notifications.webhooks.queue import status_error
from notifications.webhooks.secrets import SigningKeys
from outbound.secrets import SecretsUnreadable

if TYPE_CHECKING:
    from notifications.kinds.webhook import WebhookParams

TYPE = "action"
"""Of a message that an action sends."""

MARGIN_S = 1.0
"""Kept back from the run's time for our own records."""

RETRIED = frozenset({408, 409, 423, 425, 429})
"""Of the 4xx, those that say “later” rather than “never”."""

_CONTROLS = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]+")


async def deliver(params: WebhookParams, context: CallContext) -> WebhookDelivery:
    """Raises ActionError. A repeat after the endpoint took it sends nothing."""
    delivery, keys = await in_database(_begun)(params, context)
    if delivery.state == WebhookState.DELIVERED:
        return delivery
    headers = {
        **_headers(params, context),
        "Content-Type": "application/json",
        "Idempotency-Key": context.idempotency_key,
    }
    reply = await post(
        params.url,
        Message(delivery.message_id, delivery.body.encode(), headers),
        keys,
        account_id=context.account_id,
        deadline_s=context.deadline.remaining_s() - MARGIN_S,
        auth_profile=params.auth_profile,
    )
    error = reply.error if reply.status is None else status_error(reply.status)
    context.trace.append(_step(delivery, reply, error))
    await in_database(_settle)(delivery, reply, error)
    if not reply.is_success:
        raise ActionError(
            error,
            code=reply.code or "unexpected_status",
            permanent=_is_permanent(reply),
            retry_after_s=reply.retry_after_s,
        )
    return delivery


def _begun(params: WebhookParams, context: CallContext) -> tuple[WebhookDelivery, SigningKeys]:
    """The run's delivery, its attempt written down, unless it was delivered already; and what signs it."""
    key = {"account_id": context.account_id, "run_id": context.run_id, "subscription_id": None}
    delivery = WEBHOOKS.first(key) if context.attempt > 1 else None
    if delivery is None:
        row = WebhookDelivery(
            **key, call_id=context.call_id, event_type=TYPE, url=params.url, body=_body(params, context), attempts=1
        )
        keys = _keys(params)
        with transaction.atomic():
            if WEBHOOKS.insert(row):
                _write_attempt(row)
                return row, keys
        # An attempt that was not counted: the endpoint asked us to come back later.
        delivery = WebhookDelivery.objects.get(**key)
    if delivery.state == WebhookState.DELIVERED:
        return delivery, SigningKeys(())
    keys = _keys(params)
    _begin_again(delivery)
    return delivery, keys


def _body(params: WebhookParams, context: CallContext) -> str:
    """Raises ActionError, for good: the same call would render the same again."""
    if params.body_template is None:
        data = shown_call(context.call_id)
        if data is None:
            raise ActionError(_("The call is gone."), code="call_gone", permanent=True)
        return bodies.encoded(Announced.CALL_COMPLETED.value, timezone.now(), data)
    try:
        value = params.body_template.value(context.scope, context.warnings)
        written = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        written.encode()
    except ExpressionError as error:
        raise ActionError(error.message, code="expression_error", permanent=True) from error
    except (TypeError, ValueError, RecursionError) as error:
        message = _("The body holds a value that JSON cannot express.")
        raise ActionError(message, code="invalid_body", permanent=True) from error
    if len(written) > bodies.MOST_BYTES:
        raise ActionError(_("The body is larger than 1 MiB."), code="invalid_body", permanent=True)
    return written


def _headers(params: WebhookParams, context: CallContext) -> dict[str, str]:
    """Each on one line, whatever a caller said: a line break would begin another header. Without empty ones."""
    try:
        values = {
            name: template.value(context.scope, context.warnings) for name, template in params.header_templates.items()
        }
    except ExpressionError as error:
        raise ActionError(error.message, code="expression_error", permanent=True) from error
    headers = {name: _header_text(value) for name, value in values.items()}
    return {name: text for name, text in headers.items() if text}


def _header_text(value: JSON) -> str:
    text = value if isinstance(value, str) else "" if value is None else json.dumps(value, ensure_ascii=False)
    return _CONTROLS.sub(" ", text).strip()


def _keys(params: WebhookParams) -> SigningKeys:
    if params.signed_as is None:
        return SigningKeys(())
    signer = WebhookSubscription.objects.filter(pk=params.signed_as).first()
    try:
        if signer is not None:
            return signer.signing_keys()
    except SecretsUnreadable:
        pass
    message = _("The secret that signs this webhook is gone or cannot be read.")
    raise ActionError(message, code="no_secret", permanent=signer is None)


def _begin_again(delivery: WebhookDelivery) -> None:
    with transaction.atomic():
        locked = WebhookDelivery.objects.select_for_update().get(pk=delivery.pk)
        delivery.attempts = locked.attempts + 1
        delivery.state = WebhookState.QUEUED
        delivery.save(update_fields=["attempts", "state"])
        _write_attempt(delivery)


def _write_attempt(delivery: WebhookDelivery) -> None:
    ATTEMPTS.insert(WebhookAttempt(account_id=delivery.account_id, delivery=delivery, number=delivery.attempts))


def _settle(delivery: WebhookDelivery, reply: Reply, error: str) -> None:
    delivery.state = WebhookState.DELIVERED if reply.is_success else WebhookState.FAILED
    delivery.error = "" if reply.is_success else error
    delivery.ended_at = timezone.now()
    answered = {"duration_ms": reply.duration_ms, "status": reply.status, "error": delivery.error}
    account = {"account_id": delivery.account_id}
    this = {"delivery_id": delivery.pk, "number": delivery.attempts}
    # The end of the run follows both, and is waited for.
    ATTEMPTS.update(account | this, answered | {"answer": reply.answer}, flushed=False)
    ended = {name: getattr(delivery, name) for name in ("state", "error", "ended_at")}
    WEBHOOKS.update(account | {"id": delivery.pk}, ended, flushed=False)


def _is_permanent(reply: Reply) -> bool:
    if reply.status is None:
        return reply.permanent
    return reply.status == GONE or (300 <= reply.status < 500 and reply.status not in RETRIED)


def _step(delivery: WebhookDelivery, reply: Reply, error: str) -> dict[str, JSON]:
    return {
        "webhook": delivery.message_id,
        "attempt": delivery.attempts,
        "status": reply.status,
        "duration_ms": reply.duration_ms,
        "error": "" if reply.is_success else error,
        "answer": reply.answer,
    }
