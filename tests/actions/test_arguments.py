"""Arguments that do not fit are named, in a sentence that does not repeat them."""

from __future__ import annotations

from typing import Any

import pytest

from actions.arguments import Arguments

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "reason": {"type": "string", "enum": ["a", "b"]},
        "digits": {"type": "string", "pattern": "^[0-9]+$", "maxLength": 4},
        "price": {"type": "string", "pattern": r"\$$"},
        "n": {"type": "integer", "minimum": 1},
    },
    "required": ["reason"],
    "additionalProperties": False,
}
arguments = Arguments(SCHEMA)


@pytest.mark.parametrize(
    ("given", "field", "sentence"),
    [
        ({}, "arguments", "Missing: reason."),
        ({"reason": "c"}, "arguments.reason", "This must be one of: a, b."),
        ({"reason": "a", "other": 1}, "arguments", "Unknown: other."),
        ({"reason": "a", "n": "secret"}, "arguments.n", "This must be of type integer."),
        ({"reason": "a", "n": 0}, "arguments.n", "This number is out of range."),
        ({"reason": "a", "digits": "12345"}, "arguments.digits", "This does not have the right length."),
        ({"reason": "a", "digits": "12\n"}, "arguments.digits", "This does not have the right form."),
        ({"reason": "a", "price": "5"}, "arguments.price", "This does not have the right form."),
    ],
)
def test_it_names_what_does_not_fit(given: dict[str, Any], field: str, sentence: str) -> None:
    assert arguments.errors(given) == [(field, sentence)]


@pytest.mark.parametrize("given", [{"reason": "a"}, {"reason": "b", "digits": "1", "n": 1, "price": "5$"}])
def test_it_takes_what_fits(given: dict[str, Any]) -> None:
    assert arguments.errors(given) == []
