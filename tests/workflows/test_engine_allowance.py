"""No workflow keeps the thread for itself: one allowance for all expressions of a run, and turns for the others."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from actions.contract import ActionError, CallContext
from actions.expressions.bounds import RUN_CPU_S
from tests.workflows.support import Script, call_context, entry, graph, node, states
from workflows.engine import execute
from workflows.graph import CompiledGraph, compile_graph
from workflows.nodes.base import NodeContext, NodeResult

HEAVY = (
    "{% for a in range(40) %}{% for b in range(40) %}{% if (a ~ b) | upper == '' %}x{% endif %}{% endfor %}{% endfor %}"
)
"""Some ten milliseconds, far less than one expression may use by itself: a busy machine takes several times as long,
a fast one half, so what is to use an allowance up is five times as much as that takes."""

TOGETHER = "The expressions of the workflow take too long together."


def variables(count: int, prefix: str = "v") -> list[dict[str, Any]]:
    # Texts that differ, as those of 100 real variables would.
    return [{"variable": f"{prefix}{index}", "value": f"{HEAVY}{prefix}{index}"} for index in range(count)]


def heavy(node_id: str, count: int) -> dict[str, Any]:
    return node(node_id, "set_variable", variables=variables(count))


def compiled(*parts: str | dict[str, Any], workflows: dict[str, Any] | None = None) -> CompiledGraph:
    """Ready to run: what compiles at the first use is compiled."""
    found = compile_graph(graph(*parts), workflows or {})
    for step in found.steps:
        _ = getattr(step.config, "compiled", None)
    return found


async def failing(drawn: CompiledGraph, context: CallContext) -> tuple[ActionError, float]:
    """The error, and the processor time until then."""
    began_s = time.thread_time()
    with pytest.raises(ActionError) as caught:
        await execute(drawn, context, {})
    return caught.value, time.thread_time() - began_s


class Beat:
    """Another call: it wants a turn every 5 ms. Processor time, not to count what else the machine does."""

    def __init__(self) -> None:
        self.gaps_s: list[float] = []

    async def __aenter__(self) -> Beat:
        self._task = asyncio.create_task(self._go_on())
        await asyncio.sleep(0.02)
        self.gaps_s.clear()
        return self

    async def __aexit__(self, *_error: object) -> None:
        await asyncio.sleep(0.01)
        self._task.cancel()

    async def _go_on(self) -> None:
        last_s = time.thread_time()
        while True:
            await asyncio.sleep(0.005)
            now_s = time.thread_time()
            self.gaps_s.append(now_s - last_s)
            last_s = now_s


async def test_a_hundred_heavy_variables_end_with_the_allowance_of_their_run() -> None:
    context = call_context(seconds=60.0)

    error, took_s = await failing(compiled(heavy("set", 100), "start > set"), context)

    assert error.code == "expression_failed"
    assert error.message.endswith(TOGETHER)
    assert error.permanent
    assert states(context)["set"] == "failed"
    assert took_s < 10


async def test_many_heavy_nodes_share_one_allowance_and_others_get_their_turns() -> None:
    context = call_context(seconds=60.0)
    names = [f"n{index}" for index in range(20)]
    drawn = compiled(*(heavy(name, 20) for name in names), " > ".join(["start", *names]))

    async with Beat() as beat:
        error, took_s = await failing(drawn, context)

    assert error.message.endswith(TOGETHER)
    assert took_s < 10
    assert max(beat.gaps_s) < 1


async def test_others_get_their_turns_between_nodes() -> None:
    names = [f"n{index}" for index in range(100)]
    drawn = compiled(*(heavy(name, 1) for name in names), " > ".join(["start", *names]))

    async with Beat() as beat:
        await failing(drawn, call_context(seconds=60.0))

    assert sum(gap_s > 0.01 for gap_s in beat.gaps_s) >= 2
    assert max(beat.gaps_s) < RUN_CPU_S * 0.9


async def test_branches_that_wait_share_it_too(script: Script) -> None:
    parts = [part for index in range(5) for part in (heavy(f"h{index}", 20), f"start > w{index} > h{index}")]

    error, took_s = await failing(compiled(*parts), call_context(seconds=60.0))

    assert error.message.endswith(TOGETHER)
    assert took_s < 10


async def test_an_error_branch_does_not_renew_it() -> None:
    context = call_context(seconds=60.0)
    drawn = compiled(heavy("a", 100), heavy("b", 20), "start > a", "a:error > b")

    error, took_s = await failing(drawn, context)

    assert states(context) == {"start": "succeeded", "a": "failed", "b": "failed"}
    assert entry(context, "b")["duration_ms"] < 50
    assert error.message.endswith(TOGETHER)
    assert took_s < 10


async def test_nested_workflows_share_it() -> None:
    inner = graph(heavy("set", 5), "start > set")
    names = [f"n{index}" for index in range(20)]
    nested = [node(name, "run_workflow", workflow="inner") for name in names]
    drawn = compiled(*nested, " > ".join(["start", *names]), workflows={"inner": inner})

    error, took_s = await failing(drawn, call_context(seconds=60.0))

    assert error.message.endswith(TOGETHER)
    assert took_s < 10


async def test_a_deadline_in_the_middle_of_a_node_counts_as_one() -> None:
    context = call_context(seconds=0.1)

    error, took_s = await failing(compiled(heavy("set", 100), "start > set"), context)

    assert error.code == "timed_out"
    assert states(context)["set"] == "failed"
    assert took_s < 5


async def test_a_slow_node_that_does_not_wait_lets_others_in_before_the_next(script: Script) -> None:
    turns: list[str] = []

    async def slow(context: NodeContext) -> NodeResult:
        asyncio.get_running_loop().call_soon(turns.append, context.node_id)
        time.sleep(0.003)
        return NodeResult()

    async def look(context: NodeContext) -> NodeResult:
        assert turns == ["a"]
        return NodeResult()

    script.behaviours |= {"a": slow, "b": look}
    await execute(compile_graph(graph(node("a", "inline"), node("b", "inline"), "start > a > b")), call_context(), {})


async def test_each_run_has_its_own() -> None:
    drawn = compiled(heavy("set", 2), "start > set")

    for _run in range(10):
        assert (await execute(drawn, call_context(), {})).variables["v1"] == "v1"
