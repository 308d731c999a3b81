"""Whom one writes to: one spelling of each number, and none that costs or rings where it should not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.contract import ActionError
from notifications.sms.keywords import wish_of
from notifications.sms.numbers import normalise, recipient


@pytest.mark.parametrize(
    "written",
    [
        "+33612345678",
        " +33 6 12 34 56 78 ",
        "+33 (0)6 12 34 56 78",
        "0033612345678",
        "06 12 34 56 78",
        "06.12.34.56.78",
        "06-12-34-56-78",
        "06\u00a012\u202f34 56 78",
        "tel:+33-6-12-34-56-78",
        "\uff0b33612345678",
        "+٣٣٦١٢٣٤٥٦٧٨",
    ],
)
def test_every_spelling_is_one_number(written: str) -> None:
    assert normalise(written, "FR") == "+33612345678"


@pytest.mark.parametrize(
    "written",
    ["", "anonymous", "+", "+33", "+33612345678/+33698765432", "+1-800-FLOWERS", "x" * 100, "+33612345678;ext=5", "+0"],
)
def test_what_is_no_number_is_none(written: str) -> None:
    assert normalise(written, "FR") is None


def test_a_national_number_needs_a_country() -> None:
    assert normalise("0612345678") is None
    assert normalise("07700 900123", "GB") == "+447700900123"


@given(st.text(max_size=80))
def test_whatever_is_written_the_answer_is_a_number_or_none_and_stays_itself(text: str) -> None:
    found = normalise(text, "FR")
    assert found is None or normalise(found) == found


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("", "no number"),
        ("anonymous", "not a number in use"),
        ("112", "emergency"),
        ("+33112", "emergency"),
        ("3631", "short number"),
        ("+33 899 12 34 56", "premium-rate"),
        ("0899123456", "premium-rate"),
        ("+15555555555", "not a number in use"),
    ],
)
def test_nobody_writes_to_such_numbers(written: str, said: str) -> None:
    with pytest.raises(ActionError) as caught:
        recipient(written, "FR")
    assert said in caught.value.message
    assert (caught.value.code, caught.value.permanent) == ("invalid_recipient", True)
    assert caught.value.spoken


def test_numbers_of_fiction_are_good() -> None:
    assert recipient("+33639980001") == "+33639980001"


@pytest.mark.parametrize(
    "text",
    [
        "STOP",
        "stop",
        " Stop. ",
        "ARRÊT",
        "arrêt",
        "Arret!",
        "STOP SMS",
        "stop svp",
        "Unsubscribe",
        "opt-out",
        "Ｓｔｏｐ",
    ],
)
def test_words_that_end_it(text: str) -> None:
    assert wish_of(text) == "out"


@pytest.mark.parametrize("text", ["START", "unstop", "Start !"])
def test_words_that_begin_it_again(text: str) -> None:
    assert wish_of(text) == "in"


@pytest.mark.parametrize(
    "text", ["", "yes", "Oui", "stop it now", "Arrêtez-vous à 9 h ?", "stopover", "STOP" * 50, "...", "😀"]
)
def test_an_answer_is_only_an_answer(text: str) -> None:
    assert wish_of(text) == ""
