"""Node ``run_workflow``: another workflow as one step, frozen with the release."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from django_scopes import scope

from accounts.models import Account
from actions.contract import ActionError, CallContext, Moment
from actions.models import Agent
from actions.registry import kinds
from actions.releases import PublishError, load_plan, publish
from tests.workflows.support import Script, call_context, entry, graph, node, states
from workflows import engine
from workflows.engine import execute
from workflows.graph import GraphInvalidError, compile_graph
from workflows.graph.packed import Packed
from workflows.kinds.workflow import WorkflowAction
from workflows.library import MOST_DEPTH, check_draft
from workflows.models import Workflow
from workflows.nodes.base import NodeResult, WorkflowResult

GREET = graph(
    node("end", "return", parameters={"hello": "Hello {{ who }}", "from": "{{ system.phone }}"}), "start > end"
)


def sub(name: str = "greet", **config: Any) -> dict[str, Any]:
    return node("sub", "run_workflow", workflow=name, **config)


MAPPED = sub(parameters={"who": "{{ name }}"}, mapping=[{"path": "$.hello", "variable": "greeting"}])
PARENT = graph(MAPPED, node("end", "return", result="{{ greeting }}!"), "start > sub > end")


async def run(drawn: Any, workflows: Any, context: CallContext | None = None, **variables: Any) -> WorkflowResult:
    return await execute(compile_graph(drawn, workflows), context or call_context(), variables)


# --- running --------------------------------------------------------------------------------------


async def test_parameters_go_in_and_mapped_values_come_out() -> None:
    context = call_context({"system": {"phone": "06"}})

    result = await run(PARENT, {"greet": GREET}, context, name="Ada")

    assert result.result == "Hello Ada!"
    assert result.variables["greeting"] == "Hello Ada"
    assert entry(context, "sub")["output"]["returned"] == {"hello": "Hello Ada", "from": "06"}


async def test_the_trace_holds_the_inner_nodes_below_the_outer_one() -> None:
    context = call_context()
    await run(PARENT, {"greet": GREET}, context, name="Ada")
    assert list(states(context)) == ["start", "sub", "sub/start", "sub/end", "end"]


async def test_the_inner_workflow_sees_the_call_and_what_it_is_given_only() -> None:
    seen = graph(node("end", "return", result=["{{ name }}", "{{ param }}"]), "start > end")
    context = call_context({"param": 1})
    drawn = graph(sub("peek"), node("end", "return"), "start > sub > end")

    await run(drawn, {"peek": seen}, context, name="hidden")

    assert entry(context, "sub")["output"]["returned"] == [None, 1]


async def test_an_inner_failure_takes_the_outer_branch() -> None:
    broken = graph(node("end", "return", result="{{ 1 / 0 }}"), "start > end")
    drawn = graph(sub("broken"), node("b", "return", result="{{ error.code }}"), "start > sub", "sub:error > b")
    assert (await run(drawn, {"broken": broken})).result == "expression_failed"
    with pytest.raises(ActionError, match="Step “sub”: Step “end”"):
        await run(graph(sub("broken"), "start > sub"), {"broken": broken})


async def test_one_deadline_holds_for_all(script: Script) -> None:
    async def sleep(context: Any) -> NodeResult:
        import asyncio

        await asyncio.sleep(30)
        return NodeResult()

    script.behaviours["sub/slow"] = sleep
    context = call_context(seconds=0.05)
    began_s = time.monotonic()
    with pytest.raises(ActionError, match="in time"):
        await run(graph(sub("slow"), "start > sub"), {"slow": graph("start > slow")}, context)
    assert time.monotonic() - began_s < 5
    assert states(context) == {
        "start": "succeeded",
        "sub": "cancelled",
        "sub/start": "succeeded",
        "sub/slow": "cancelled",
    }


async def test_nodes_of_both_levels_have_keys_of_their_own(script: Script) -> None:
    ids: list[str] = []

    async def note(context: Any) -> NodeResult:
        ids.append(context.node_id)
        return NodeResult()

    script.behaviours = {"ask": note, "sub/ask": note}
    await run(graph(sub("inner"), "start > sub > ask"), {"inner": graph("start > ask")})
    assert ids == ["sub/ask", "ask"]


async def test_an_inner_fail_over_ends_everything() -> None:
    refuse = graph(node("end", "return", fail_over="closed"), "start > end")
    context = call_context()
    result = await run(graph(sub("refuse"), node("end", "return"), "start > sub > end"), {"refuse": refuse}, context)
    assert result.returned.fail_over == "closed"
    assert "end" not in states(context)


async def test_an_inner_agent_configuration_does_not_count_and_warns() -> None:
    inner = graph(node("end", "return", agent_configuration={"prompt": "x"}), "start > end")
    context = call_context()
    result = await run(graph(sub("inner"), "start > sub"), {"inner": inner}, context)
    assert result.agent_configuration is None
    assert "inner" in context.warnings[0]


async def test_a_run_ends_after_a_thousand_nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "MOST_NODES", 4)
    with pytest.raises(ActionError) as raised:
        await run(PARENT, {"greet": GREET}, name="Ada")
    assert (raised.value.code, await run(GREET, {}) is not None) == ("too_many_steps", True)


@pytest.mark.parametrize("workflows", [{}, {"greet": PARENT}])
def test_a_release_without_the_workflow_or_with_a_circle_is_no_plan(workflows: Any) -> None:
    with pytest.raises(GraphInvalidError, match="greet"):
        compile_graph(PARENT, workflows)


# --- publishing -----------------------------------------------------------------------------------


@pytest.fixture
def in_account(account: Account) -> Iterator[Account]:
    with scope(account=account):
        yield account


def calls_other(name: str) -> dict[str, Any]:
    return graph(sub(name), "start > sub")


def errors_of(account: Account, drawn: Any, name: str = "", **facts: Any) -> list[tuple[str | None, str | None, str]]:
    draft = check_draft(drawn, account_id=account.pk, name=name, **facts)
    return [(error.node_id, error.field, error.message) for error in draft.errors]


@pytest.mark.django_db
def test_an_unknown_workflow_is_told_at_its_node(in_account: Account) -> None:
    assert errors_of(in_account, PARENT) == [("sub", "workflow", "There is no workflow called “greet”.")]


@pytest.mark.django_db
def test_circles_are_told_with_their_names(in_account: Account) -> None:
    for name, other in (("a", "b"), ("b", "c"), ("c", "a"), ("self", "self")):
        Workflow.objects.create(account=in_account, name=name, graph=calls_other(other))
    ((node_id, field, message),) = errors_of(in_account, calls_other("b"), "a")
    assert (node_id, field) == ("sub", "workflow")
    assert "a → b → c → a" in message
    assert "self → self" in errors_of(in_account, calls_other("self"), "self")[0][2]
    assert "b → c → a → b" in errors_of(in_account, calls_other("b"))[0][2]


@pytest.mark.django_db
def test_the_depth_is_bounded(in_account: Account) -> None:
    Workflow.objects.create(account=in_account, name="w0", graph=graph(node("end", "return"), "start > end"))
    for level in range(1, MOST_DEPTH + 1):
        Workflow.objects.create(account=in_account, name=f"w{level}", graph=calls_other(f"w{level - 1}"))
    assert errors_of(in_account, calls_other(f"w{MOST_DEPTH - 1}")) == []
    assert "inside the other" in errors_of(in_account, calls_other(f"w{MOST_DEPTH}"))[0][2]


@pytest.mark.django_db
def test_mistakes_of_the_inner_workflow_are_told_at_the_outer_node(in_account: Account) -> None:
    Workflow.objects.create(account=in_account, name="greet", graph=GREET)
    assert errors_of(in_account, PARENT, moment="before", flat_names=["name"]) == []
    bare = graph(sub("greet"), "start > sub")
    ((node_id, field, message),) = errors_of(in_account, bare, moment="before", flat_names=[])
    assert (node_id, field) == ("sub", "workflow")
    assert "greet" in message
    assert "who" in message


@pytest.mark.django_db
def test_many_uses_of_many_workflows_are_judged_in_a_moment(in_account: Account) -> None:
    def many(name: str) -> dict[str, Any]:
        subs = [node(f"n{index}", "run_workflow", workflow=name) for index in range(150)]
        return graph(*subs, *(f"start > n{index}" for index in range(150)))

    Workflow.objects.create(account=in_account, name="w0", graph=GREET)
    for level in range(1, 4):
        Workflow.objects.create(account=in_account, name=f"w{level}", graph=many(f"w{level - 1}"))
    began_s = time.monotonic()
    errors = errors_of(in_account, many("w3"), moment="before", flat_names=[])
    assert {message.partition(":")[0] for _node_id, _field, message in errors} == {
        "In the workflow “w0” (end, parameters.hello)"
    }
    assert len(errors) == 150
    assert time.monotonic() - began_s < 10


@pytest.mark.django_db
def test_each_use_is_judged_by_what_it_gives(in_account: Account) -> None:
    Workflow.objects.create(account=in_account, name="greet", graph=GREET)
    bare = node("bare", "run_workflow", workflow="greet")
    drawn = graph(MAPPED, bare, "start > sub > bare")
    assert [each[0] for each in errors_of(in_account, drawn, moment="before", flat_names=["name"])] == ["bare"]


@pytest.mark.django_db
def test_a_release_keeps_the_inner_workflow_as_it_was(in_account: Account, agent: Agent) -> None:
    inner = Workflow.objects.create(account=in_account, name="greet", graph=GREET)
    drawn = {**PARENT, "nodes": [node("start", "start", test_data={"secret": "of a test"}), *PARENT["nodes"][1:]]}
    outer = Workflow.objects.create(account=in_account, name="outer", graph=drawn)
    tool = {"agent": agent, "moment": Moment.DURING, "name": "tool", "description": "…", "workflow": outer}
    WorkflowAction.objects.create(**tool, parameters=[{"name": "name"}])
    release = publish(agent)

    inner.graph = graph(node("end", "return"), "start > end")
    inner.save()

    action = load_plan(release.pk).find(Moment.DURING, "tool")
    assert action is not None
    params: Any = action.params
    assert params.workflows == {"greet": Packed(GREET)}
    assert "of a test" not in str(release.snapshot)
    inner.delete()
    with pytest.raises(PublishError, match="greet"):
        publish(agent)


def test_the_kind_needs_no_database_to_be_described() -> None:
    assert kinds.get("workflow").rehearses
