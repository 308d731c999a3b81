"""Which numbers a call may be transferred to."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django_scopes import scope

from accounts.models import Account
from actions.phones import FICTIONAL
from transfers.models import NumberRules
from transfers.numbers import (
    Reason,
    Rules,
    compact,
    is_same_number,
    number_errors,
    validate_destination,
    verdict,
)

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


# Ofcom, numbers for use in TV and radio drama: one of each range.
BRITISH_DRAMA = [
    "+442079460123",
    "+442920180123",
    "+442896496123",
    "+441134960123",
    "+441184960123",
    "+441214960123",
    "+441614960123",
    "+441914980123",
    "+448081570123",
    "+443069990123",
    "+441632960123",
    "+447700900123",
]


@pytest.mark.parametrize("phone", BRITISH_DRAMA)
def test_numbers_of_british_drama_are_taken_as_fictional(phone: str) -> None:
    assert FICTIONAL.fullmatch(phone)
    assert verdict(phone) is None


@pytest.mark.parametrize("phone", ["+447700901123", "+442079461123", "+442896495123"])
def test_their_neighbours_are_not(phone: str) -> None:
    assert not FICTIONAL.fullmatch(phone)


@pytest.mark.parametrize(
    ("phone", "rules", "reason"),
    [
        ("+33899123456", Rules(allows_premium_rate=True), None),
        ("+33899123456", Rules(allows_short=True, allows_emergency=True), Reason.PREMIUM_RATE),
        ("+333631", Rules(), Reason.SHORT),
        ("+333631", Rules(allows_short=True), None),
        ("3631", Rules(allows_short=True), Reason.INVALID),
        ("+08", Rules(allows_short=True), Reason.INVALID),
        ("+8911", Rules(True, True, True), Reason.INVALID),
        ("+33112", Rules(allows_short=True, allows_premium_rate=True), Reason.EMERGENCY),
        ("+33112", Rules(allows_emergency=True), None),
        ("112", Rules(allows_emergency=True), Reason.INVALID),
        ("+3361234567", Rules(True, True, True), Reason.INVALID),
        ("", Rules(True, True, True), Reason.INVALID),
    ],
)
def test_the_account_decides_about_dear_and_short_numbers(phone: str, rules: Rules, reason: Reason | None) -> None:
    assert verdict(phone, rules) is reason


def test_a_number_is_judged_by_the_rules_of_the_account_at_work(account: Account, other_account: Account) -> None:
    with scope(account=account):
        NumberRules.objects.create(account=account, allows_premium_rate=True)
    with scope(account=Account.objects.get(pk=account.pk)):
        assert number_errors("+33899123456") == []
    with scope(account=account.pk):
        assert number_errors("+33899123456") == [], "tasks know the account by its id"
    with scope(account=other_account):
        assert number_errors("+33899123456")
    assert number_errors("+33899123456"), "outside any account nothing is allowed"
