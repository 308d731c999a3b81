"""A test message: really sent, to whomever an administrator names."""

from __future__ import annotations

from asgiref.sync import async_to_sync

from notifications.models.sms import OptOut, SmsConnection
from notifications.sms.composing import MOST_SEGMENTS, Limits, Sms, TooLong, fitted
from notifications.sms.delivering import begin_attempt, send_prepared, store
from notifications.sms.numbers import recipient
from notifications.sms.skipping import opted_out
from outbound.http import session_scope

LONGEST_TRIAL = 500
DEADLINE_S = 15.0


def send_trial(connection: SmsConnection, to: str, text: str) -> str:
    """The number that it was sent to. Raises ActionError, SkippedError."""
    number = recipient(to, connection.region)
    if OptOut.objects.filter(number=number).exists():
        raise opted_out(number)
    sms = Sms(number, *fitted(text, Limits(False, MOST_SEGMENTS, TooLong.CUT), []))
    delivery = store(connection, sms)
    line, message = begin_attempt(delivery, connection, sms.number, sms.text)

    async def go() -> None:
        async with session_scope():
            await send_prepared(delivery, line, message, DEADLINE_S)

    async_to_sync(go)()
    return number
