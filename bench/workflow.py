"""What the workflow engine costs per node, without any network.

Four ways to do the same steps, interleaved, medians of the rounds: the engine; its compiled expressions called
in a row by hand; the same in plain Python; and, for scale, an ``asyncio`` task for each step. The answers are
compared before anything is timed. Prints a table and, last, one line of JSON.

    .venv/bin/python bench/workflow.py
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = 9
ROUND_S = 0.15
PAIRS = 20
BRANCHES = 20
TARGET_US = 60.0

Work = Callable[[], Awaitable[Any]]


def set_up() -> None:
    sys.path[:0] = [str(ROOT), str(ROOT / "platform")]
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def node(node_id: str, kind: str, **config: Any) -> dict[str, Any]:
    return {"id": node_id, "kind": kind, "config": config}


def line() -> dict[str, Any]:
    """start, then PAIRS of set + decision, then return: 2 × PAIRS + 2 nodes in a row."""
    nodes, edges, last, output = [node("start", "start")], [], "start", None
    for index in range(PAIRS):
        nodes.append(node(f"s{index}", "set_variable", variables=[{"variable": f"v{index}", "value": "{{ points }}"}]))
        nodes.append(
            node(f"d{index}", "decision", cases=[{"id": "high", "when": f"v{index} > 100 and tier == 'gold'"}])
        )
        edges.append({"source": last, "target": f"s{index}", "output": output})
        edges.append({"source": f"s{index}", "target": f"d{index}"})
        last, output = f"d{index}", "high"
    nodes.append(node("end", "return", parameters={"tier": "{{ tier }}", "text": "{{ points }} points"}))
    edges.append({"source": last, "target": "end", "output": output})
    return {"nodes": nodes, "edges": edges}


def fan() -> dict[str, Any]:
    """start, BRANCHES of one set each that meet in a return."""
    names = [f"b{index}" for index in range(BRANCHES)]
    branches = [node(name, "set_variable", variables=[{"variable": name, "value": "{{ tier }}"}]) for name in names]
    edges = [
        edge for name in names for edge in ({"source": "start", "target": name}, {"source": name, "target": "end"})
    ]
    end = node("end", "return", parameters={"tier": "{{ b0 }}"})
    return {"nodes": [node("start", "start"), *branches, end], "edges": edges}


SCOPE = {
    "system": {"callId": "c-1"},
    "interaction": {"ANI": "+33199000001"},
    "params": {},
    "tier": "gold",
    "points": 120,
}
EXPECTED = {"tier": "gold", "text": "120 points"}


def engine(drawn: dict[str, Any]) -> Work:
    from actions.contract import AgentFacts, CallContext, Deadline, Moment
    from workflows.engine import execute
    from workflows.graph import check_graph, compile_graph

    assert check_graph(drawn, Moment.BEFORE, flat_names=["tier", "points"]) == []
    compiled = compile_graph(drawn)
    agent = AgentFacts(1, "agent", "Agent", "en", "Europe/Paris")
    ids = uuid4(), uuid4()

    async def run() -> Any:
        context = CallContext(
            *ids, 1, agent, Moment.BEFORE, "bench", SCOPE, Deadline.after(5.0), attempt=1, idempotency_key="k"
        )
        result = await execute(compiled, context, {})
        assert len(context.trace) == len(drawn["nodes"])
        return result.parameters

    return run


def expressions() -> Work:
    """The expressions of ``line``, compiled once, without an engine around them."""
    from actions.expressions.conditions import Condition
    from actions.expressions.templates import compile_json

    sets = [(f"v{index}", compile_json("{{ points }}")) for index in range(PAIRS)]
    conditions = [Condition.parse(f"v{index} > 100 and tier == 'gold'") for index in range(PAIRS)]
    tier, text = compile_json("{{ tier }}"), compile_json("{{ points }} points")

    async def run() -> Any:
        scope, warnings = dict(SCOPE), list[str]()
        for (name, template), condition in zip(sets, conditions, strict=True):
            scope[name] = template.value(scope, warnings)
            if not condition.holds(scope, warnings):
                return None
        return {"tier": tier.value(scope, warnings), "text": text.value(scope, warnings)}

    return run


def plain() -> Work:
    """The steps of ``line`` as somebody would write them by hand."""
    names = [f"v{index}" for index in range(PAIRS)]

    async def run() -> Any:
        scope = dict(SCOPE)
        for name in names:
            scope[name] = scope["points"]
            if not (scope[name] > 100 and scope["tier"] == "gold"):  # type: ignore[operator]
                return None
        return {"tier": scope["tier"], "text": f"{scope['points']} points"}

    return run


def tasks() -> Work:
    """One empty asyncio task for each node of ``line``, one after the other."""

    async def nothing() -> None:
        return None

    async def run() -> Any:
        for _node in range(2 * PAIRS + 2):
            await asyncio.create_task(nothing())
        return EXPECTED

    return run


async def microseconds(work: Work) -> float:
    """Of one call, over ROUND_S."""
    calls, began_s = 0, time.perf_counter()
    while True:
        for _call in range(10):
            await work()
        calls += 10
        if (took_s := time.perf_counter() - began_s) >= ROUND_S:
            return took_s / calls * 1e6


async def measure() -> dict[str, float]:
    works = {
        "engine": engine(line()),
        "expressions": expressions(),
        "plain": plain(),
        "tasks": tasks(),
        "engine_fan": engine(fan()),
    }
    for name, work in works.items():
        given = await work()
        assert given == (EXPECTED if name != "engine_fan" else {"tier": "gold"}), (name, given)
    samples: dict[str, list[float]] = {name: [] for name in works}
    gc.collect()
    for _round in range(ROUNDS):
        for name, work in works.items():
            samples[name].append(await microseconds(work))
    return {name: statistics.median(times) for name, times in samples.items()}


def main() -> None:
    set_up()
    medians = asyncio.run(measure())
    nodes = 2 * PAIRS + 2
    per_node = {name: medians[name] / nodes for name in ("engine", "expressions", "plain", "tasks")}
    per_node["engine_fan"] = medians["engine_fan"] / (BRANCHES + 2)
    figures = {f"{name}_us_per_node": round(value, 2) for name, value in per_node.items()}
    figures["engine_overhead_us_per_node"] = round(per_node["engine"] - per_node["expressions"], 2)
    ratios = {
        "engine_to_expressions": round(per_node["engine"] / per_node["expressions"], 2),
        "engine_to_plain": round(per_node["engine"] / per_node["plain"], 1),
    }
    targets = {"engine_us_per_node": TARGET_US, "engine_fan_us_per_node": TARGET_US}
    missed = [name for name, most in targets.items() if figures[name] > most]

    rows = {
        "engine_us_per_node": f"engine, {nodes} nodes in a row (set, decision)",
        "engine_fan_us_per_node": f"engine, {BRANCHES} branches that meet",
        "expressions_us_per_node": "the same expressions, called in a row",
        "engine_overhead_us_per_node": "what the engine adds: order, variables, deadline, trace",
        "plain_us_per_node": "the same steps in plain Python",
        "tasks_us_per_node": "an empty asyncio task for each node",
    }
    print(f"{'per node, median of ' + str(ROUNDS) + ' rounds':<58}     µs")
    for name, label in rows.items():
        target = f"   target ≤ {targets[name]:g}" if name in targets else ""
        print(f"{label:<58} {figures[name]:>6.2f}{target}")
    report = {"bench": "workflow", "figures": figures, "ratios": ratios, "targets": targets, "missed": missed}
    print(json.dumps(report))


if __name__ == "__main__":
    main()
