"""Countries as the telephone sees them: where an agent is at home, and the drop-down of dial codes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import phonenumbers
from babel import Locale

from actions.models import Agent
from transfers.directory.words import fold
from transfers.imports import suggestions
from transfers.numbers import compact

OF_LANGUAGE = {"fr": "FR", "en": "GB"}


@dataclass(frozen=True, slots=True)
class Country:
    """``region`` is its ISO 3166 code, ``dial_code`` what numbers of it begin with, without the plus sign. ``main``:
    of the countries with this dial code, the one that it stands for (the United States for 1).
    """

    region: str
    name: str
    dial_code: int
    main: bool


def region_of(agent: Agent) -> str:
    """Where the agent's callers are, else the country of its language."""
    return suggestions.region_of(agent) or OF_LANGUAGE.get(agent.language, "FR")


@cache
def countries(language: str) -> tuple[Country, ...]:
    """All countries that have numbers, by their name in ``language``."""
    names = Locale.parse(language.replace("-", "_")).territories
    found = [
        Country(region, str(names.get(region, region)), code, phonenumbers.region_code_for_country_code(code) == region)
        for region, code in ((region, phonenumbers.country_code_for_region(region)) for region in _regions())
    ]
    return tuple(sorted(found, key=lambda country: fold(country.name)))


def to_e164(region: str, text: str) -> str:
    """What somebody wrote as the number of a country; one with a plus sign, or 00, is of the country it says.

    What is no number stays as it is: the check of numbers says what is wrong with it.
    """
    written = compact(text)
    if written.startswith("00"):
        written = f"+{written[2:]}"
    try:
        number = phonenumbers.parse(written, None if written.startswith("+") else region or None)
    except phonenumbers.NumberParseException:
        return written
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def split(phone: str) -> tuple[str, str]:
    """The country and the national number of an E.164 number; ('', the whole) where they would not lead back to it."""
    try:
        number = phonenumbers.parse(phone)
    except phonenumbers.NumberParseException:
        return "", phone
    region = phonenumbers.region_code_for_number(number) or phonenumbers.region_code_for_country_code(
        number.country_code or 0
    )
    national = str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL))
    return (region, national) if to_e164(region, national) == phone else ("", phone)


def _regions() -> list[str]:
    return sorted(phonenumbers.SUPPORTED_REGIONS)
