"""Graphs in one line, contexts, and nodes that do what a test says."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any
from uuid import uuid4

from actions.contract import AgentFacts, CallContext, Deadline, Moment
from workflows.engine import WorkflowResult, execute
from workflows.graph import compile_graph
from workflows.nodes.base import NEXT, NodeConfig, NodeContext, NodeKind, NodeResult

Behaviour = Callable[[NodeContext], Awaitable[NodeResult]]

START = {"id": "start", "kind": "start"}


def node(node_id: str, kind: str = "scripted", **config: Any) -> dict[str, Any]:
    return {"id": node_id, "kind": kind, "config": config}


def graph(*parts: str | dict[str, Any]) -> dict[str, Any]:
    """Nodes as they are, edges as text: ``graph(node("a"), "start > a > b", "choice:yes > b")``.

    ``start`` is there; nodes that only edges name are ``scripted``.
    """
    nodes = {part["id"]: part for part in parts if isinstance(part, dict)}
    edges = []
    for part in parts:
        ids = [name.strip() for name in part.split(">")] if isinstance(part, str) else []
        for source, target in pairwise(ids):
            source, _, output = source.partition(":")
            edges.append(
                {"source": source, "target": target.partition(":")[0], **({"output": output} if output else {})}
            )
    named = [edge[end] for edge in edges for end in ("source", "target")]
    scripted = {name: node(name) for name in named if name not in nodes and name != "start"}
    return {"nodes": [START, *nodes.values(), *scripted.values()], "edges": edges}


def call_context(
    scope: Mapping[str, Any] | None = None, *, seconds: float = 2.0, moment: Moment = Moment.BEFORE
) -> CallContext:
    return CallContext(
        call_id=uuid4(),
        run_id=uuid4(),
        account_id=1,
        agent=AgentFacts(1, "accueil", "Accueil", "en", "Europe/Paris"),
        moment=moment,
        action_name="look_up",
        scope=scope or {},
        deadline=Deadline.after(seconds),
        attempt=1,
        idempotency_key="run-1",
    )


async def run_graph(
    *parts: str | dict[str, Any], context: CallContext | None = None, **variables: Any
) -> WorkflowResult:
    return await execute(compile_graph(graph(*parts)), context or call_context(), variables)


async def run_node(kind: NodeKind[Any], config: Mapping[str, Any], **scope: Any) -> tuple[NodeResult, NodeContext]:
    """One node alone, outside of any graph."""
    context = NodeContext(call_context(), "step", scope)
    return await kind.run(kind.Config.model_validate(config), context), context


def states(context: CallContext) -> dict[str, str]:
    return {entry["node"]: entry["state"] for entry in context.trace}


def entry(context: CallContext, node_id: str) -> dict[str, Any]:
    (found,) = [entry for entry in context.trace if entry["node"] == node_id]
    return found


@dataclass
class Script:
    """What the scripted nodes of a test do, and which of them have begun, in order."""

    behaviours: dict[str, Behaviour] = field(default_factory=dict)
    began: list[str] = field(default_factory=list)

    def returns(self, node_id: str, result: NodeResult) -> None:
        async def behave(context: NodeContext) -> NodeResult:
            return result

        self.behaviours[node_id] = behave

    def sets(self, node_id: str, **variables: Any) -> None:
        self.returns(node_id, NodeResult(variables=variables))

    def fails(self, node_id: str, error: Exception) -> None:
        async def behave(context: NodeContext) -> NodeResult:
            raise error

        self.behaviours[node_id] = behave


class ScriptedConfig(NodeConfig):
    outputs: tuple[str, ...] = (NEXT, "error")


class ScriptedNode(NodeKind[ScriptedConfig]):
    """Waits, as far as the engine knows; ``inline`` is the same without."""

    name = "scripted"
    label = "Scripted"
    summary = "Does what the test says."
    icon = "science"
    Config = ScriptedConfig
    waits = True

    def __init__(self, script: Script) -> None:
        self.script = script

    def outputs(self, config: ScriptedConfig) -> tuple[str, ...]:
        return config.outputs

    async def run(self, config: ScriptedConfig, context: NodeContext) -> NodeResult:
        self.script.began.append(context.node_id)
        behave = self.script.behaviours.get(context.node_id)
        return await behave(context) if behave else NodeResult()


class InlineNode(ScriptedNode):
    name = "inline"
    waits = False
