"""What running a graph means: order, branches, joins, the one deadline, failures, the trace."""

from __future__ import annotations

import asyncio
import time

import pytest

from actions.contract import ActionError
from tests.workflows.support import Script, call_context, entry, graph, node, run_graph, states
from workflows.engine import execute
from workflows.graph import compile_graph
from workflows.nodes.base import NodeContext, NodeError, NodeResult, ReturnValue


async def test_nodes_of_a_line_run_one_after_the_other(script: Script) -> None:
    result = await run_graph("start > a > b > c")

    assert script.began == ["a", "b", "c"]
    assert result.parameters == {}


async def test_a_node_sees_what_nodes_before_it_have_set_and_what_the_call_brings(script: Script) -> None:
    script.sets("a", tier="gold")
    seen: dict[str, object] = {}

    async def look(context: NodeContext) -> NodeResult:
        seen.update(context.scope)
        return NodeResult()

    script.behaviours["b"] = look
    context = call_context({"system": {"callId": "1"}})

    result = await run_graph("start > a > b", context=context, order="A-17")

    assert seen == {"system": {"callId": "1"}, "order": "A-17", "tier": "gold"}
    assert result.variables == {"order": "A-17", "tier": "gold"}
    assert context.scope == {"system": {"callId": "1"}}


async def test_two_edges_out_of_a_node_are_branches_that_run_at_the_same_time(script: Script) -> None:
    both = asyncio.Barrier(2)

    async def meet(context: NodeContext) -> NodeResult:
        await both.wait()
        return NodeResult()

    script.behaviours |= {"a": meet, "b": meet}

    await run_graph("start > a", "start > b")


async def test_branches_go_on_by_themselves_before_they_meet(script: Script) -> None:
    b_ended = asyncio.Event()

    async def wait_for_other_branch(context: NodeContext) -> NodeResult:
        await b_ended.wait()
        return NodeResult()

    async def end(context: NodeContext) -> NodeResult:
        b_ended.set()
        return NodeResult()

    script.behaviours |= {"a": wait_for_other_branch, "b2": end}

    await run_graph("start > a > join", "start > b > b2 > join")

    assert script.began[-1] == "join"


async def test_a_join_waits_for_all_its_branches_and_runs_once(script: Script) -> None:
    script.sets("a", left=1)
    script.sets("b", right=2)

    result = await run_graph("start > a > join", "start > b > join")

    assert script.began.count("join") == 1
    assert script.began[-1] == "join"
    assert result.variables == {"left": 1, "right": 2}


@pytest.mark.parametrize("slow", ["a", "b"])
async def test_where_branches_meet_the_last_writer_in_topological_order_wins(script: Script, slow: str) -> None:
    other_ended = asyncio.Event()

    async def write_late(context: NodeContext) -> NodeResult:
        await other_ended.wait()
        return NodeResult(variables={"x": context.node_id})

    async def write_early(context: NodeContext) -> NodeResult:
        other_ended.set()
        return NodeResult(variables={"x": context.node_id})

    script.sets("first", x="first")
    script.behaviours |= {"a": write_early, "b": write_early, slow: write_late}

    result = await run_graph("start > first > a > join", "first > b > join", "first > join")

    assert result.variables == {"x": "b"}


async def test_a_branch_does_not_see_what_a_parallel_branch_sets(script: Script) -> None:
    b_ended = asyncio.Event()
    seen: list[object] = []

    async def look(context: NodeContext) -> NodeResult:
        await b_ended.wait()
        seen.append(context.scope.get("x"))
        return NodeResult(variables={"y": 1})

    async def write(context: NodeContext) -> NodeResult:
        b_ended.set()
        return NodeResult(variables={"x": 1})

    script.behaviours |= {"a": look, "b": write, "a2": look}

    await run_graph("start > a > a2", "start > b")

    assert seen == [None, None]


async def test_a_branch_that_is_not_taken_never_runs(script: Script) -> None:
    script.returns("choice", NodeResult("yes"))
    context = call_context()

    await run_graph("start > choice", "choice:yes > a > end", "choice:no > b > b2", context=context)

    assert script.began == ["choice", "a", "end"]
    assert states(context) | {"b": "not_taken", "b2": "not_taken"} == states(context)
    assert entry(context, "choice")["branch"] == "yes"


