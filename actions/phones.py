"""Phone numbers in E.164, the only form in which we store one that we may dial, write to or answer."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

import phonenumbers
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from phonenumbers import shortnumberinfo

E164 = re.compile(r"\+[1-9]\d{4,14}", re.ASCII)
"""ITU-T E.164: a plus sign, a country code, fifteen digits at most."""

LONGEST_SHORT_NUMBER = 6

FICTIONAL = re.compile(
    r"\+33(19900|26191|35301|46571|53649|63998)\d{4}"
    r"|\+44(207946|292018|11[3-8]496|1[2-6]1496|191498|808157|306999)0\d{3}"
    r"|\+44(1632960|7700900|2896496)\d{3}",
    re.ASCII,
)
"""Numbers kept for works of fiction: never assigned, so that a sample rings nobody. French ones: Arcep decision
2018-0881; British ones: Ofcom, “numbers for use in TV and radio drama”. phonenumbers takes some of them as valid."""


class Reason(StrEnum):
    """Why a number is refused."""

    INVALID = "invalid"
    EMERGENCY = "emergency"
    SHORT = "short"
    PREMIUM_RATE = "premium_rate"


@dataclass(frozen=True, slots=True)
class Rules:
    """Which numbers, refused otherwise, an account may transfer to. Its columns are those of ``NumberRules``."""

    allows_premium_rate: bool = False
    allows_short: bool = False
    allows_emergency: bool = False


STRICT = Rules()

REGIONS = frozenset(phonenumbers.SUPPORTED_REGIONS)
"""ISO 3166 codes of the countries that have numbers."""


def validate_e164(value: str) -> None:
    """Well formed and possible: what an agent answers, fictional ranges included."""
    if not E164.fullmatch(value) or not phonenumbers.is_possible_number(_parse(value)):
        raise ValidationError(
            _("“%(value)s” is not a phone number in international form; write for example +33612345678."),
            params={"value": value},
        )


def validate_region(value: str) -> None:
    """An ISO 3166 code of a country that has numbers."""
    if value not in REGIONS:
        raise ValidationError(_("“%(value)s” is not a country."), params={"value": value})


def compact(value: str) -> str:
    """Without the spaces that people type between digits, no-break ones included."""
    return "".join(value.split())


def verdict(phone: str, rules: Rules = STRICT) -> Reason | None:
    """Why nobody may be sent to the compact ``phone``, by a call or a message; None: it is good.

    A short or emergency number that the rules allow has its country code before it (+333631, +33112).
    """
    short = _short_reason(phone)
    if short is not None:
        allowed = rules.allows_emergency if short is Reason.EMERGENCY else rules.allows_short
        if not allowed:
            return short
        return None if _has_country(phone) else Reason.INVALID
    try:
        validate_e164(phone)
    except ValidationError:
        return Reason.INVALID
    number = phonenumbers.parse(phone)
    if not (phonenumbers.is_valid_number(number) or FICTIONAL.fullmatch(phone)):
        return Reason.INVALID
    premium = phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.PREMIUM_RATE
    return Reason.PREMIUM_RATE if premium and not rules.allows_premium_rate else None


def _parse(value: str) -> phonenumbers.PhoneNumber:
    try:
        return phonenumbers.parse(value)
    except phonenumbers.NumberParseException:
        return phonenumbers.PhoneNumber()


def _short_reason(phone: str) -> Reason | None:
    """112, 15, +33112: numbers that only exist inside one country, or one network."""
    if not _is_short(phone):
        return None
    return Reason.EMERGENCY if _is_emergency(phone) else Reason.SHORT


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


def _has_country(phone: str) -> bool:
    """Whether it begins with a plus sign and a country code that there is: +333631, but neither 3631 nor +08."""
    try:
        return phone.startswith("+") and bool(phonenumbers.parse(phone).national_number)
    except phonenumbers.NumberParseException:
        return False


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
