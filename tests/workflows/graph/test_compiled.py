"""Compiling: topological order, and what cannot run at all."""

from __future__ import annotations

from typing import Any

import pytest

from tests.workflows.support import START, Script, graph, node
from workflows.graph import GraphInvalidError, compile_graph


def order(drawn: Any) -> list[str]:
    return [step.id for step in compile_graph(drawn).steps]


def test_steps_come_after_all_that_lead_to_them(script: Script) -> None:
    assert order(graph("start > c > b > join", "start > a > join > end")) == ["start", "c", "b", "a", "join", "end"]


def test_where_the_edges_leave_a_choice_the_stored_order_decides(script: Script) -> None:
    drawn = graph(node("z"), node("y"), node("x"), "start > x", "start > y", "start > z")

    assert order(drawn) == ["start", "z", "y", "x"]


def test_expressions_are_compiled_with_the_graph() -> None:
    drawn = graph(node("set", "set_variable", variables=[{"variable": "a", "value": "{{ b }}"}]), "start > set")

    config = compile_graph(drawn).steps[1].config

    assert "compiled" in config.__dict__


@pytest.mark.parametrize(
    "drawn",
    [
        None,
        {"nodes": []},
        {"nodes": [START, {"id": "again", "kind": "start"}]},
        {"nodes": [START, START]},
        graph(node("a", "teleport"), "start > a"),
        graph(node("a", "set_variable"), "start > a"),
        graph(node("a", "return"), "start > a > a"),
    ],
)
def test_what_cannot_run_at_all_is_refused(drawn: Any) -> None:
    with pytest.raises(GraphInvalidError) as raised:
        compile_graph(drawn)

    assert raised.value.errors
