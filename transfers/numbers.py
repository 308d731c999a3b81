"""Numbers that a call may be transferred to. Stricter than what an agent may answer: these are dialled."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import phonenumbers
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _
from phonenumbers import shortnumberinfo

from actions.phones import validate_e164

LONGEST_SHORT_NUMBER = 6

FICTIONAL = re.compile(r"\+33(19900|26191|35301|46571|53649|63998)\d{4}", re.ASCII)
"""French numbers kept for works of fiction (Arcep decision 2018-0881, national numbering plan): never assigned,
so that a sample rings nobody. phonenumbers 9 takes the five fixed-line ranges as valid, the mobile one not."""


def compact(value: str) -> str:
    """Without the spaces that people type between digits, no-break ones included."""
    return "".join(value.split())


def validate_destination(value: str) -> None:
    """Raises ValidationError unless ``value`` is an assigned E.164 number that any caller may be sent to.

    The error's ``code`` names the reason: ``emergency``, ``short``, ``premium_rate`` or ``invalid``.
    """
    phone = compact(value)
    if _is_short(phone):
        raise _short_number_error(phone)
    try:
        validate_e164(phone)
    except ValidationError as error:
        error.code = "invalid"
        raise
    number = phonenumbers.parse(phone)
    if not (phonenumbers.is_valid_number(number) or FICTIONAL.fullmatch(phone)):
        raise _error(_("%(value)s is not a number in use: check the country code and the digits."), "invalid", phone)
    if phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.PREMIUM_RATE:
        raise _error(_("%(value)s is a premium-rate number: calls are not transferred there."), "premium_rate", phone)


def number_errors(value: str) -> list[str]:
    """The sentences of :func:`validate_destination`, none for a good number."""
    try:
        validate_destination(value)
    except ValidationError as error:
        return list(error.messages)
    return []


def is_same_number(phone: str, dialled: str) -> bool:
    """Whether ``dialled`` (in any form, anonymous included) reaches the E.164 number ``phone``."""
    match = phonenumbers.is_number_match(phone, dialled)
    return match in {phonenumbers.MatchType.EXACT_MATCH, phonenumbers.MatchType.NSN_MATCH}


class DestinationNumberField(models.CharField):  # type: ignore[type-arg]
    """A number that calls may be transferred to, stored as E.164; typed with or without spaces."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"max_length": 32, "validators": [validate_destination], **kwargs})

    def to_python(self, value: Any) -> str | None:
        text = super().to_python(value)
        return None if text is None else compact(text)

    def get_prep_value(self, value: Any) -> Any:
        prepared = super().get_prep_value(value)
        return compact(prepared) if isinstance(prepared, str) else prepared

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        value = self.to_python(super().pre_save(model_instance, add))
        setattr(model_instance, self.attname, value)
        return value


def _is_short(phone: str) -> bool:
    """112, 15, +33112: numbers that only exist inside one country, or one network."""
    digits = phone.removeprefix("+")
    if not (digits.isascii() and digits.isdigit()):
        return False
    if not phone.startswith("+") or len(digits) < LONGEST_SHORT_NUMBER:
        return len(digits) <= LONGEST_SHORT_NUMBER
    try:
        number = phonenumbers.parse(phone)
    except phonenumbers.NumberParseException:
        return False
    return not phonenumbers.is_valid_number(number) and shortnumberinfo.is_valid_short_number(number)


def _short_number_error(phone: str) -> ValidationError:
    if _is_emergency(phone):
        return _error(_("%(value)s is an emergency number: calls are not transferred there."), "emergency", phone)
    return _error(
        _("%(value)s is a short number, which cannot be reached from everywhere; give the full number."), "short", phone
    )


def _is_emergency(phone: str) -> bool:
    """In the number's own country; without a country code, in any: nobody may have meant another."""
    regions: Iterable[str] = shortnumberinfo.SUPPORTED_SHORT_REGIONS
    national = phone
    if phone.startswith("+"):
        try:
            number = phonenumbers.parse(phone)
        except phonenumbers.NumberParseException:
            return False
        regions = phonenumbers.region_codes_for_country_code(number.country_code or 0)
        national = phonenumbers.national_significant_number(number)
    return any(shortnumberinfo.is_emergency_number(national, region) for region in regions)


def _error(message: Any, code: str, phone: str) -> ValidationError:
    return ValidationError(message, code=code, params={"value": phone})
