"""When an after-action runs: labels of one classification are alternatives, classifications add up or do not."""

from __future__ import annotations

import pytest
from django.utils.translation import override

from actions.conditions import Condition, Conditions, LabelsMatch

ANY = Condition(classifier="Reason", labels=("cancellation", "complaint"))
ALSO = Condition(classifier="Mood", labels=("angry",))


@pytest.mark.parametrize(
    ("conditions", "classifications", "all_fit", "one_fits"),
    [
        ([], {}, True, True),
        ([ANY], {"Reason": "complaint"}, True, True),
        ([ANY], {"Reason": " complaint "}, True, True),
        ([ANY], {" Reason ": "complaint"}, True, True),
        ([ANY], {"Reason": "Complaint"}, False, False),
        ([ANY], {"reason": "complaint"}, False, False),
        ([ANY], {"Reason": "question"}, False, False),
        ([ANY], {"Reason": None}, False, False),
        ([ANY], {"Reason": ["complaint"]}, False, False),
        ([ANY], {}, False, False),
        ([ANY, ALSO], {"Reason": "complaint", "Mood": "angry"}, True, True),
        ([ANY, ALSO], {"Reason": "complaint", "Mood": "calm"}, False, True),
        ([ANY, ALSO], {"Mood": "angry"}, False, True),
        ([ANY, ALSO], {"Mood": "calm"}, False, False),
    ],
)
def test_when_it_runs(
    conditions: list[Condition], classifications: dict[str, str], all_fit: bool, one_fits: bool
) -> None:
    for match, runs in ((LabelsMatch.ALL, all_fit), (LabelsMatch.ANY, one_fits)):
        frozen = Conditions(conditions=tuple(conditions), match=match)
        assert (frozen.why_not(classifications) == "") is runs


def test_the_reason_names_what_was_wanted_and_what_was_given() -> None:
    reason = Conditions(conditions=(ANY,)).why_not({"Reason": "question"})
    assert all(word in reason for word in ("Reason", "question", "cancellation", "complaint"))


def test_a_call_without_classification_has_a_reason_too() -> None:
    assert "“Reason” has no label" in Conditions(conditions=(ANY,)).why_not({})


def test_the_rule_in_words() -> None:
    both = Conditions(conditions=(ANY, ALSO))
    assert both.in_words() == "“Reason” is cancellation or complaint, and “Mood” is angry"
    either = Conditions(conditions=(ANY, ALSO), match=LabelsMatch.ANY)
    assert either.in_words() == "“Reason” is cancellation or complaint, or “Mood” is angry"
    with override("fr"):
        assert both.in_words() == "«\u00a0Reason\u00a0» est cancellation ou complaint, et «\u00a0Mood\u00a0» est angry"
    assert Conditions().in_words() == ""
