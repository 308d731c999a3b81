"""One text message of one run: the row first, then the provider, then the row again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import uuid4

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from accounts.database import in_database
from actions.contract import JSON, ActionError, CallContext
from actions.expressions.scope import layer
from actions.expressions.templates import Template
from notifications.models import Channel, Delivery, DeliveryState
from notifications.models.sms import OptOut, OptOutSource, Receipt, SmsConnection, SmsDetails
from notifications.sms.composing import Limits, Sms, compose
from notifications.sms.handing_over import Line, OptedOutError, hand_over, report_url
from notifications.sms.providers.base import OutgoingSms
from notifications.sms.quiet import QuietHours
from notifications.sms.skipping import already_sent, opted_out

LONGEST_WAIT_S = 20.0
"""For the provider's answer."""
MARGIN_S = 0.5
"""Kept back from a run's deadline to note what came of it."""
MASK = "••••"
MOST_PER_CALL = 5
"""Messages of one action in one call: a model that goes round in circles must not fill a telephone."""


@dataclass(frozen=True, slots=True)
class SmsPlan:
    """What a run sends: ``to`` and ``text`` are templates."""

    connection_id: int
    to: Template
    text: Template
    limits: Limits
    quiet: QuietHours


@dataclass(frozen=True, slots=True)
class Delivered:
    """``digest`` tells whether two messages of a call are the same, and nothing else of them."""

    delivery: Delivery
    digest: str


@dataclass(frozen=True, slots=True)
class _Ready:
    delivery: Delivery
    line: Line
    message: OutgoingSms


async def deliver_sms(plan: SmsPlan, context: CallContext, arguments: Mapping[str, JSON]) -> Delivered:
    """Compose at the first attempt, then hand over what the row holds until a provider took it.

    Raises ActionError, SkippedError, and Deferred during the quiet hours.
    """
    ready = await in_database(_prepare)(plan, context, arguments)
    if isinstance(ready, Delivered):
        return ready
    deadline_s = min(LONGEST_WAIT_S, context.deadline.remaining_s() - MARGIN_S)
    await send_prepared(ready.delivery, ready.line, ready.message, deadline_s)
    return Delivered(ready.delivery, _digest(ready.message.to, ready.message.text))


async def send_prepared(delivery: Delivery, line: Line, message: OutgoingSms, deadline_s: float) -> None:
    """Hand ``message`` over and note on its row what came of it. Raises ActionError, SkippedError."""
    try:
        answer = await hand_over(line, message, deadline_s)
    except OptedOutError as error:
        await in_database(_note_opt_out)(delivery, message.to, error.message)
        raise opted_out(message.to) from error
    except ActionError as error:
        await in_database(_note_failure)(delivery, error)
        raise
    await in_database(_note_sent)(delivery, answer.id)


def _prepare(plan: SmsPlan, context: CallContext, arguments: Mapping[str, JSON]) -> _Ready | Delivered:
    connection = connection_of(plan.connection_id, context.account_id)
    delivery = Delivery.objects.select_related("sms").filter(run_id=context.run_id, channel=Channel.SMS).first()
    if delivery is not None and _was_taken(delivery):
        return Delivered(delivery, "")
    sms = None
    if delivery is None:
        scope = layer(context.scope, arguments)
        sms = compose(plan.to, plan.text, plan.limits, connection.region, scope, context.warnings)
        _refuse_repeat(sms, context)
    number = sms.number if sms is not None else delivery.to[0] if delivery is not None else ""
    _refuse_opted_out(delivery, number)
    plan.quiet.check(context, lambda: _stored(delivery, sms, context, connection))
    delivery = _stored(delivery, sms, context, connection)
    text = sms.text if sms is not None else delivery.body_text
    return _Ready(delivery, *begin_attempt(delivery, connection, number, text))


def connection_of(connection_id: int, account_id: int) -> SmsConnection:
    """Raises ActionError where it was deleted."""
    connections = SmsConnection.objects.select_related("auth_profile")
    connection = connections.filter(pk=connection_id, account=account_id).first()
    if connection is None:
        raise ActionError(_("The SMS connection of this action is gone."), code="no_connection", permanent=True)
    return connection


def begin_attempt(delivery: Delivery, connection: SmsConnection, number: str, text: str) -> tuple[Line, OutgoingSms]:
    """Note that ``text`` is being sent, and how. Raises ActionError."""
    _write(delivery, state=DeliveryState.QUEUED, error="", attempts=F("attempts") + 1)
    SmsDetails.objects.filter(pk=delivery.pk).update(waits_until=None)
    try:
        line = Line.of(connection)
    except ActionError as error:
        _note_failure(delivery, error)
        raise
    reference = delivery.sms.reference
    url = report_url(connection.token, reference)
    return line, OutgoingSms(to=number, sender=line.sender, text=text, key=str(reference), report_url=url)


