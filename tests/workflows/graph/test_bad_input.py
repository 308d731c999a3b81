"""Every mistake that people make when they draw, each told at the node, or edge, where it is mended."""

from __future__ import annotations

from typing import Any

import pytest

from tests.workflows.support import graph, node
from workflows.graph import check_graph

END = node("end", "return")
ASK: dict[str, Any] = {"url": "https://crm.example/"}


def told(drawn: Any, moment: str | None = "before") -> set[tuple[str | None, str | None]]:
    return {(error.node_id, error.field) for error in check_graph(drawn, moment, flat_names=[])}


def ask(**config: Any) -> dict[str, Any]:
    return graph(node("ask", "api_request", **{**ASK, **config}), "start > ask")


def assign(value: Any, variable: str = "a") -> dict[str, Any]:
    return graph(node("set", "set_variable", variables=[{"variable": variable, "value": value}]), "start > set")


@pytest.mark.parametrize(
    ("drawn", "place"),
    [
        (graph(node("a", "decision", cases=[{"id": "x", "when": "1"}]), "start > a", "a:x > a"), ("a", None)),
        (graph(END, node("island", "return"), "start > end"), ("island", None)),
        ({"nodes": [END], "edges": []}, (None, None)),
        (graph(node("a", "dance"), "start > a"), ("a", "kind")),
        (graph(node("a", "return"), END, "start > a > end"), ("a", "edges.1")),
        (graph({"id": "second", "kind": "start"}, "start > second"), ("second", "kind")),
        (graph(END, "start > end", "start > end"), ("start", "edges.1")),
        (graph(END, "start:sideways > end"), ("start", "edges.0")),
        (ask(mapping=[{"path": "$.a", "variable": "interaction"}]), ("ask", "mapping.0.variable")),
        (ask(mapping=[{"path": "$.a", "variable": "error"}]), ("ask", "mapping.0.variable")),
        (ask(mapping=[{"path": "$[", "variable": "a"}]), ("ask", "mapping.0.path")),
        (ask(mapping=[{"path": "$.a", "variable": "a", "type": "date"}]), ("ask", "mapping.0.type")),
        (ask(url="ftp://crm.example/"), ("ask", "url")),
        (ask(url="https://{{ host }}.example/"), ("ask", "url")),
        (ask(url="https://crm.example/{{ nobody }}"), ("ask", "url")),
        (ask(method="GET", body={"a": 1}), ("ask", "body")),
        (ask(method="POST", retries=2, idempotency_key=False), ("ask", "retries")),
        (ask(retries=9), ("ask", "retries")),
        (ask(timeout_s=0), ("ask", "timeout_s")),
        (ask(expected_status=["maybe"]), ("ask", "expected_status.0")),
        (ask(headers={"Host": "evil.example"}), ("ask", "headers.Host")),
        (ask(headers={"X-A": "{{ nobody }}"}), ("ask", "headers.X-A")),
        (ask(query={"q": "{{"}), ("ask", "query.q")),
        (assign("x", "a b"), ("set", "variables.0.variable")),
        (assign("{{ nobody }}"), ("set", "variables.0.value")),
        (assign("{% while true %}"), ("set", "variables.0.value")),
        (assign("{% include 'x' %}"), ("set", "variables.0.value")),
        (assign("{{ ''.__class__ }}"), ("set", "variables.0.value")),
        (graph({**node("set", "set_variable"), "config": {}}, "start > set"), ("set", "variables")),
        (graph(node("s", "start", test_data="x"), END), ("s", "test_data")),
        (graph(node("s", "start", test_data={"x": "y" * 70_000}), END), ("s", "test_data")),
        (
            graph(node("sub", "run_workflow", workflow="x", parameters={"a": "{{ nobody }}"}), "start > sub"),
            ("sub", "parameters.a"),
        ),
        (graph(node("sub", "run_workflow"), "start > sub"), ("sub", "workflow")),
        (
            graph(node("sub", "run_workflow", workflow="x", parameters={"a b": 1}), "start > sub"),
            ("sub", "parameters.a b"),
        ),
    ],
)
def test_a_mistake_is_told_where_it_is_mended(drawn: Any, place: tuple[str | None, str | None]) -> None:
    assert place in told(drawn)


@pytest.mark.parametrize("loop", ["{% for i in range(999) %}{% for j in range(999) %}x{% endfor %}{% endfor %}"])
async def test_a_template_without_end_fails_at_its_node(loop: str) -> None:
    from actions.contract import ActionError
    from tests.workflows.support import call_context, run_graph, states

    context = call_context()
    with pytest.raises(ActionError, match="Step “set”"):
        await run_graph(
            node("set", "set_variable", variables=[{"variable": "a", "value": loop}]), "start > set", context=context
        )
    assert states(context)["set"] == "failed"
