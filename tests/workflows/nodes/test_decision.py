"""Node ``decision``."""

from __future__ import annotations

from typing import Any

import pytest

from actions.contract import ActionError
from tests.workflows.support import call_context, entry, graph, node, run_graph, run_node
from workflows.graph import check_graph
from workflows.nodes.decision import DecisionNode


def cases(**conditions: str) -> dict[str, Any]:
    return {"cases": [{"id": case_id, "when": when} for case_id, when in conditions.items()]}


TIERS = cases(gold='tier == "gold"', rich="points > 100", any="tier")


@pytest.mark.parametrize(
    ("scope", "output"),
    [
        ({"tier": "gold", "points": 500}, "gold"),
        ({"tier": "iron", "points": 500}, "rich"),
        ({"tier": "iron", "points": 5}, "any"),
        ({"tier": "", "points": 5}, "else"),
        ({"tier": None, "points": None}, "else"),
    ],
)
async def test_the_first_case_that_holds_wins(scope: dict[str, Any], output: str) -> None:
    result, _context = await run_node(DecisionNode(), TIERS, **scope)

    assert result.output == output


async def test_the_trace_shows_what_was_compared_and_the_way_out() -> None:
    context = call_context({"interaction": {"ANI": "+33199000001"}})

    await run_graph(
        node("vip", "decision", **cases(yes="interaction.ANI == '+33199000001' and points > 3")),
        "start > vip",
        context=context,
        points=4,
    )

    assert entry(context, "vip")["input"] == {"interaction.ANI": "+33199000001", "points": 4}
    assert entry(context, "vip")["branch"] == "yes"


async def test_unknown_names_do_not_hold_and_warn() -> None:
    result, context = await run_node(DecisionNode(), cases(yes="nobody == 1"))

    assert result.output == "else"
    assert "nobody" in context.warnings[0]


async def test_a_condition_that_cannot_be_decided_is_a_permanent_failure() -> None:
    with pytest.raises(ActionError) as raised:
        await run_graph(node("vip", "decision", **cases(yes="1 / zero")), "start > vip", zero=0)

    assert (raised.value.code, raised.value.permanent) == ("expression_failed", True)
    assert "vip" in raised.value.message


@pytest.mark.parametrize(
    ("config", "field", "message"),
    [
        ({}, "cases", "required"),
        ({"cases": []}, "cases", "1 are needed"),
        (cases(**{"a b": "x"}), "cases.0.id", "letters without accents"),
        (cases(**{"else": "known"}), "cases", "other than"),
        ({"cases": [{"id": "a", "when": "known"}, {"id": "a", "when": "known"}]}, "cases", "id of its own"),
        (cases(a="tier =="), "cases.0.when", ""),
        (cases(a=""), "cases.0.when", ""),
        (cases(a="known", b="nobody"), "cases.1.when", "does not exist"),
    ],
)
def test_a_wrong_setting_is_told_at_its_field(config: dict[str, Any], field: str, message: str) -> None:
    errors = check_graph(graph(node("vip", "decision", **config), "start > vip"), "before", flat_names=["known"])

    assert [(error.node_id, error.field) for error in errors] == [("vip", field)]
    assert message in errors[0].message


def test_its_ways_out_are_its_cases_and_else() -> None:
    drawn = graph(node("vip", "decision", **cases(yes="x")), "start > vip", "vip:yes > a", "vip:no > b", "vip > c")
    drawn["nodes"] += [node(name, "return") for name in "abc"]
    drawn["nodes"] = [each for each in drawn["nodes"] if each["kind"] != "scripted"]

    errors = check_graph(drawn)

    assert [(error.node_id, error.field) for error in errors] == [("vip", "edges.2"), ("vip", "edges.3")]
    assert "“no”: choose one of yes, else" in errors[0].message