def store(
    connection: SmsConnection, sms: Sms, *, hidden: Iterable[str] = (), run: CallContext | None = None
) -> Delivery:
    """The row of a message that is about to be sent; the same one for every attempt of a run.

    What is ``hidden`` (keys that the caller pressed in secret) is masked in it.
    """
    row = {
        "account_id": connection.account_id,
        "call_id": run.call_id if run else None,
        "to": [_masked(sms.number, hidden)],
        "body_text": _masked(sms.text, hidden),
        "is_test": run is None,
    }
    with transaction.atomic():
        if run is None:
            delivery = Delivery.objects.create(channel=Channel.SMS, **row)
        else:
            delivery = Delivery.objects.get_or_create(run_id=run.run_id, channel=Channel.SMS, defaults=row)[0]
        SmsDetails.objects.get_or_create(
            delivery=delivery,
            defaults={
                "connection": connection,
                "encoding": sms.count.encoding,
                "segments": sms.count.segments,
                "reference": run.run_id if run else uuid4(),
            },
        )
    return delivery


def _stored(delivery: Delivery | None, sms: Sms | None, context: CallContext, connection: SmsConnection) -> Delivery:
    if delivery is not None:
        return delivery
    assert sms is not None
    return store(connection, sms, hidden=context.secrets, run=context)


def _refuse_repeat(sms: Sms, context: CallContext) -> None:
    """During the call, a model may ask for the same once more, or for more than anybody wants."""
    sent = [each for each in context.earlier if isinstance(each, dict) and each.get("status") == "sent"]
    if any(each.get("digest") == _digest(sms.number, sms.text) for each in sent):
        raise already_sent()
    if len(sent) >= MOST_PER_CALL:
        raise ActionError(
            _("%(most)d text messages were sent in this call: no more.") % {"most": MOST_PER_CALL},
            code="too_many",
            permanent=True,
            spoken=_("No more text messages can be sent in this call."),
        )


def _digest(number: str, text: str) -> str:
    """Under the installation's key: what was pressed in secret may stand in the text."""
    return salted_hmac("notifications.sms", f"{number} {text}", algorithm="sha256").hexdigest()[:32]


def _was_taken(delivery: Delivery) -> bool:
    """By the provider: it said so to us, or, where its answer was lost, in a report."""
    return delivery.state in {DeliveryState.SENT, DeliveryState.DELIVERED} or bool(delivery.sms.receipt)


def _refuse_opted_out(delivery: Delivery | None, number: str) -> None:
    if not OptOut.objects.filter(number=number).exists():
        return
    skipped = opted_out(number)
    if delivery is not None:
        _write(delivery, state=DeliveryState.DEAD, error=skipped.reason)
    raise skipped


def _note_sent(delivery: Delivery, provider_id: str) -> None:
    """A receipt may have been quicker: then its word stands."""
    with transaction.atomic():
        details = SmsDetails.objects.select_for_update().get(pk=delivery.pk)
        values: dict[str, object] = {"sent_at": timezone.now()}
        if provider_id:
            values["provider_id"] = provider_id
        if not details.receipt:
            values |= {"state": DeliveryState.SENT, "error": ""}
        _write(delivery, **values)


def _note_failure(delivery: Delivery, error: ActionError) -> None:
    with transaction.atomic():
        details = SmsDetails.objects.select_for_update().get(pk=delivery.pk)
        if details.receipt == Receipt.NONE:
            state = DeliveryState.DEAD if error.permanent else DeliveryState.FAILED
            _write(delivery, state=state, error=error.message)


def _note_opt_out(delivery: Delivery, number: str, reason: str) -> None:
    _write(delivery, state=DeliveryState.DEAD, error=reason)
    OptOut.objects.get_or_create(
        account_id=delivery.account_id, number=number, defaults={"source": OptOutSource.PROVIDER, "note": reason[:200]}
    )


def _write(delivery: Delivery, **values: object) -> None:
    Delivery.objects.filter(pk=delivery.pk).update(**values)
    delivery.refresh_from_db(fields=list(values))


def _masked(text: str, hidden: Iterable[str]) -> str:
    for value in sorted(filter(None, hidden), key=len, reverse=True):
        text = text.replace(value, MASK)
    return text
