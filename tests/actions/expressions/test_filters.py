from __future__ import annotations

from collections.abc import Mapping

import pytest
from django.utils.translation import override

from actions.contract import JSON
from actions.expressions.checks import CHECKS
from actions.expressions.filters import FILTERS
from actions.expressions.templates import Template

FILTERED = [
    ("'a' | default('b')", "a"),
    ("'' | default('b', true)", "b"),
    ("{'é': [1, none]} | tojson", '{"é": [1, null]}'),
    ("none | tojson", "null"),
    ("1.5 | string", "1.5"),
    ("'été' | upper", "ÉTÉ"),
    ("'ÉTÉ' | lower", "été"),
    ("\"jean-luc o'neill's\" | title", "Jean-Luc O'neill's"),
    ("'aB' | capitalize", "Ab"),
    ("' a ' | trim", "a"),
    ("'--a' | trim('-')", "a"),
    ("12.5 | replace('.', ',')", "12,5"),
    ("'aaa' | replace('a', 'b', 2)", "bba"),
    ("'abcdef' | truncate(4)", "abc…"),
    ("'abc' | truncate(4)", "abc"),
    ("'a b/é&' | urlencode", "a%20b/%C3%A9%26"),
    ("{'q': 'a b', 'n': 1} | urlencode", "q=a+b&n=1"),
    ("'2025-11-20T09:05:00+01:00' | date('%d/%m/%Y %Hh%M')", "20/11/2025 09h05"),
    ("'2025-03-01' | date('%A %-d %B %Y, 100%%')", "Saturday 1 March 2025, 100%"),
    ("'2025-03-01' | date", "2025-03-01"),
    ("'12' | int", 12),
    ("'12.7' | int", 12),
    ("'x' | int(0)", 0),
    ("'1.5' | float", 1.5),
    ("'inf' | float(0)", 0),
    ("2.6 | round", 3),
    ("2.345 | round(1)", 2.3),
    ("2.1 | round(0, 'ceil')", 3),
    ("2.19 | round(1, 'floor')", 2.1),
    ("-2 | abs", 2),
    ("orders | length", 3),
    ("'abc' | count", 3),
    ("[1, none, 'a'] | join('-')", "1--a"),
    ("orders | join(', ', attribute='title')", "Tea, coffee, Milk"),
    ("orders | first | items", [["id", 1], ["title", "Tea"], ["price", 2.5], ["open", True]]),
    ("'abc' | last", "c"),
    ("'abc' | list", ["a", "b", "c"]),
    ("[1, 2] | reverse", [2, 1]),
    ("'ab' | reverse", "ba"),
    ("orders | sort(attribute='title') | map(attribute='id') | list", [2, 3, 1]),
    ("['b', 'A', 'c'] | sort", ["A", "b", "c"]),
    ("['b', 'A', 'c'] | sort(reverse=true, case_sensitive=true)", ["c", "b", "A"]),
    ("['a', 'A', 'b'] | unique", ["a", "b"]),
    ("[3, 1, 2] | min", 1),
    ("[3, 1, 2] | max", 3),
    ("orders | sum(attribute='price')", 6.5),
    ("[['a'], ['b']] | sum(start=[])", ["a", "b"]),
    ("['a', 'b'] | map('upper')", ["A", "B"]),
    ("orders | map(attribute='lost', default='-')", ["-", "-", "-"]),
    ("[{'a': {'b': [5]}}] | map(attribute='a.b.0')", [5]),
    ("orders | selectattr('open') | map(attribute='id')", [1, 3]),
    ("orders | rejectattr('open') | map(attribute='id')", [2]),
    ("orders | selectattr('id', 'ge', 2) | map(attribute='id')", [2, 3]),
    ("orders | selectattr('price', 'gt', 1) | map(attribute='id')", [1, 2]),
]


@pytest.mark.parametrize(("expression", "expected"), FILTERED)
def test_a_filter_gives_what_it_says(expression: str, expected: JSON, names: Mapping[str, JSON]) -> None:
    value = Template.parse(f"{{{{ {expression} }}}}").value(names, [])

    assert (value, type(value)) == (expected, type(expected))


def test_every_filter_has_an_example() -> None:
    examples = " ".join(f"{expression} " for expression, _expected in FILTERED)

    assert [name for name in FILTERS if f"| {name} " not in examples and f"| {name}(" not in examples] == ["d"]


@pytest.mark.parametrize("name", sorted(set(FILTERS) - {"default", "d", "tojson"}))
def test_null_passes_through_every_other_filter(name: str) -> None:
    arguments = {"replace": "('a', 'b')", "selectattr": "('a')", "rejectattr": "('a')"}.get(name, "")

    assert Template.parse(f"{{{{ none | {name}{arguments} }}}}").value({}, []) is None


@pytest.mark.parametrize(
    ("expression", "sentence"),
    [
        ("'soon' | date", "“soon” is not a date."),
        ("'many' | int", "“many” is not a number."),
        ("'nan' | float", "“nan” is not a number."),
    ],
)
def test_data_that_a_filter_cannot_read_warns_and_becomes_null(expression: str, sentence: str) -> None:
    warnings: list[str] = []

    assert Template.parse(f"{{{{ {expression} }}}}").value({}, warnings) is None
    assert warnings == [sentence]


def test_days_and_months_are_named_in_the_active_language() -> None:
    template = Template.parse("{{ '2025-03-01' | date('%A %-d %B') }}")
    with override("fr"):
        assert template.value({}, []).lower() == "samedi 1 mars"


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("1 is defined", True),
        ("x is undefined", True),
        ("none is none", True),
        ("true is true", True),
        ("1 is true", False),
        ("false is false", True),
        ("true is boolean", True),
        ("true is number", False),
        ("1.5 is number", True),
        ("1 is integer", True),
        ("1.5 is float", True),
        ("'' is string", True),
        ("{} is mapping", True),
        ("[] is sequence", True),
        ("1 is iterable", False),
        ("2 is even", True),
        ("2 is odd", False),
        ("9 is divisibleby(3)", True),
        ("9 is divisibleby(0)", False),
        ("'a' is lower", True),
        ("'a' is upper", False),
        ("1 is in([1])", True),
        ("1 is eq(1)", True),
        ("1 is equalto 1", True),
        ("1 is ne(1)", False),
        ("1 is lt(2)", True),
        ("1 is lessthan(2)", True),
        ("1 is le(1)", True),
        ("1 is gt(2)", False),
        ("1 is greaterthan(2)", False),
        ("1 is ge(1)", True),
        ("1 is not none", True),
    ],
)
def test_a_test_answers(expression: str, expected: bool) -> None:
    assert Template.parse(f"{{{{ {expression} }}}}").value({}, []) is expected


def test_symbols_name_tests_too(names: Mapping[str, JSON]) -> None:
    for symbol in ("==", "!=", "<", "<=", ">", ">="):
        assert symbol in CHECKS
        Template.parse(f"{{{{ orders | selectattr('id', '{symbol}', 2) }}}}").value(names, [])