async def test_a_join_with_one_edge_not_taken_runs(script: Script) -> None:
    script.returns("choice", NodeResult("yes"))

    await run_graph("start > choice", "choice:yes > a > join", "choice:no > b > join")

    assert script.began == ["choice", "a", "join"]


async def test_two_ways_out_of_a_decision_may_lead_to_the_same_node(script: Script) -> None:
    script.returns("choice", NodeResult("no"))

    await run_graph("start > choice", "choice:yes > a", "choice:no > a")

    assert script.began == ["choice", "a"]


async def test_a_join_none_of_whose_edges_was_taken_does_not_run(script: Script) -> None:
    script.returns("choice", NodeResult("no"))

    await run_graph("start > choice", "choice:yes > a > join", "choice:yes > b > join", "join > after")

    assert script.began == ["choice"]


async def test_without_a_return_the_variables_are_those_of_all_branches(script: Script) -> None:
    script.sets("a", left=1)
    script.sets("b", right=2)

    result = await run_graph("start > a", "start > b")

    assert result.variables == {"left": 1, "right": 2}


async def test_a_failing_node_ends_the_graph_cancels_the_others_and_keeps_the_trace(script: Script) -> None:
    forever = asyncio.Event()

    async def wait(context: NodeContext) -> NodeResult:
        context.input = {"asked": "for ever"}
        await forever.wait()
        return NodeResult()

    script.behaviours["slow"] = wait
    script.fails(
        "broken", NodeError("The CRM is down.", code="connection_failed", permanent=False, data={"retries": 0})
    )
    context = call_context()

    with pytest.raises(ActionError) as raised:
        await run_graph("start > slow > after", "start > broken > after", context=context)

    assert raised.value.message == "Step “broken”: The CRM is down."
    assert (raised.value.code, raised.value.permanent) == ("connection_failed", False)
    assert states(context) == {"start": "succeeded", "slow": "cancelled", "broken": "failed"}
    assert entry(context, "slow")["input"] == {"asked": "for ever"}
    assert entry(context, "broken")["error"] == {
        "code": "connection_failed",
        "message": "The CRM is down.",
        "status": None,
    }
    assert entry(context, "broken")["output"] == {"retries": 0}


async def test_a_permanent_failure_stays_permanent(script: Script) -> None:
    script.fails("a", ActionError("No.", permanent=True, code="refused", spoken="I cannot do that."))

    with pytest.raises(ActionError) as raised:
        await run_graph("start > a")

    assert (raised.value.permanent, raised.value.code, raised.value.spoken) == (True, "refused", "I cannot do that.")


async def test_a_bug_in_a_node_is_a_failure_like_others(script: Script, caplog: pytest.LogCaptureFixture) -> None:
    script.fails("a", ZeroDivisionError("secret detail"))

    with pytest.raises(ActionError) as raised:
        await run_graph("start > a")

    assert raised.value.code == "internal_error"
    assert "secret detail" not in raised.value.message
    assert "secret detail" in caplog.text


async def test_a_failure_takes_the_error_branch_where_there_is_one(script: Script) -> None:
    script.fails("a", NodeError("Gone.", code="unexpected_status", permanent=True, status=410))
    context = call_context()

    result = await run_graph("start > a > fine", "a:error > sorry", context=context)

    assert script.began == ["a", "sorry"]
    assert result.variables == {"error": {"code": "unexpected_status", "message": "Gone.", "status": 410}}
    assert states(context) == {"start": "succeeded", "a": "failed", "fine": "not_taken", "sorry": "succeeded"}


async def test_the_error_branch_is_not_taken_when_nothing_fails(script: Script) -> None:
    await run_graph("start > a > fine", "a:error > sorry")

    assert script.began == ["a", "fine"]


async def test_the_first_return_ends_the_graph_and_cancels_what_still_goes_on(script: Script) -> None:
    cancelled = asyncio.Event()

    async def wait(context: NodeContext) -> NodeResult:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise
        return NodeResult()

    async def give(context: NodeContext) -> NodeResult:
        await asyncio.sleep(0)
        return NodeResult(variables={"x": 1}, returned=ReturnValue({"vip": True}, result="done"))

    script.behaviours |= {"slow": wait, "give": give}
    context = call_context()

    result = await run_graph("start > slow > after", "start > give", context=context)

    assert (result.parameters, result.result, result.variables) == ({"vip": True}, "done", {"x": 1})
    assert cancelled.is_set()
    assert states(context) == {"start": "succeeded", "slow": "cancelled", "give": "succeeded"}


