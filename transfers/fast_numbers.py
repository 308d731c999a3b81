"""The verdicts of ``transfers.numbers`` for hundreds of thousands of numbers.

Patterns compiled once for each country code, out of phonenumbers' own metadata, match numbers that are good under any
rules, and only such: whatever is the least unusual is left to ``transfers.numbers.verdict``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

import phonenumbers
from phonenumbers import PhoneMetadata, PhoneNumberDesc

from transfers.numbers import LONGEST_SHORT_NUMBER, Reason, Rules, verdict

NOT_GEOGRAPHICAL = "001"
TYPES = (
    "mobile", "fixed_line", "voip", "toll_free", "shared_cost", "personal_number", "pager", "uan", "voicemail",
)  # fmt: skip
"""Every type of phonenumbers but premium-rate."""
SEPARATORS = re.compile(r"[\s().\-/\u00ad\u2010-\u2015\u2212\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff·]+|^tel:|^'")
TRUNK = re.compile(r"^(\+[\s\d.\-]{1,6})\(0\)")

LONGEST_E164 = 15

Match = Callable[[str], object]


class Numbers:
    """Judges numbers by the rules of one account; remembers what took long."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._judged: dict[str, tuple[str, str]] = {}

    def judge(self, value: str) -> tuple[str, str]:
        """(number in E.164, "") or (what was made of ``value``, the reason why it is refused)."""
        if is_plain(value):
            return value, ""
        found = self._judged.get(value)
        if found is None:
            found = self._judged[value] = judge_slowly(value, self._rules)
        return found


def judge_slowly(value: str, rules: Rules) -> tuple[str, str]:
    phone = without_separators(value)
    if is_hopeless(phone):
        return phone, str(Reason.INVALID)
    reason = verdict(phone, rules)
    if reason is not None:
        return phone, str(reason)
    canonical = e164(phone)
    if canonical != phone and (reason := verdict(canonical, rules)) is not None:
        return phone, str(reason)
    return canonical, ""


def without_separators(value: str) -> str:
    """``+33 (0)6 12-34.56.78`` is ``+33612345678``; what is no separator stays."""
    return SEPARATORS.sub("", TRUNK.sub(r"\1", value.strip()))


def e164(phone: str) -> str:
    """Without the 0 that is dialled inside a country: ``+330612345678`` is ``+33612345678``.

    Raises NumberParseException.
    """
    return str(phonenumbers.format_number(phonenumbers.parse(phone), phonenumbers.PhoneNumberFormat.E164))


def is_plain(phone: str) -> bool:
    """Whether ``phone`` is E.164 as it stands, and good under any rules. False says nothing."""
    matches = BY_PREFIX[phone[1:4]].get(len(phone))
    return matches is not None and matches(phone) is not None


def is_hopeless(phone: str) -> bool:
    """Whether digits, with or without a plus sign, are no number under any rules. False says nothing."""
    digits = phone.removeprefix("+")
    if len(digits) <= LONGEST_SHORT_NUMBER or not (digits.isascii() and digits.isdigit()):
        return False
    if digits == phone:
        return True
    code = next(iter(_country_codes(digits[:3])), 0)
    if not code:
        return True
    national = digits[len(str(code)) :]
    lengths, others = _possible(code)
    return len(national) not in lengths and not others.match(national)


@cache
def _possible(code: int) -> tuple[frozenset[int], re.Pattern[str]]:
    """The lengths of a country's numbers; what phonenumbers may drop before one, and the short numbers."""
    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE[code]
    lengths = {length for region in regions for length in _lengths(_metadata(code, region).general_desc)}
    shorts = [PhoneMetadata.short_metadata_for_region(region) for region in regions]
    patterns = [f"(?:{_desc(short.general_desc, 0)})$" for short in shorts if short and _desc(short.general_desc, 0)]
    if prefix := _metadata(code, regions[0]).national_prefix_for_parsing:
        patterns.append(prefix)
    return frozenset(lengths), re.compile("|".join(patterns) or "(?!)")


class ByPrefix(dict[str, dict[int, Match]]):
    """What tells good numbers, by their first three digits and their length; compiled when first asked for."""

    def __missing__(self, prefix: str) -> dict[int, Match]:
        if len(prefix) != 3 or not (prefix.isascii() and prefix.isdigit()):
            return {}
        self[prefix] = found = next((_matches(code) for code in _country_codes(prefix)), {})
        return found


BY_PREFIX = ByPrefix()


def _country_codes(prefix: str) -> list[int]:
    """One at most: no country code begins another one."""
    codes = (int(prefix[:digits]) for digits in (1, 2, 3))
    return [code for code in codes if code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE]


@cache
def _matches(code: int) -> dict[int, Match]:
    """By the length of the whole number; what is too short to be told from short numbers is left out."""
    metadata = [_metadata(code, region) for region in phonenumbers.COUNTRY_CODE_TO_REGION_CODE[code]]
    digits = len(str(code))
    patterns = {
        length: _pattern(code, metadata, length)
        for length in _lengths(metadata[0].general_desc)
        if LONGEST_SHORT_NUMBER <= digits + length <= LONGEST_E164
    }
    return {
        1 + digits + length: re.compile(pattern, re.ASCII).fullmatch for length, pattern in patterns.items() if pattern
    }


def _pattern(code: int, metadata: list[PhoneMetadata], length: int) -> str:
    """A number that phonenumbers takes apart as it stands, of exactly one region, of a type that is not premium."""
    branches: list[str] = []
    leads: list[str] = []
    for each in metadata:
        general = _desc(each.general_desc, length)
        types = list(dict.fromkeys(pattern for name in TYPES if (pattern := _desc(getattr(each, name), length))))
        lead = f"(?={each.leading_digits})" if each.leading_digits is not None else ""
        others = f"(?!{'|'.join(leads)})" if leads else ""
        if general and types:
            branches.append(f"{lead}{others}(?=(?:{general})$)(?:{'|'.join(types)})")
        leads += [each.leading_digits or ""] if lead else []
    if not branches:
        return ""
    premium = "|".join(pattern for each in metadata if (pattern := _desc(each.premium_rate, length)))
    conditions = f"(?!(?:{premium})$)" if premium else ""
    if prefix := metadata[0].national_prefix_for_parsing:
        # phonenumbers may drop what looks like a prefix that is dialled inside the country.
        conditions += f"(?!{prefix})" if prefix.isdigit() else rf"(?!(?:{prefix})(?<!^\+{code}))"
    return rf"\+{code}{conditions}(?:{'|'.join(branches)})"


def _metadata(code: int, region: str) -> PhoneMetadata:
    geographical = region != NOT_GEOGRAPHICAL
    found = (
        PhoneMetadata.metadata_for_region(region) if geographical else PhoneMetadata.metadata_for_nongeo_region(code)
    )
    assert found is not None
    return found


def _lengths(desc: PhoneNumberDesc | None) -> tuple[int, ...]:
    return tuple(desc.possible_length) if desc else ()


def _desc(desc: PhoneNumberDesc | None, length: int) -> str:
    """The numbers of a description that have this length (0: any); empty: none."""
    if desc is None or not desc.national_number_pattern:
        return ""
    if length and desc.possible_length and length not in desc.possible_length:
        return ""
    return str(desc.national_number_pattern)
