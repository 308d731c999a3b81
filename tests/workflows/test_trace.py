"""The trace stays small, storable, and free of secrets."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.trace import MASK, RUN_CHARS, VALUE_CHARS, Presenter, is_secret

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=9000),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=20), inner, max_size=5),
    max_leaves=30,
)


@given(values)
def test_anything_becomes_small_strict_json(value: Any) -> None:
    written = json.dumps(Presenter().show(value), allow_nan=False, ensure_ascii=False)

    written.encode()
    assert "\\u0000" not in written
    assert len(written) < 3 * VALUE_CHARS


@pytest.mark.parametrize("value", [None, True, 12, 1.5, "text", [], {}, {"a": [1, {"b": None}]}])
def test_small_values_are_shown_as_they_are(value: Any) -> None:
    assert Presenter().show(value) == value


def test_a_copy_does_not_follow_later_changes() -> None:
    value = {"a": [1]}
    shown = Presenter().show(value)
    value["a"].append(2)

    assert shown == {"a": [1]}


def test_long_and_deep_values_are_cut() -> None:
    assert Presenter().show("x" * 5000) == "x" * 4096 + "…"
    assert len(Presenter().show(list(range(1000)))) == 101
    assert len(Presenter().show({str(number): number for number in range(1000)})) == 101
    deep: Any = 1
    for _level in range(500):
        deep = [deep]
    assert json.dumps(Presenter().show(deep)).count("[") == 8


def test_the_trace_of_a_run_as_a_whole_is_bounded() -> None:
    presenter = Presenter()

    shown = [presenter.show({"body": "x" * 100_000, "n": number}) for number in range(400)]

    assert len(json.dumps(shown)) < RUN_CHARS + 400 * 50


@pytest.mark.parametrize(
    "name",
    ["Authorization", "Proxy-Authorization", "Cookie", "Set-Cookie", "X-Api-Key", "apikey", "api_key", "access_token"]
    + ["client_secret", "password", "X-Auth", "X-Signature", "private_key", "X-Amz-Security-Token"],
)
def test_values_of_secret_names_are_masked(name: str) -> None:
    assert Presenter().show({"headers": {name: "abc"}}) == {"headers": {name: MASK}}
    assert Presenter().show({name: {"deep": "abc"}}) == {name: MASK}
    assert Presenter().show({name: None}) == {name: None}


@pytest.mark.parametrize("name", ["Idempotency-Key", "author", "key", "tier", "Content-Type", "X-Request-Id"])
def test_other_names_are_not(name: str) -> None:
    assert not is_secret(name)