async def test_the_deadline_ends_the_graph_and_everything_in_it(script: Script) -> None:
    cancelled: list[str] = []

    async def wait(context: NodeContext) -> NodeResult:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.append(context.node_id)
        return NodeResult()

    script.behaviours |= {"a": wait, "b": wait}
    context = call_context(seconds=0.05)
    began_s = time.monotonic()

    with pytest.raises(ActionError) as raised:
        await run_graph("start > a", "start > b", context=context)

    assert raised.value.code == "timed_out"
    assert not raised.value.permanent
    assert 0.05 <= time.monotonic() - began_s < 5
    assert sorted(cancelled) == ["a", "b"]
    assert states(context) == {"start": "succeeded", "a": "cancelled", "b": "cancelled"}
    assert entry(context, "a")["duration_ms"] >= 45


async def test_the_deadline_holds_for_nodes_that_never_give_way(script: Script) -> None:
    async def compute(context: NodeContext) -> NodeResult:
        time.sleep(0.03)
        return NodeResult()

    script.behaviours |= dict.fromkeys("abc", compute)

    with pytest.raises(ActionError, match="in time"):
        await run_graph("start > a > b > c", context=call_context(seconds=0.05))

    assert script.began == ["a", "b"]


async def test_nothing_runs_once_the_deadline_has_passed(script: Script) -> None:
    with pytest.raises(ActionError) as raised:
        await run_graph("start > a", context=call_context(seconds=0))

    assert raised.value.code == "timed_out"
    assert script.began == []


async def test_a_cancelled_run_cancels_its_nodes_and_keeps_its_trace(script: Script) -> None:
    begun = asyncio.Event()

    async def wait(context: NodeContext) -> NodeResult:
        begun.set()
        await asyncio.Event().wait()
        return NodeResult()

    script.behaviours |= {"a": wait, "b": wait}
    context = call_context()
    running = asyncio.create_task(run_graph("start > a", "start > b", context=context))
    await begun.wait()
    running.cancel()

    with pytest.raises(asyncio.CancelledError):
        await running

    assert states(context) == {"start": "succeeded", "a": "cancelled", "b": "cancelled"}
    assert len(asyncio.all_tasks()) == 1


async def test_a_line_needs_no_tasks_even_if_its_nodes_wait(script: Script) -> None:
    tasks: set[object] = set()

    async def look(context: NodeContext) -> NodeResult:
        tasks.add(asyncio.current_task())
        return NodeResult()

    script.behaviours |= {"a": look, "b": look}

    await run_graph("start > a > b")

    assert tasks == {asyncio.current_task()}


async def test_warnings_name_their_node(script: Script) -> None:
    async def warn(context: NodeContext) -> NodeResult:
        context.warnings.append("“tier” is unknown.")
        return NodeResult()

    script.behaviours["a"] = warn
    context = call_context()

    await run_graph({**node("a"), "title": "Look up"}, "start > a", context=context)

    assert context.warnings == ["Look up: “tier” is unknown."]


async def test_an_entry_tells_all_of_a_node(script: Script) -> None:
    async def work(context: NodeContext) -> NodeResult:
        context.input = {"headers": {"Authorization": "Bearer abc"}, "tier": "gold"}
        return NodeResult(data={"size": 12})

    script.behaviours["a"] = work
    context = call_context()

    await run_graph({**node("a"), "title": "Look up"}, "start > a", context=context)

    told = entry(context, "a")
    assert told.pop("started_ms") >= 0
    assert told.pop("duration_ms") >= 0
    assert told == {
        "node": "a",
        "kind": "scripted",
        "title": "Look up",
        "state": "succeeded",
        "branch": "next",
        "input": {"headers": {"Authorization": "•••"}, "tier": "gold"},
        "output": {"size": 12},
        "error": None,
    }


async def test_one_compiled_graph_serves_many_runs_at_once(script: Script) -> None:
    async def echo(context: NodeContext) -> NodeResult:
        await asyncio.sleep(0)
        return NodeResult(variables={"seen": context.scope["given"]})

    script.behaviours["a"] = echo
    compiled = compile_graph(graph("start > a"))

    results = await asyncio.gather(*(execute(compiled, call_context(), {"given": n}) for n in range(50)))

    assert [result.variables["seen"] for result in results] == list(range(50))
