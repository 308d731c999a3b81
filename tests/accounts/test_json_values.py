"""The quick way of reading JSON gives what the thorough one gives, or leaves the text to it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.json_values import DEEPEST, UnstorableJSONError, load_json, quick_json

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text('aé[{\\"0'),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=20,
)


@given(VALUES, st.booleans())
def test_it_reads_what_json_reads(value: Any, ascii_only: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only)
    try:
        found = quick_json(text)
    except ValueError:
        return
    assert repr(found) == repr(json.loads(text))


@pytest.mark.parametrize("number", [2**63 - 1, 2**64, -(2**63) - 1, 10**40, 1e300, -0.0, 0.1234567890123456789])
def test_no_number_becomes_another(number: float) -> None:
    assert repr(load_json(f'{{"n": {number!r}}}')["n"]) == repr(number)


@pytest.mark.parametrize("text", ['"\\u0000"', '"\\ud800"', '{"\\udfff": 1}', "NaN", "[Infinity]", "1e400", "[1e999]"])
def test_what_no_database_keeps_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(UnstorableJSONError) as refused:
        load_json(text)
    assert str(refused.value.sentence).startswith(("The JSON holds", "NaN"))


@pytest.mark.parametrize("text", ["", "{", "[1,]", '{"a" 1}', "'a'", "nul"])
def test_what_is_no_json_is_none(text: str) -> None:
    with pytest.raises(json.JSONDecodeError):
        load_json(text)


def test_it_may_be_so_deep_and_no_deeper() -> None:
    deep = "[" * (DEEPEST - 1) + "]" * (DEEPEST - 1)
    assert json.dumps(load_json(deep)) == deep
    with pytest.raises(UnstorableJSONError, match="deeply"):
        load_json(f"[[{deep}]]")


def test_a_pair_of_surrogates_is_one_character() -> None:
    assert load_json('["\\ud83d\\ude42", "{[{["]') == ["🙂", "{[{["]
