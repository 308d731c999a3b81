"""Whom a text message may go to: one number, in one spelling."""

from __future__ import annotations

import re

import phonenumbers
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from actions.contract import ActionError
from actions.phones import E164, Reason, compact, verdict

LONGEST_WRITTEN = 64
"""Characters that a number may be written with."""

_WRITTEN = re.compile(r"(?:tel:)?[+\uff0b]?[\d\s().\-\u2010-\u2015\u00a0\u202f]+", re.IGNORECASE)


def normalise(text: str, region: str = "") -> str | None:
    """``text`` in E.164, whatever is written between its digits; ``region`` is where a national number belongs to.

    None: it is no possible number. The same number always gives the same text.
    """
    text = text.strip()
    if len(text) > LONGEST_WRITTEN or not _WRITTEN.fullmatch(text):
        return None
    written = compact(text)
    if written.startswith("00"):
        written = f"+{written[2:]}"
    try:
        number = phonenumbers.parse(written, region or None)
    except phonenumbers.NumberParseException:
        return None
    phone = str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
    return phone if E164.fullmatch(phone) and phonenumbers.is_possible_number(number) else None


def recipient(text: str, region: str = "") -> str:
    """The number to write to; raises ActionError, for good, where there is none, or none that one writes to."""
    text = text.strip()
    if not text:
        raise _invalid(_("There is no number to write to."))
    phone = normalise(text, region)
    reason = verdict(compact(text))
    if reason not in {Reason.EMERGENCY, Reason.SHORT}:
        reason = Reason.INVALID if phone is None else verdict(phone)
    if phone is None or reason is not None:
        raise _invalid(SENTENCES[reason or Reason.INVALID] % {"value": text[:LONGEST_WRITTEN]})
    return phone


def _invalid(message: str) -> ActionError:
    spoken = _("No text message can be sent to this number. Ask the caller for another one, or offer another way.")
    return ActionError(message, code="invalid_recipient", permanent=True, spoken=spoken)


SENTENCES = {
    Reason.INVALID: gettext_lazy("“%(value)s” is not a number in use: check the country code and the digits."),
    Reason.EMERGENCY: gettext_lazy("“%(value)s” is an emergency number: no text message goes there."),
    Reason.SHORT: gettext_lazy("“%(value)s” is a short number: no text message goes there."),
    Reason.PREMIUM_RATE: gettext_lazy("“%(value)s” is a premium-rate number: no text message goes there."),
}
