"""A graph ready to run: configurations typed, nodes in topological order, edges as positions in that order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from pydantic import ValidationError

from actions.contract import JSON
from workflows.graph.messages import sentences
from workflows.graph.shape import Graph, GraphError, GraphInvalidError, Node, parse_graph
from workflows.graph.structure import topological_order
from workflows.nodes.base import ERROR
from workflows.nodes.registry import discover

if TYPE_CHECKING:
    from workflows.nodes.base import AnyNodeKind, NodeConfig


@dataclass(frozen=True, slots=True)
class Step:
    """One node, ready to run. ``edges`` are (output, position of the target), ``incoming`` counts edges."""

    id: str
    title: str
    kind: AnyNodeKind
    config: NodeConfig
    edges: tuple[tuple[str, int], ...]
    incoming: int
    has_error_branch: bool
    nested: CompiledGraph | None = None


@dataclass(frozen=True, slots=True)
class CompiledGraph:
    """``steps`` come in topological order; where that leaves a choice, in the order in which they are stored.

    The first is the start, the only one without an edge into it.

    Shared by every call that runs it, so nothing in it may change.
    """

    steps: tuple[Step, ...]


def compile_graph(graph: Graph | JSON, workflows: Mapping[str, JSON] | None = None) -> CompiledGraph:
    """Raises :class:`GraphInvalidError` for what cannot run at all.

    ``check_graph`` is stricter: it judges what may be published, this what has been published. ``workflows``
    are the graphs, by name, of those that nodes run; none of them may run itself.
    """
    return _Compiler(workflows or {}).graph(graph)


class _Compiler:
    """Compiles each named workflow once, however many nodes run it."""

    def __init__(self, workflows: Mapping[str, JSON]) -> None:
        self.workflows = workflows
        self.compiled: dict[str, CompiledGraph] = {}
        self.open: list[str] = []

    def graph(self, graph: Graph | JSON) -> CompiledGraph:
        return _compile(graph, self.named)

    def named(self, name: str) -> CompiledGraph:
        if name not in self.compiled:
            if name in self.open or name not in self.workflows:
                text = _("The workflow “%(name)s” cannot be run from here.") % {"name": name}
                raise GraphInvalidError([GraphError(None, None, text)])
            self.open.append(name)
            self.compiled[name] = self.graph(self.workflows[name])
            self.open.pop()
        return self.compiled[name]


def _compile(graph: Graph | JSON, named: Callable[[str], CompiledGraph]) -> CompiledGraph:
    graph = graph if isinstance(graph, Graph) else parse_graph(graph)
    nodes = {node.id: node for node in graph.nodes}
    edges = [edge for edge in graph.edges if edge.source in nodes and edge.target in nodes]
    links: dict[str, list[str]] = {node_id: [] for node_id in nodes}
    for edge in edges:
        links[edge.source].append(edge.target)
    order = topological_order(links)
    if len(order) < len(graph.nodes):
        raise GraphInvalidError([GraphError(None, None, _("The steps go round in a circle, or share an id."))])
    position = {node_id: index for index, node_id in enumerate(order)}
    incoming = Counter(edge.target for edge in edges)
    if [node_id for node_id in order if not incoming[node_id]] != order[:1] or not order:
        raise GraphInvalidError([GraphError(None, None, _("The workflow must begin at one step, its start."))])
    ways: dict[str, list[tuple[str, int]]] = {node_id: [] for node_id in nodes}
    for edge in edges:
        ways[edge.source].append((edge.output, position[edge.target]))
    return CompiledGraph(
        tuple(compile_node(nodes[node_id], ways[node_id], incoming[node_id], named) for node_id in order)
    )


def compile_node(
    node: Node, edges: list[tuple[str, int]], incoming: int, named: Callable[[str], CompiledGraph]
) -> Step:
    """``named`` gives the workflow of a name. Raises :class:`GraphInvalidError`."""
    if node.kind not in discover():
        text = _("There is no kind of step called “%(kind)s”.") % {"kind": node.kind}
        raise GraphInvalidError([GraphError(node.id, "kind", text)])
    kind = discover().get(node.kind)
    try:
        config = kind.Config.model_validate(node.config)
    except ValidationError as error:
        raise GraphInvalidError(
            [GraphError(node.id, ".".join(map(str, loc)) or None, text) for loc, text in sentences(error)]
        ) from error
    # Compiles the expressions when a plan is loaded, not when somebody is on the phone.
    kind.names(config)
    return Step(
        id=node.id,
        title=node.shown,
        kind=kind,
        config=config,
        edges=tuple(sorted(edges, key=lambda edge: edge[1])),
        incoming=incoming,
        has_error_branch=any(output == ERROR for output, _target in edges),
        nested=named(use.name) if (use := kind.nested(config)) else None,
    )
