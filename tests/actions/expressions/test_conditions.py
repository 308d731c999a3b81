from __future__ import annotations

from collections.abc import Mapping

import pytest

from actions.contract import JSON
from actions.expressions.conditions import Condition
from actions.expressions.errors import ExpressionError

Names = Mapping[str, JSON]


@pytest.mark.parametrize(
    ("source", "holds"),
    [
        ('interaction.DISPOSITION == "escalated"', True),
        ('{{ interaction.DISPOSITION == "escalated" }}', True),
        ("{{- vip -}}", True),
        ("  vip\n and count == 3 ", True),
        ("tier != 'silver'", False),
        ("tier in ['gold', 'silver']", True),
        ("tier not in ['gold', 'silver']", False),
        ("'esc' in interaction.DISPOSITION", True),
        ("'name' in contact", True),
        ("not vip or count > 5", False),
        ("1 < count < 3", False),
        ("interaction.DURATION >= 60 and firstName | length > 1", True),
        ("nothing == none", True),
        ("nothing", False),
        ("empty", False),
        ("contact.email is none", True),
        ("sip['X-CUSTOMER-ID'] == '42'", True),
        ("orders | selectattr('open') | length == 2", True),
        ("'{{' == 'x'", False),
    ],
)
def test_a_condition_holds_or_not(source: str, holds: bool, names: Names) -> None:
    warnings: list[str] = []

    assert Condition.parse(source).holds(names, warnings) is holds
    assert warnings == []


UNKNOWN = "“missing” is unknown."


@pytest.mark.parametrize(
    ("source", "holds", "warned"),
    [
        ("missing", False, [UNKNOWN]),
        ("not missing", True, [UNKNOWN]),
        ("missing > 3", False, [UNKNOWN]),
        ("3 >= missing", False, [UNKNOWN]),
        ("missing == 'a'", False, [UNKNOWN]),
        ("missing != 'a'", True, [UNKNOWN]),
        ("missing == none", True, [UNKNOWN]),
        ("missing in ['a']", False, [UNKNOWN]),
        ("missing not in ['a']", True, [UNKNOWN]),
        ("'a' in missing", False, [UNKNOWN]),
        ("missing is none", True, [UNKNOWN]),
        ("missing is string", False, [UNKNOWN]),
        ("missing | length > 0", False, [UNKNOWN]),
        ("missing + 1 > 0", False, [UNKNOWN]),
        ("missing.a.b == 1 or missing.a.b == 2", False, ["“missing.a.b” is unknown."]),
        ("missing is defined and missing > 3", False, []),
        ("missing | default(4) > 3", True, []),
        ("firstName > 3", False, ["A comparison of text with a number counts as false."]),
        ("nothing < 3", False, ["A comparison of null with a number counts as false."]),
        ("3 in 'abc'", False, ["A comparison of a number with text counts as false."]),
        ("contact in contact", False, ["A comparison of an object with an object counts as false."]),
        ("3 in count", False, ["A comparison of a number with a number counts as false."]),
    ],
)
def test_unknown_values_and_mixed_types_never_stop_a_condition(
    source: str, holds: bool, warned: list[str], names: Names
) -> None:
    warnings: list[str] = []

    assert Condition.parse(source).holds(names, warnings) is holds
    assert warnings == warned


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("", "The condition is empty."),
        ("{{ }}", "The condition is empty."),
        ("a = 1", "“=” cannot be used here. To compare, write “==”."),
        ("a == 'b", "A quotation mark is missing."),
        ("a ==", "The expression is not complete."),
        ("a b", "“b” is not expected here."),
        ("{{ a }} and {{ b }}", "“}}” is not expected here."),
        ("{% if a %}", "“%” is not expected here."),
        ("a.__class__", "The name “__class__” cannot be used here."),
        ("x" * 8193, "The text is longer than 8192 bytes."),
    ],
)
def test_a_mistake_is_explained(source: str, message: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        Condition.parse(source)

    assert caught.value.message == message


def test_what_makes_no_sense_with_any_data_raises(names: Names) -> None:
    with pytest.raises(ExpressionError, match="divided by zero"):
        Condition.parse("1 / 0 > 1").holds(names, [])


def test_a_condition_knows_its_names() -> None:
    condition = Condition.parse("interaction.DISPOSITION == 'a' and (x | default(1)) > y[0].z")

    assert condition.names == {"interaction.DISPOSITION", "y"}
    assert condition.optional == {"x"}
