"""The quick verdicts are those of the rules: for examples of every region and type, and thousands of mistakes."""

from __future__ import annotations

import random

import phonenumbers
import pytest
from phonenumbers import shortnumberinfo

from transfers.fast_numbers import Numbers, e164, is_hopeless, is_plain
from transfers.imports import suggestions
from transfers.numbers import Rules, verdict

CODES = sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)


def examples(code: int) -> list[str]:
    """In E.164: of every type in every region of the code; short and emergency numbers of it, too."""
    found = []
    for region in phonenumbers.COUNTRY_CODE_TO_REGION_CODE[code]:
        if region == "001":
            found.append(phonenumbers.example_number_for_non_geo_entity(code))
            continue
        found += [phonenumbers.example_number_for_type(region, kind) for kind in range(11)]
        found += [phonenumbers.invalid_example_number(region)]
    numbers = [phonenumbers.format_number(each, phonenumbers.PhoneNumberFormat.E164) for each in found if each]
    regions = [region for region in phonenumbers.COUNTRY_CODE_TO_REGION_CODE[code] if region != "001"]
    short = [shortnumberinfo._example_short_number(region) for region in regions]
    return numbers + [f"+{code}{each}" for each in [*short, "112", "911"] if each]


def mistyped(number: str, rng: random.Random) -> str:
    digits = list(number)
    for _mistake in range(rng.randint(0, 3)):
        at = rng.randrange(1, len(digits))
        match rng.randrange(4):
            case 0:
                digits[at] = rng.choice("0123456789")
            case 1:
                digits.insert(at, rng.choice("0123456789"))
            case 2 if len(digits) > 3:
                del digits[at]
            case _:
                digits[at:at] = rng.choice(["0", " ", "-", "a", "²", "\n"])
    return "".join(digits)


@pytest.mark.parametrize("first", range(1, 10))
def test_what_is_plainly_good_is_good_by_the_strictest_rules(first: int) -> None:
    rng = random.Random(first)
    plain = good = 0
    for code in CODES:
        if not str(code).startswith(str(first)):
            continue
        for number in examples(code):
            for typed in [number, *(mistyped(number, rng) for _again in range(4))]:
                is_good = verdict(typed) is None
                good += is_good
                if is_plain(typed):
                    plain += 1
                    assert is_good, typed
                    assert e164(typed) == typed
    assert plain > good * 0.5


def test_slow_and_quick_verdicts_agree() -> None:
    rng = random.Random(0)
    for rules in (Rules(), Rules(allows_premium_rate=True)):
        numbers = Numbers(rules)
        for code in CODES[::9]:
            for number in examples(code):
                typed = mistyped(number, rng)
                phone, reason = numbers.judge(typed)
                assert reason == (verdict(phone, rules) or ""), typed


def test_what_cannot_be_taken_apart_is_refused_by_any_rules() -> None:
    numbers = Numbers(Rules(allows_premium_rate=True, allows_short=True, allows_emergency=True))
    assert numbers.judge("+08") == ("+08", "invalid")
    assert numbers.judge("+33112") == ("+33112", "")


@pytest.mark.parametrize("value", ["", "+", "+3", "+336", "é", "+²²²12345678", "+999123456789", "x" * 10_000])
def test_nonsense_is_not_plain(value: str) -> None:
    assert not is_plain(value)


def test_what_is_hopeless_is_refused_by_any_rules() -> None:
    rng = random.Random(5)
    everything = Rules(allows_premium_rate=True, allows_short=True, allows_emergency=True)
    hopeless = 0
    for code in CODES[::2]:
        for number in examples(code):
            for typed in (mistyped(number, rng), mistyped(number, rng)[1:]):
                if is_hopeless(typed):
                    hopeless += 1
                    assert verdict(typed, everything) == "invalid", typed
    assert hopeless > 500


@pytest.mark.parametrize("region", ["FR", "GB", "DE", "RU", "IT", "US", "AR", "MX", "HU", "BE"])
def test_a_number_as_it_is_dialled_at_home_is_read_as_phonenumbers_does(region: str) -> None:
    rng = random.Random(6)
    code = phonenumbers.country_code_for_region(region)
    for number in examples(code):
        for before in ("0", "8", "06", "00", "1", ""):
            typed = before + mistyped(number, rng).removeprefix(f"+{code}")
            try:
                read = phonenumbers.format_number(
                    phonenumbers.parse(typed, region), phonenumbers.PhoneNumberFormat.E164
                )
            except phonenumbers.NumberParseException:
                read = ""
            assert suggestions._national(typed, region) == read, typed
