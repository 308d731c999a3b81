"""The compliance test suite of RFC 9535, through the paths that mappings use.

``data/jsonpath-cts.json`` is ``cts.json`` of github.com/jsonpath-standard/jsonpath-compliance-test-suite,
commit 7be7c1fc28057c91e8eefaf197060fba7ed43acd, unchanged; its licence lies beside it.
"""

from __future__ import annotations

import json
from pathlib import Path as File
from typing import Any

import pytest

from actions.expressions.errors import ExpressionError
from actions.expressions.paths import Path

SUITE = json.loads((File(__file__).parent / "data" / "jsonpath-cts.json").read_text(encoding="utf-8"))["tests"]
VALID = [case for case in SUITE if not case.get("invalid_selector")]
INVALID = [case for case in SUITE if case.get("invalid_selector")]


def named(cases: list[Any]) -> Any:
    return pytest.mark.parametrize("case", cases, ids=[case["name"] for case in cases])


def test_the_suite_is_whole() -> None:
    assert len(SUITE) > 700


@named(VALID)
def test_a_valid_path_finds_what_the_suite_says(case: Any) -> None:
    path = Path.parse(case["selector"])
    found = path.all(case["document"])
    assert found in case.get("results", [case.get("result")])
    assert path.first(case["document"], default="nothing") == (found[0] if found else "nothing")


@named(INVALID)
def test_an_invalid_path_is_refused(case: Any) -> None:
    with pytest.raises(ExpressionError):
        Path.parse(case["selector"])
