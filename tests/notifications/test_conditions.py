"""When an email is sent: labels of one classification are alternatives, classifications add up."""

from __future__ import annotations

import pytest

from notifications.conditions import Condition, why_not

ANY = Condition(classifier="Reason", labels=("cancellation", "complaint"))
ALSO = Condition(classifier="Mood", labels=("angry",))


@pytest.mark.parametrize(
    ("conditions", "classifications", "sent"),
    [
        ([], {}, True),
        ([ANY], {"Reason": "complaint"}, True),
        ([ANY], {"Reason": " complaint "}, True),
        ([ANY], {" Reason ": "complaint"}, True),
        ([ANY], {"Reason": "Complaint"}, False),
        ([ANY], {"reason": "complaint"}, False),
        ([ANY], {"Reason": "question"}, False),
        ([ANY], {"Reason": None}, False),
        ([ANY], {}, False),
        ([ANY, ALSO], {"Reason": "complaint", "Mood": "angry"}, True),
        ([ANY, ALSO], {"Reason": "complaint", "Mood": "calm"}, False),
        ([ANY, ALSO], {"Mood": "angry"}, False),
    ],
)
def test_who_gets_an_email(conditions: list[Condition], classifications: dict[str, str], sent: bool) -> None:
    assert (why_not(conditions, classifications) == "") is sent


def test_the_reason_names_what_was_wanted_and_what_was_given() -> None:
    reason = why_not([ANY], {"Reason": "question"})
    assert all(word in reason for word in ("Reason", "question", "cancellation", "complaint"))


def test_a_call_without_classification_has_a_reason_too() -> None:
    assert "nothing" in why_not([ANY], {})
