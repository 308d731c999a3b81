"""Node ``set_variable``."""

from __future__ import annotations

from typing import Any

import pytest

from tests.workflows.support import graph, node, run_node
from workflows.graph import check_graph
from workflows.nodes.set_variable import SetVariableNode


def assigning(**values: Any) -> dict[str, Any]:
    return {"variables": [{"variable": name, "value": value} for name, value in values.items()]}


async def test_it_sets_fixed_values_of_any_type() -> None:
    values = {"a": 1, "b": 1.5, "c": True, "d": None, "e": "text", "f": [1, {"g": 2}]}

    result, context = await run_node(SetVariableNode(), assigning(**values))

    assert result.variables == values
    assert context.warnings == []


async def test_a_template_that_is_one_expression_keeps_its_type() -> None:
    config = assigning(
        points="{{ customer.points }}", text="{{ customer.points }} points", deep={"x": ["{{ customer }}"]}
    )

    result, _context = await run_node(SetVariableNode(), config, customer={"points": 3})

    assert result.variables == {"points": 3, "text": "3 points", "deep": {"x": [{"points": 3}]}}


async def test_a_value_may_use_those_set_above_it() -> None:
    result, context = await run_node(SetVariableNode(), assigning(a="{{ given }}!", b="{{ a }}!", given=2), given=1)

    assert result.variables == {"a": "1!", "b": "1!!", "given": 2}
    assert context.scope == {"given": 1}


async def test_an_unknown_name_gives_nothing_and_a_warning() -> None:
    result, context = await run_node(SetVariableNode(), assigning(a="{{ nobody }}", b="Dear {{ nobody }}"))

    assert result.variables == {"a": None, "b": "Dear "}
    assert len(context.warnings) >= 1
    assert "nobody" in context.warnings[0]


@pytest.mark.parametrize(
    ("config", "field", "message"),
    [
        ({}, "variables", "required"),
        ({"variables": []}, "variables", "1 are needed"),
        ({"variables": [{"value": 1}]}, "variables.0.variable", "required"),
        (assigning(system=1), "variables.0.variable", "reserved"),
        (assigning(error=1), "variables.0.variable", "reserved"),
        ({"variables": [{"variable": "1a"}]}, "variables.0.variable", "cannot be a name"),
        ({"variables": [{"variable": "not"}]}, "variables.0.variable", "reserved"),
        (assigning(a="{{ b"), "variables.0.value", ""),
        (assigning(a=1, b=["{{ nobody }}"]), "variables.1.value", "“nobody” does not exist"),
        (assigning(a="{{ a }}"), "variables.0.value", "does not exist"),
    ],
)
def test_a_wrong_setting_is_told_at_its_field(config: dict[str, Any], field: str, message: str) -> None:
    errors = check_graph(graph(node("set", "set_variable", **config), "start > set"), "before", flat_names=[])

    assert [(error.node_id, error.field) for error in errors] == [("set", field)]
    assert message in errors[0].message


def test_a_variable_is_known_below_and_after() -> None:
    sound = graph(
        node("set", "set_variable", **assigning(a=1, b="{{ a }}")),
        node("after", "set_variable", **assigning(c="{{ a }}{{ b }}{{ given }}")),
        "start > set > after",
    )

    assert check_graph(sound, "during", flat_names=["given"]) == []
