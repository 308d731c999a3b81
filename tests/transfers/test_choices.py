"""The names under which a model chooses a destination."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from transfers.choices import choice_names

A, B, C = "+33199000010", "+33199000011", "+33199000012"


def test_a_destination_is_called_by_its_description() -> None:
    assert choice_names([(A, "Support"), (B, "  Sales \n team ")]) == ["Support", "Sales team"]


def test_without_a_description_by_its_number() -> None:
    assert choice_names([(A, ""), (B, "Sales")]) == [A, "Sales"]


def test_equal_descriptions_are_told_apart_by_the_number() -> None:
    assert choice_names([(A, "Support"), (B, "Support"), (C, "Sales")]) == [f"Support ({A})", f"Support ({B})", "Sales"]


def test_names_that_would_still_collide_give_way_to_numbers() -> None:
    assert choice_names([(A, "Support"), (B, "Support"), (C, f"Support ({A})")]) == [A, B, C]


@given(st.lists(st.sampled_from(["", "x", A, B, f"x ({A})", f"{B} ({A})"]), min_size=3, max_size=3))
def test_names_never_repeat(descriptions: list[str]) -> None:
    names = choice_names(list(zip([A, B, C], descriptions, strict=True)))
    assert len(set(names)) == 3
