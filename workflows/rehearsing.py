"""Trying a draft from the editor: the whole graph, or one node, with data that the editor chose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from actions.contract import JSON, ActionError, AgentFacts, CallContext, Deadline, Moment
from actions.expressions import scope as expression_scope
from actions.expressions.scope import RESERVED
from workflows.engine import execute
from workflows.graph import CompiledGraph, compile_graph, parse_graph
from workflows.graph.compiled import compile_node
from workflows.nodes.base import Rehearsal, WorkflowResult

LONGEST_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What to try. ``node`` is the id of the only node to run, or ''. ``data`` holds the names in scope."""

    graph: JSON
    workflows: Mapping[str, JSON]
    account_id: int
    language: str
    time_zone: str
    moment: Moment
    node: str = ""
    data: Mapping[str, JSON] = field(default_factory=dict)
    pinned: Mapping[str, JSON] = field(default_factory=dict)
    live: bool = False
    timeout_s: float = LONGEST_S


async def rehearse(trial: Trial) -> dict[str, JSON]:
    """How it went, as :func:`play` tells. Raises GraphInvalidError for what cannot run at all."""
    flat = {name: value for name, value in trial.data.items() if name not in RESERVED}
    return await play(_compiled(trial), _context(trial), flat, Rehearsal(trial.pinned, trial.live))


async def play(
    graph: CompiledGraph, context: CallContext, variables: Mapping[str, JSON], rehearsal: Rehearsal
) -> dict[str, JSON]:
    """Run it and tell all as JSON: ``state`` (succeeded, failed), ``trace``, ``variables``, ``result`` …, and
    ``error`` (code, message) or None.
    """
    try:
        result, error = await execute(graph, context, variables, rehearsal), None
    except ActionError as failure:
        result, error = WorkflowResult({}), {"code": failure.code, "message": failure.message}
    returned = result.returned
    configuration = returned.agent_configuration
    return {
        "state": "failed" if error else "succeeded",
        "trace": context.trace,
        "variables": dict(result.variables),
        "parameters": dict(returned.parameters),
        "result": returned.result,
        "agent_configuration": None if configuration is None else dict(configuration),
        "fail_over": returned.fail_over,
        "directives": [directive.model_dump(mode="json") for directive in result.directives],
        "warnings": context.warnings,
        "error": error,
    }


def _compiled(trial: Trial) -> CompiledGraph:
    if not trial.node:
        return compile_graph(trial.graph, trial.workflows)
    node = next(node for node in parse_graph(trial.graph).nodes if node.id == trial.node)
    library = {name: compile_graph(graph, trial.workflows) for name, graph in trial.workflows.items()}
    return CompiledGraph((compile_node(node, [], 0, library.__getitem__),))


def _context(trial: Trial) -> CallContext:
    run_id = uuid4()
    return CallContext(
        call_id=uuid4(),
        run_id=run_id,
        account_id=trial.account_id,
        agent=AgentFacts(0, "test", "", trial.language, trial.time_zone),
        moment=trial.moment,
        action_name="test",
        scope=scope_from(trial.data),
        deadline=Deadline.after(min(trial.timeout_s, LONGEST_S)),
        attempt=1,
        # A new one for each test: what a test sends is never taken for the repeat of another's.
        idempotency_key=f"test-{run_id}",
    )


def scope_from(data: Mapping[str, JSON]) -> Mapping[str, JSON]:
    """The scope of a run, from its names as an editor wrote them or as a sample call gave them."""

    def part(name: str) -> Mapping[str, Any]:
        value = data.get(name)
        return value if isinstance(value, Mapping) else {}

    return expression_scope.build(
        system=part("system"),
        interaction=part("interaction"),
        sip=part("sip"),
        context=part("context"),
        params=part("params"),
        contact=data.get("contact"),
        open_hours=data.get("open"),
    )
