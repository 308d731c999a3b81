"""Every error of a graph at once, each at the node and field where it is mended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from pydantic import ValidationError

from actions.contract import JSON, Moment
from workflows.graph.messages import sentences
from workflows.graph.shape import Graph, GraphError, GraphInvalidError, Node, parse_graph
from workflows.graph.structure import circle, reachable
from workflows.graph.variables import unknown_variables
from workflows.nodes.registry import discover

if TYPE_CHECKING:
    from workflows.nodes.base import AnyNodeKind, NodeConfig

START = "start"


def check_graph(
    graph: Graph | JSON, moment: Moment | str | None = None, *, flat_names: Iterable[str] | None = None
) -> list[GraphError]:
    """All that keeps ``graph`` from running at ``moment``; empty: it is sound.

    ``moment`` None checks what holds at any moment. ``flat_names`` are those that the workflow begins with
    (arguments, parameters of the call); None: not known yet, so an unknown flat name is no error. The
    messages are in the active language.
    """
    if not isinstance(graph, Graph):
        try:
            graph = parse_graph(graph)
        except GraphInvalidError as error:
            return error.errors
    return _Checks(graph, Moment(moment) if moment else None, flat_names).errors()


class _Checks:
    def __init__(self, graph: Graph, moment: Moment | None, flat_names: Iterable[str] | None) -> None:
        self.graph = graph
        self.moment = moment
        self.flat_names = flat_names
        self.nodes = {node.id: node for node in graph.nodes}
        self.kinds: dict[str, AnyNodeKind] = {}
        self.configs: dict[str, NodeConfig] = {}

    def errors(self) -> list[GraphError]:
        """Nodes first, for the edges are checked by the outputs of configured nodes."""
        per_node = list(chain.from_iterable(self._check_node(node) for node in self.graph.nodes))
        return [*self._check_ids(), *self._check_start(), *per_node, *self._check_edges(), *self._check_ways()]

    def _check_ids(self) -> Iterator[GraphError]:
        for node_id, count in Counter(node.id for node in self.graph.nodes).items():
            if count > 1:
                yield GraphError(node_id, "id", _("%(count)d steps have this id.") % {"count": count})

    def _check_start(self) -> Iterator[GraphError]:
        starts = [node for node in self.graph.nodes if node.kind == START]
        if not starts:
            yield GraphError(None, None, _("The workflow has no start."))
        for node in starts[1:]:
            yield GraphError(node.id, "kind", _("A workflow has one start only."))

    def _check_node(self, node: Node) -> Iterator[GraphError]:
        if node.kind not in discover():
            yield GraphError(node.id, "kind", _("There is no kind of step called “%(kind)s”.") % {"kind": node.kind})
            return
        kind = self.kinds[node.id] = discover().get(node.kind)
        if self.moment and self.moment not in kind.moments:
            text = _("“%(kind)s” is not possible at this moment of the call.") % {"kind": kind.label}
            yield GraphError(node.id, "kind", text)
        try:
            config = self.configs[node.id] = kind.Config.model_validate(node.config)
        except ValidationError as error:
            for loc, text in sentences(error):
                yield GraphError(node.id, ".".join(map(str, loc)) or None, text)
            return
        for field, message in kind.check(config, self.moment):
            yield GraphError(node.id, field, str(message))

    def _check_edges(self) -> Iterator[GraphError]:
        seen = set()
        for index, edge in enumerate(self.graph.edges):
            field = f"edges.{index}"
            if edge.source not in self.nodes:
                text = _("A connection comes from “%(id)s”, which does not exist.") % {"id": edge.source}
                yield GraphError(edge.target if edge.target in self.nodes else None, field, text)
            elif edge.target not in self.nodes:
                text = _("A connection leads to “%(id)s”, which does not exist.") % {"id": edge.target}
                yield GraphError(edge.source, field, text)
            elif edge in seen:
                yield GraphError(edge.source, field, _("This connection is drawn twice."))
            elif text := self._output_problem(edge.source, edge.output):
                yield GraphError(edge.source, field, text)
            seen.add(edge)

    def _output_problem(self, node_id: str, output: str) -> str:
        """Why no edge can leave the node by this output; '' where one can, or nobody knows."""
        if node_id not in self.configs:
            return ""
        outputs = self.kinds[node_id].outputs(self.configs[node_id])
        if not outputs:
            return _("The workflow ends here: no step can follow.")
        if output not in outputs:
            return _("This step has no way out called “%(output)s”: choose one of %(outputs)s.") % {
                "output": output,
                "outputs": ", ".join(outputs),
            }
        return ""

    def _check_ways(self) -> Iterator[GraphError]:
        """Circles, steps that nothing leads to, and names that are not known where they are used."""
        links: dict[str, list[str]] = {node_id: [] for node_id in self.nodes}
        for edge in self.graph.edges:
            if edge.source in links and edge.target in links:
                links[edge.source].append(edge.target)
        if ring := circle(links):
            names = " → ".join(self.nodes[node_id].shown for node_id in [*ring, ring[0]])
            yield GraphError(ring[0], None, _("These steps go round in a circle: %(names)s.") % {"names": names})
        start = next((node.id for node in self.graph.nodes if node.kind == START), None)
        reached = reachable(links, start) if start is not None else set(self.nodes)
        for node_id in self.nodes:
            if node_id not in reached:
                yield GraphError(node_id, None, _("Nothing leads to this step."))
        if not ring:
            yield from unknown_variables(self.graph, links, self.kinds, self.configs, self.moment, self.flat_names)
