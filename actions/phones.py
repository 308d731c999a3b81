"""Phone numbers in E.164, the only form in which we store one that we may dial or answer."""

from __future__ import annotations

import re

import phonenumbers
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

E164 = re.compile(r"\+[1-9]\d{4,14}", re.ASCII)
"""ITU-T E.164: a plus sign, a country code, fifteen digits at most."""


def validate_e164(value: str) -> None:
    """Well formed and possible: what an agent answers, fictional ranges included."""
    if not E164.fullmatch(value) or not phonenumbers.is_possible_number(_parse(value)):
        raise ValidationError(
            _("“%(value)s” is not a phone number in international form; write for example +33612345678."),
            params={"value": value},
        )


def _parse(value: str) -> phonenumbers.PhoneNumber:
    try:
        return phonenumbers.parse(value)
    except phonenumbers.NumberParseException:
        return phonenumbers.PhoneNumber()
