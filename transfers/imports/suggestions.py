"""What was probably meant by a number that is not in international form. Shown to people, taken only if they say so."""

from __future__ import annotations

import re
from functools import cache

import phonenumbers
from babel.core import get_global

from actions.models import Agent
from transfers.fast_numbers import Numbers, is_plain

DIGITS = re.compile(r"\+?\d{6,17}", re.ASCII)
NOTHING = re.compile(r"(?!)")


def suggest(phone: str, region: str, numbers: Numbers) -> str:
    """The only number that ``phone``, without separators, can stand for; empty where there is none, or two."""
    if not DIGITS.fullmatch(phone):
        return ""
    judged = [numbers.judge(reading) for reading in _readings(phone, region)]
    found = {number for number, reason in judged if not reason}
    return found.pop() if len(found) == 1 else ""


def _readings(phone: str, region: str) -> list[str]:
    if phone.startswith("+"):
        return []
    readings = [_national(phone, region)] if region else []
    readings.append(f"+{phone[2:]}" if phone.startswith("00") else f"+{phone}")
    return readings


def _national(phone: str, region: str) -> str:
    before, code, others = _trunk(region)
    if before and phone.startswith(before) and not others.match(phone):
        likely = code + phone.removeprefix(before)
        if is_plain(likely):
            return likely
    try:
        number = phonenumbers.parse(phone, region)
    except phonenumbers.NumberParseException:
        return ""
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


@cache
def _trunk(region: str) -> tuple[str, str, re.Pattern[str]]:
    """What is dialled before a number inside a country, instead of its country code with "+"; and what phonenumbers
    would read in another way. Empty where that is not all there is to it."""
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(region)
    if metadata is None or metadata.general_desc is None or metadata.national_prefix_transform_rule:
        return "", "", NOTHING
    before, code = metadata.national_prefix_for_parsing or "", metadata.country_code or 0
    is_main = phonenumbers.region_code_for_country_code(code) == region
    if not (is_main and before.isdigit()) or str(code).startswith(before[0]):
        return "", "", NOTHING
    others = f"(?:{metadata.international_prefix})|(?:{metadata.general_desc.national_number_pattern})$"
    return before, f"+{code}", re.compile(others)


def region_of(agent: Agent) -> str:
    """Where the agent's callers are: the country of the numbers that it answers, otherwise of its time zone."""
    codes = {_country_code(number) for number in agent.numbers.values_list("number", flat=True)[:20]} - {0}
    if len(codes) == 1:
        return str(phonenumbers.region_code_for_country_code(codes.pop()))
    return _region_of_time_zone(agent.time_zone)


def _country_code(number: str) -> int:
    try:
        return phonenumbers.parse(number).country_code or 0
    except phonenumbers.NumberParseException:
        return 0


@cache
def _region_of_time_zone(name: str) -> str:
    region = get_global("zone_territories").get(name, "")
    return region if region in phonenumbers.SUPPORTED_REGIONS else ""
