"""Results fit what the runtime's model can take: still JSON, and they say that something is missing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calls.models import Runtime
from calls.results import DEFAULT_CHARS, RUNTIME_CHARS, bounded, for_runtime


def size(value: Any) -> int:
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def passages(count: int, words: int = 40) -> dict[str, Any]:
    texts = [{"text": f"{number} " + "mot " * words, "score": 1 - number / 1000} for number in range(count)]
    return {"status": "found", "passages": texts}


def test_what_fits_comes_back_as_it_is() -> None:
    result = passages(3)
    assert bounded(result, 2000) is result


def test_a_list_loses_its_last_items_whole_and_the_object_says_so() -> None:
    result = bounded(passages(100), 2000)
    assert result["truncated"] is True
    assert result["status"] == "found"
    assert 1 < len(result["passages"]) < 100
    assert result["passages"] == passages(100)["passages"][: len(result["passages"])]
    assert 1500 < size(result) <= 2000


def test_a_text_ends_at_a_word() -> None:
    result = bounded({"status": "ok", "text": "anticonstitutionnellement " * 200}, 500)
    assert result["text"].endswith("anticonstitutionnellement…")
    assert 400 < size(result) <= 500


def test_the_only_passage_is_shortened_rather_than_left_out() -> None:
    result = bounded(passages(1, words=5000), 1000)
    assert result["passages"][0]["text"].startswith("0 mot mot")
    assert size(result) <= 1000


@pytest.mark.parametrize("value", ["mot " * 1000, ["mot"] * 1000])
def test_a_result_that_is_no_object_becomes_the_value_of_one(value: Any) -> None:
    result = bounded(value, 300)
    assert (set(result), result["truncated"]) == ({"truncated", "value"}, True)
    assert type(result["value"]) is type(value)
    assert 200 < size(result) <= 300


def test_small_members_stay_beside_a_large_one() -> None:
    result = bounded({"a": "x" * 5000, "status": "ok", "code": "C-1", "found": 12, "none": None}, 400)
    assert {name: result[name] for name in ("status", "code", "found", "none")} == {
        "status": "ok",
        "code": "C-1",
        "found": 12,
        "none": None,
    }


def test_two_large_members_share_the_room() -> None:
    result = bounded({"left": "a " * 3000, "right": ["b"] * 3000}, 1000)
    assert 300 < size(result["left"]) < 600
    assert 300 < size(result["right"]) < 600


@pytest.mark.parametrize("runtime", Runtime.values)
def test_every_runtime_has_a_limit_that_holds(runtime: str) -> None:
    limit = RUNTIME_CHARS.get(runtime, DEFAULT_CHARS)
    assert limit - 600 < size(for_runtime(passages(2000), runtime)) <= limit


def test_retell_gets_no_more_than_it_passes_on() -> None:
    assert RUNTIME_CHARS[Runtime.RETELL] < 15_000


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=60,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(anything, st.integers(min_value=30, max_value=400))
def test_whatever_the_value_the_limit_holds_and_it_stays_json(value: Any, limit: int) -> None:
    result = bounded(value, limit)
    assert size(result) <= limit
    assert json.loads(json.dumps(result)) == result
    if size(value) > limit:
        assert result["truncated"] is True


def test_what_is_large_and_deep_is_shortened_all_the_same() -> None:
    value: Any = "é y" * 300_000
    for _level in range(90):
        value = {"k": value}
    shown = bounded(value, 14_000)
    assert 10_000 < size(shown) <= 14_000
    for _level in range(90):
        shown = shown["k"]
    assert shown.endswith("…")
