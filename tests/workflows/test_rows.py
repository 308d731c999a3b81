"""Conditions made of rows."""

from __future__ import annotations

from typing import Any

import pytest

from actions.expressions.conditions import Condition
from tests.workflows.support import graph, node, run_node
from workflows.graph import check_graph
from workflows.nodes.decision import DecisionNode
from workflows.rows import OPERATORS, Row, Rows

SCOPE: dict[str, Any] = {
    "tier": "gold", "points": 120, "text_points": "120", "vip": True, "empty": "", "nothing": None, "blank": "  ",
    "tags": ["a", "7"], "customer": {"city": "Lyon", "code": "007"}, "day": "2026-11-20",
}  # fmt: skip


@pytest.mark.parametrize(
    ("variable", "operator", "value", "holds"),
    [
        ("tier", "equals", "gold", True),
        ("tier", "equals", " gold ", True),
        ("tier", "equals", "Gold", False),
        ("points", "equals", "120", True),
        ("points", "equals", "120.0", True),
        ("text_points", "equals", 120, True),
        ("vip", "equals", "true", True),
        ("vip", "equals", 1, False),
        ("customer.code", "equals", "7", False),
        ("customer.code", "equals", 7, True),
        ("nothing", "equals", None, True),
        ("tier", "equals", "{{ tier }}", True),
        ("tier", "not_equals", "iron", True),
        ("points", "not_equals", "120", False),
        ("customer.city", "contains", "yo", True),
        ("tags", "contains", 7, True),
        ("tags", "contains", "b", False),
        ("tags", "not_contains", "b", True),
        ("customer", "contains", "city", True),
        ("customer.city", "starts_with", "Ly", True),
        ("points", "starts_with", "12", True),
        ("customer.city", "ends_with", "on", True),
        ("empty", "is_empty", None, True),
        ("blank", "is_empty", None, True),
        ("nothing", "is_empty", None, True),
        ("nobody.knows", "is_empty", None, True),
        ("points", "is_empty", None, False),
        ("tier", "is_not_empty", None, True),
        ("points", "greater", "99", True),
        ("text_points", "greater", "99", True),
        ("text_points", "less", 1000, True),
        ("points", "greater_or_equal", 120, True),
        ("points", "less_or_equal", 119, False),
        ("day", "less", "2026-12-01", True),
        ("tier", "in_list", "iron, gold", True),
        ("points", "in_list", [1, "120"], True),
        ("tier", "not_in_list", "iron", True),
        ("customer.city", "matches", "L*n", True),
        ("customer.city", "matches", "L??n", True),
        ("customer.city", "matches", "*y", False),
        ("customer.city", "matches", "*", True),
        ("points", "matches", "1?0", True),
    ],
)
def test_a_row_compares_leniently(variable: str, operator: Any, value: Any, holds: bool) -> None:
    warnings: list[str] = []
    assert Row(variable=variable, operator=operator, value=value).holds(SCOPE, warnings) is holds
    assert warnings == []


@pytest.mark.parametrize(
    ("variable", "operator", "value"),
    [
        ("tier", "greater", 5),
        ("vip", "less", 5),
        ("nothing", "greater", 5),
        ("tags", "starts_with", "a"),
        ("nothing", "contains", "a"),
        ("tier", "in_list", 5),
        ("nobody", "greater", 1),
        ("nobody", "equals", "x"),
    ],
)
def test_what_makes_no_sense_or_is_missing_does_not_hold_and_warns(variable: str, operator: Any, value: Any) -> None:
    warnings: list[str] = []
    assert Row(variable=variable, operator=operator, value=value).holds(SCOPE, warnings) is False
    assert warnings


@pytest.mark.parametrize(
    ("operator", "symbol"),
    [("equals", "=="), ("not_equals", "!="), ("greater", ">"), ("less", "<"), ("greater_or_equal", ">=")],
)
@pytest.mark.parametrize("variable", ["points", "nobody"])
def test_a_row_means_what_the_expression_does(operator: Any, symbol: str, variable: str) -> None:
    row, expression = Row(variable=variable, operator=operator, value=120), Condition.parse(f"{variable} {symbol} 120")
    of_row: list[str] = []
    of_expression: list[str] = []
    assert row.holds(SCOPE, of_row) is expression.holds(SCOPE, of_expression)
    assert bool(of_row) is bool(of_expression)
    assert Rows((row,)).names == expression.names


def test_all_or_any_of_the_rows_decide() -> None:
    yes, no = Row(variable="tier", value="gold"), Row(variable="tier", value="iron")
    assert not Rows((yes, no), "all").holds(SCOPE, [])
    assert Rows((yes, no), "any").holds(SCOPE, [])


def test_every_operator_has_a_label_and_a_meaning() -> None:
    for operator, label in OPERATORS:
        assert isinstance(Row(variable="tier", operator=operator, value="x").holds(SCOPE, []), bool)
        assert str(label)


def test_a_hostile_pattern_ends_soon() -> None:
    scope = {"text": "a" * 5000}
    assert not Row(variable="text", operator="matches", value="*a" * 400 + "b").holds(scope, [])


def decision(*cases: dict[str, Any]) -> dict[str, Any]:
    return {"cases": list(cases)}


async def test_a_case_may_be_made_of_rows() -> None:
    rows = [{"variable": "tier", "operator": "equals", "value": "gold"}, {"variable": "points", "value": 1}]
    first = {"id": "both", "match": "all", "rows": rows}
    second = {"id": "one", "match": "any", "rows": rows}
    result, context = await run_node(DecisionNode(), decision(first, second), tier="gold", points=120)
    assert result.output == "one"
    assert context.input == {"points": 120, "tier": "gold"}


@pytest.mark.parametrize(
    ("case", "field"),
    [
        ({"id": "a"}, "cases.0"),
        ({"id": "a", "when": "tier", "rows": [{"variable": "tier"}]}, "cases.0.when"),
        ({"id": "a", "rows": [{"variable": ""}]}, "cases.0.rows.0.variable"),
        ({"id": "a", "rows": [{"variable": "{{ tier }}"}]}, "cases.0.rows.0.variable"),
        ({"id": "a", "rows": [{"variable": "nobody"}]}, "cases.0.rows.0.variable"),
        ({"id": "a", "rows": [{"variable": "tier", "value": "{{ nobody }}"}]}, "cases.0.rows.0.value"),
        ({"id": "a", "rows": [{"variable": "tier", "value": "{{"}]}, "cases.0.rows.0.value"),
        ({"id": "a", "rows": [{"variable": "tier", "operator": "resembles"}]}, "cases.0.rows.0.operator"),
        ({"id": "a", "match": "most", "rows": [{"variable": "tier"}]}, "cases.0.match"),
    ],
)
def test_mistakes_in_rows_are_told_where_they_are(case: Any, field: str) -> None:
    errors = check_graph(graph(node("vip", "decision", **decision(case)), "start > vip"), flat_names=["tier"])
    assert [(error.node_id, error.field) for error in errors] == [("vip", field)]
