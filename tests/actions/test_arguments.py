"""Arguments that do not fit are named, in a sentence that does not repeat them."""

from __future__ import annotations

import time
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


def holding(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def doubling(keyword: str) -> dict[str, Any]:
    definitions: dict[str, Any] = {
        f"d{level}": {keyword: [{"$ref": f"#/$defs/d{level + 1}"}] * 2} for level in range(18)
    }
    return {**holding(a={"$ref": "#/$defs/d0"}), "$defs": {**definitions, "d18": {"type": "string"}}}


EVIL = "^(a|aa)+$"  # exponential even for the regex package
EVIL_OF_RE = "^(a+)+$"
SLOW = "a" * 28 + "!"
MANY = [{"n": n, "m": [n]} for n in range(3000)]
DEEP: list[Any] = []
for _level in range(5000):
    DEEP = [DEEP]


@pytest.mark.parametrize(
    ("schema", "given"),
    [
        (holding(a={"type": "string", "pattern": EVIL}), {"a": SLOW}),
        (holding(a={"type": "string", "pattern": EVIL_OF_RE}), {"a": SLOW}),
        ({"type": "object", "patternProperties": {EVIL_OF_RE: {}}, "additionalProperties": False}, {SLOW: 1}),
        (holding(a={"not": {"pattern": EVIL}}), {"a": SLOW}),
        (holding(a={"anyOf": [{"pattern": EVIL}] * 50}), {"a": SLOW}),
        (holding(a={"$schema": "http://json-schema.org/draft-07/schema#", "pattern": EVIL}), {"a": SLOW}),
        ({"type": "object", "patternProperties": {EVIL: {}}}, {SLOW: 1}),
        ({"type": "object", "patternProperties": {EVIL: {}}, "additionalProperties": False}, {SLOW: 1}),
        ({"type": "object", "patternProperties": {EVIL: {}}, "unevaluatedProperties": False}, {SLOW: 1}),
        (holding(a={"propertyNames": {"pattern": EVIL}}), {"a": {f"{SLOW}{n}": 1 for n in range(100)}}),
        (doubling("allOf"), {"a": "x"}),
        (doubling("anyOf"), {"a": 1}),
        (holding(a={"uniqueItems": True}), {"a": [*MANY * 20]}),
        (holding(a={"uniqueItems": True}), {"a": [n * (2**61 - 1) for n in range(30_000)] + [0]}),
        (holding(a={"items": {}, "contains": {"type": "string"}}), {"a": [0] * 200_000}),
        (holding(a={"prefixItems": [{}], "unevaluatedItems": False}), {"a": [0] * 200_000}),
        (holding(a={"uniqueItems": True}), {"a": [DEEP]}),
        (holding(a={"multipleOf": 0.5}), {"a": 10**400}),
        (holding(a={"type": "string"}), {"a": 10**5000}),
        (holding(a={"pattern": "(" * 60 + "a" + "+)" * 60}), {"a": "a"}),
        ({**holding(a={"$ref": "#/$defs/a"}), "$defs": {"a": {"$ref": "#/$defs/a"}}}, {"a": 1}),
        ({**holding(a={"$ref": "#/$defs/no"}), "$defs": {}}, {"a": 1}),
        ({**holding(a={"$ref": "#/$defs/x/type"}), "$defs": {"x": {"type": "string"}}}, {"a": 1}),
    ],
)
def test_no_schema_takes_long_or_raises(schema: dict[str, Any], given: dict[str, Any]) -> None:
    hostile = Arguments(schema)
    began = time.thread_time()
    errors = hostile.errors(given)
    assert time.thread_time() - began < 1
    assert errors
    assert all(field.startswith("arguments") and sentence for field, sentence in errors)


def test_a_pattern_that_takes_too_long_is_named() -> None:
    errors = Arguments(holding(a={"type": "string", "pattern": EVIL})).errors({"a": SLOW})
    assert errors == [("arguments.a", "This does not fit the tool's schema.")]


def test_what_holds_for_names_holds_for_the_others_too() -> None:
    schema = {**holding(a={}), "patternProperties": {"^x$": {"type": "string"}}, "additionalProperties": False}
    assert Arguments(schema).errors({"a": 1, "x": "1"}) == []
    assert Arguments(schema).errors({"x": 1}) == [("arguments.x", "This must be of type string.")]
    assert Arguments(schema).errors({"x\n": "1", "x": "1"}) == [("arguments", "Unknown: x\n.")]


@pytest.mark.parametrize(
    ("given", "unique"),
    [
        ([1, 1.0], False),
        ([1, True, 0, False, "1", None, "null", "true"], True),
        ([[1], [True], ["1"]], True),
        ([{"a": 1, "b": [2]}, {"b": [2.0], "a": 1}], False),
        ([0, -0.0], False),
        (MANY, True),
    ],
)
def test_items_are_unique_as_json_has_it(given: list[Any], unique: bool) -> None:
    assert (Arguments(holding(a={"uniqueItems": True})).errors({"a": given}) == []) is unique


@pytest.mark.parametrize(
    ("schema", "value", "fits"),
    [
        ({"allOf": [{"properties": {"x": {}}}], "unevaluatedProperties": False}, {"x": 1}, True),
        ({"allOf": [{"properties": {"x": {}}}], "unevaluatedProperties": False}, {"x": 1, "y": 1}, False),
        ({"$ref": "#/$defs/x", "unevaluatedProperties": {"type": "string"}}, {"x": 1, "y": "1"}, True),
        ({"$ref": "#/$defs/x", "unevaluatedProperties": {"type": "string"}}, {"x": 1, "y": 1}, False),
        ({"anyOf": [{"prefixItems": [{}]}], "unevaluatedItems": False}, [1], True),
        ({"anyOf": [{"prefixItems": [{}]}], "unevaluatedItems": False}, [1, 2], False),
        ({"contains": {"type": "string"}, "unevaluatedItems": {"type": "null"}}, ["a", None], True),
        ({"contains": {"type": "string"}, "unevaluatedItems": {"type": "null"}}, ["a", 1], False),
        ({"contains": {"type": "string"}, "maxContains": 1}, ["a", "b"], False),
        ({"contains": {"type": "string"}, "minContains": 0}, [], True),
        ({"additionalProperties": {"type": "string"}}, {"x": 1}, False),
    ],
)
def test_the_bounded_keywords_mean_what_they_did(schema: Any, value: Any, fits: bool) -> None:
    whole = {**holding(a=schema), "$defs": {"x": {"properties": {"x": {}}}}}
    assert (Arguments(whole).errors({"a": value}) == []) is fits


def test_a_tree_is_checked_at_every_level() -> None:
    tree = {"type": "object", "properties": {"v": {"type": "integer"}, "in": {"items": {"$ref": "#/$defs/tree"}}}}
    nested = Arguments({**holding(a={"$ref": "#/$defs/tree"}), "$defs": {"tree": tree}})
    assert nested.errors({"a": {"v": 1, "in": [{"v": 2, "in": [{"v": 3}]}]}}) == []
    wrong = nested.errors({"a": {"in": [{"in": [{"v": "3"}]}]}})
    assert wrong == [("arguments.a.in.0.in.0.v", "This must be of type integer.")]


@pytest.mark.parametrize("given", [{"reason": "a"}, {"reason": "b", "digits": "1", "n": 1, "price": "5$"}])
def test_it_takes_what_fits(given: dict[str, Any]) -> None:
    assert arguments.errors(given) == []


TEXTS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "team": {"type": "string", "enum": ["Sales", "Support", 3], "description": "Whom"},
        "reason": {"type": "string", "minLength": 2, "maxLength": 4},
    },
    "required": ["team"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    "arguments",
    [
        {"team": "Sales"},
        {"team": "Sales", "reason": "néé!"},
        {"reason": "why"},
        {"team": "Nobody"},
        {"team": 3},
        {"team": "Sales", "reason": "y"},
        {"team": "Sales", "reason": "much too long"},
        {"team": "Sales", "other": "x"},
        {"team": ["Sales"]},
    ],
)
def test_texts_are_judged_as_the_whole_schema_judges_them(arguments: dict[str, Any]) -> None:
    whole = {**TEXTS, "maxProperties": 100}
    assert Arguments(TEXTS).errors(arguments) == Arguments(whole).errors(arguments)


def test_an_unknown_member_of_a_schema_leaves_the_judgement_to_all_of_it() -> None:
    assert Arguments({**TEXTS, "not": {}}).errors({"team": "Sales"})
    assert Arguments({**TEXTS, "properties": {"team": {"type": "string", "pattern": "^x"}}}).errors({"team": "Sales"})
