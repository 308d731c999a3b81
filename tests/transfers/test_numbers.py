"""Which numbers a call may be transferred to."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from transfers.numbers import FICTIONAL, compact, is_same_number, number_errors, validate_destination

# One of each French range for fiction: samples and tests must ring nobody.
FICTIONAL_SAMPLES = [
    "+33199001234",
    "+33261911234",
    "+33353011234",
    "+33465711234",
    "+33536491234",
    "+33639981234",
]


@pytest.mark.parametrize("phone", [*FICTIONAL_SAMPLES, "+442079460000", "+14155550100", "+33800123456", "+376712345"])
def test_it_takes_numbers_in_use_and_french_fictional_ones(phone: str) -> None:
    validate_destination(phone)


@pytest.mark.parametrize("phone", FICTIONAL_SAMPLES)
def test_every_fictional_range_is_known_as_such(phone: str) -> None:
    assert FICTIONAL.fullmatch(phone)


@pytest.mark.parametrize(
    "phone", [" +33199000010 ", "+33 1 99 00 00 10", "+33\u00a01\u202f99 00 00 10", "+33199000010\n"]
)
def test_spaces_do_not_matter(phone: str) -> None:
    validate_destination(phone)
    assert compact(phone) == "+33199000010"


@pytest.mark.parametrize(
    ("phone", "reason"),
    [
        ("112", "emergency"),
        ("15", "emergency"),
        ("911", "emergency"),
        ("+33112", "emergency"),
        ("+1911", "emergency"),
        ("+49110", "emergency"),
        ("3631", "short"),
        ("+33118218", "short"),
        ("118 218", "short"),
        ("+33899123456", "premium_rate"),
        ("+19005551234", "premium_rate"),
        ("0612345678", "invalid"),
        ("0033612345678", "invalid"),
        ("+3361234567", "invalid"),
        ("+447700900123", "invalid"),
        ("+999123456789", "invalid"),
        ("+336123456789012345", "invalid"),
        ("+33６12345678", "invalid"),
        ("sip:accueil@lac.example", "invalid"),
        ("anonymous", "invalid"),
        ("+", "invalid"),
        ("", "invalid"),
        ("\x00", "invalid"),
    ],
)
def test_it_refuses_the_others_and_says_why(phone: str, reason: str) -> None:
    with pytest.raises(ValidationError) as caught:
        validate_destination(phone)
    assert caught.value.code == reason
    assert number_errors(phone) == caught.value.messages


@pytest.mark.parametrize(
    "dialled", ["+33199000010", "0199000010", "01 99 00 00 10", "0033199000010", "tel:+33199000010"]
)
def test_it_knows_its_own_number_in_any_form(dialled: str) -> None:
    assert is_same_number("+33199000010", dialled)


@pytest.mark.parametrize("dialled", ["", "anonymous", "+33199000011", "10", "00010", "+442099000010", "\x00"])
def test_another_number_is_another_number(dialled: str) -> None:
    assert not is_same_number("+33199000010", dialled)
