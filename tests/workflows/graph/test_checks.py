"""``check_graph``: every error at once, each at its node and field."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils.translation import override

from tests.workflows.support import START, Script, graph, node
from workflows.graph import check_graph, default_graph

RETURN = node("end", "return")
SET = {"variables": [{"variable": "tier", "value": "gold"}]}
VIP = {"cases": [{"id": "yes", "when": "tier == 'gold'"}]}


def found(drawn: Any, moment: str | None = None, **options: Any) -> list[tuple[str | None, str | None]]:
    return [(error.node_id, error.field) for error in check_graph(drawn, moment, **options)]


def edges(*pairs: tuple[Any, ...]) -> list[dict[str, Any]]:
    return [dict(zip(("source", "target", "output"), pair, strict=False)) for pair in pairs]


SOUND = {
    "the default": default_graph(),
    "a start alone": {"nodes": [START]},
    "edges that say next, and null": {
        "nodes": [START, node("a", "set_variable", **SET), RETURN],
        "edges": edges(("start", "a", None), ("a", "end", "next")),
    },
    "branches, a join, two returns after a decision": graph(
        node("a", "set_variable", **SET),
        node("b", "set_variable", **SET),
        node("vip", "decision", **VIP),
        node("e1", "return"),
        node("e2", "return"),
        "start > a > vip",
        "start > b > vip",
        "vip:yes > e1",
        "vip:else > e2",
    ),
    "titles and positions": {
        "nodes": [{**START, "title": "Départ", "position": {"x": 1.5, "y": -2}}],
        "edges": [],
    },
}


@pytest.mark.parametrize("drawn", SOUND.values(), ids=SOUND)
@pytest.mark.parametrize("moment", [None, "before", "during", "after"])
def test_sound_graphs_have_no_errors(drawn: Any, moment: str | None) -> None:
    assert check_graph(drawn, moment, flat_names=[]) == []


BAD: dict[str, tuple[Any, list[tuple[str | None, str | None]]]] = {
    "no object": ([], [(None, None)]),
    "null": (None, [(None, None)]),
    "text": ("graph", [(None, None)]),
    "no nodes": ({}, [(None, "nodes")]),
    "nodes that are no list": ({"nodes": {"a": 1}}, [(None, "nodes")]),
    "an unknown key": ({"nodes": [START], "comment": ""}, [(None, "comment")]),
    "a node that is no object": ({"nodes": [START, "end"]}, [(None, "nodes.1")]),
    "a node without id": ({"nodes": [START, {"kind": "return"}]}, [(None, "nodes.1.id")]),
    "a node with an odd id": ({"nodes": [START, {"id": "a b", "kind": "return"}]}, [("a b", "id")]),
    "a node with an id that ends in a line break": (
        {"nodes": [START, {"id": "a\n", "kind": "return"}]},
        [("a\n", "id")],
    ),
    "a node without kind": ({"nodes": [START, {"id": "a"}]}, [("a", "kind")]),
    "a node with an unknown key": ({"nodes": [{**START, "colour": "red"}]}, [("start", "colour")]),
    "a node whose config is a list": ({"nodes": [{**START, "config": []}]}, [("start", "config")]),
    "a node at infinity": ({"nodes": [{**START, "position": {"x": float("inf")}}]}, [("start", "position.x")]),
    "an edge without target": ({"nodes": [START], "edges": [{"source": "start"}]}, [(None, "edges.0.target")]),
    "an empty graph": ({"nodes": []}, [(None, None)]),
    "no start": ({"nodes": [RETURN]}, [(None, None)]),
    "two starts": (
        {
            "nodes": [START, {"id": "again", "kind": "start"}, RETURN],
            "edges": edges(("start", "end"), ("again", "end")),
        },
        [("again", "kind"), ("again", None)],
    ),
    "an unknown kind": (
        {"nodes": [START, node("a", "teleport")], "edges": edges(("start", "a"))},
        [("a", "kind")],
    ),
    "duplicate ids": (
        {"nodes": [START, RETURN, RETURN], "edges": edges(("start", "end"))},
        [("end", "id")],
    ),
    "an edge to nowhere": ({"nodes": [START], "edges": edges(("start", "ghost"))}, [("start", "edges.0")]),
    "an edge from nowhere": (
        {"nodes": [START, RETURN], "edges": edges(("start", "end"), ("ghost", "end"))},
        [("end", "edges.1")],
    ),
    "an edge between ghosts": ({"nodes": [START], "edges": edges(("ghost", "spectre"))}, [(None, "edges.0")]),
    "the same edge twice": (
        {"nodes": [START, RETURN], "edges": edges(("start", "end"), ("start", "end", "next"))},
        [("start", "edges.1")],
    ),
    "an unknown output": (
        {"nodes": [START, RETURN], "edges": edges(("start", "end", "yes"))},
        [("start", "edges.0")],
    ),
    "a decision left by no case": (
        graph(node("set", "set_variable", **SET), node("vip", "decision", **VIP), RETURN, "start > set > vip > end"),
        [("vip", "edges.2")],
    ),
    "a return that goes on": (
        graph(RETURN, node("e2", "return"), "start > end > e2"),
        [("end", "edges.1")],
    ),
    "an edge into the start": (
        graph(node("a", "set_variable", **SET), "start > a > start"),
        [("start", None)],
    ),
    "a node that leads to itself": (
        graph(node("a", "set_variable", **SET), "start > a > a"),
        [("a", None)],
    ),
    "a circle": (
        graph(*(node(name, "set_variable", **SET) for name in "abc"), RETURN, "start > a > b > c > a", "c > end"),
        [("a", None)],
    ),
    "a node that nothing leads to": (
        {"nodes": [START, RETURN, node("lost", "return")], "edges": edges(("start", "end"))},
        [("lost", None)],
    ),
    "an island": (
        {
            "nodes": [START, node("a", "set_variable", **SET), node("b", "set_variable", **SET)],
            "edges": edges(("a", "b")),
        },
        [("a", None), ("b", None)],
    ),
    "everything at once": (
        {
            "nodes": [
                START,
                node("a", "teleport"),
                node("b", "set_variable", variables=[{"variable": "open", "value": "{{"}]),
                node("c", "decision", cases=[{"id": "x", "when": "nobody"}]),
                node("d", "return"),
            ],
            "edges": edges(("start", "a"), ("a", "b"), ("b", "c"), ("c", "ghost", "x")),
        },
        [
            ("a", "kind"),
            ("b", "variables.0.variable"),
            ("b", "variables.0.value"),
            ("c", "edges.3"),
            ("d", None),
            ("c", "cases.0.when"),
        ],
    ),
}


@pytest.mark.parametrize(("drawn", "expected"), BAD.values(), ids=BAD)
def test_bad_graphs_are_told_node_and_field(drawn: Any, expected: list[tuple[str | None, str | None]]) -> None:
    errors = check_graph(drawn, "before", flat_names=[])

    assert [(error.node_id, error.field) for error in errors] == expected
    assert all(error.message.endswith(".") for error in errors)


def test_a_circle_is_told_in_its_order() -> None:
    drawn = graph(*(node(name, "set_variable", **SET) for name in "abc"), "start > a > b > c > a")
    drawn["nodes"][1]["title"] = "Look up"

    (error,) = check_graph(drawn)

    assert error.message == "These steps go round in a circle: Look up → b → c → Look up."


def test_200_nodes_are_enough() -> None:
    names = [f"n{number}" for number in range(200)]
    nodes = [node(name, "set_variable", **SET) for name in names]

    assert check_graph(graph(*nodes[:199], f"start > {' > '.join(names[:199])}")) == []
    (error,) = check_graph(graph(*nodes, f"start > {' > '.join(names)}"))
    assert (error.node_id, error.field) == (None, "nodes")
    assert "201" in error.message


def test_too_many_edges_are_refused_unread() -> None:
    (error,) = check_graph({"nodes": [START], "edges": [{}] * 1001})

    assert (error.node_id, error.field) == (None, "edges")


def test_a_kind_can_be_impossible_at_a_moment(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    from workflows.nodes.registry import discover

    monkeypatch.setattr(discover().get("scripted"), "moments", frozenset({"during"}), raising=False)
    drawn = graph("start > say")

    assert found(drawn, "during") == found(drawn) == []
    assert found(drawn, "before") == [("say", "kind")]


# --- names -------------------------------------------------------------------------------------------


def using(name: str, *parts: Any) -> dict[str, Any]:
    return graph(node("use", "set_variable", variables=[{"variable": "x", "value": f"{{{{ {name} }}}}"}]), *parts)


def test_a_variable_is_known_where_a_node_before_sets_it() -> None:
    first = node("set", "set_variable", **SET)

    assert found(using("tier", first, "start > set > use"), "before", flat_names=[]) == []
    assert found(using("tier", first, "start > use > set"), "before", flat_names=[]) == [("use", "variables.0.value")]
    assert found(using("tier", first, "start > set", "start > use"), "before", flat_names=[]) == [
        ("use", "variables.0.value")
    ]


def test_a_variable_that_one_of_the_ways_sets_is_known() -> None:
    drawn = using(
        "tier",
        node("first", "set_variable", variables=[{"variable": "a", "value": 1}]),
        node("vip", "decision", cases=[{"id": "yes", "when": "a"}]),
        node("set", "set_variable", **SET),
        "start > first > vip",
        "vip:yes > set > use",
        "vip:else > use",
    )

    assert found(drawn, "before", flat_names=[]) == []


def test_the_error_is_known_on_the_error_branch_only_and_the_mapping_off_it() -> None:
    request = node("ask", "api_request", url="https://crm.example.com/", mapping=[{"path": "tier", "variable": "tier"}])

    assert found(using("error.message", request, "start > ask", "ask:error > use"), "before", flat_names=[]) == []
    assert found(using("error.message", request, "start > ask > use"), "before", flat_names=[]) != []
    assert found(using("tier", request, "start > ask > use"), "before", flat_names=[]) == []
    assert found(using("tier", request, "start > ask", "ask:error > use"), "before", flat_names=[]) != []


def test_flat_names_are_no_error_while_nobody_knows_them() -> None:
    assert found(using("order", "start > use")) == []
    assert found(using("order", "start > use"), "during") == []
    assert found(using("order", "start > use"), "during", flat_names=["order"]) == []
    assert found(using("order", "start > use"), "during", flat_names=[]) == [("use", "variables.0.value")]


def test_names_of_the_call_are_judged_by_the_moment() -> None:
    summary = using("interaction.SUMMARY", "start > use")

    assert found(summary, "after") == found(summary) == []
    assert found(summary, "before") == [("use", "variables.0.value")]
    assert found(using("system.callID", "start > use")) == [("use", "variables.0.value")]
    assert found(using("context.anything", "start > use"), "before") == []


def test_messages_are_in_the_active_language() -> None:
    with override("fr"):
        (french,) = check_graph({"nodes": []})
    with override("en"):
        (english,) = check_graph({"nodes": []})

    assert english.message == "The workflow has no start."
    assert isinstance(french.message, str)
