"""Names that a node reads although nothing before it sets them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from actions.contract import JSON, Moment
from actions.expressions.scope import unknown_names
from workflows.graph.shape import Graph, GraphError, GraphInvalidError, parse_graph
from workflows.graph.structure import Links, topological_order
from workflows.nodes.base import ERROR
from workflows.nodes.registry import discover

if TYPE_CHECKING:
    from workflows.nodes.base import AnyNodeKind


def unknown_variables(
    graph: Graph,
    links: Links,
    kinds: Mapping[str, AnyNodeKind],
    configs: Mapping[str, Any],
    moment: Moment | None,
    flat_names: Iterable[str] | None,
) -> Iterator[GraphError]:
    """One error for each unknown name of each field. The graph has no circle.

    A name that only some of the ways to a node set counts as known. ``flat_names`` are those that the
    workflow begins with; None: nobody knows them.
    """
    known = _known_at(graph, links, kinds, configs, frozenset(flat_names or ()))
    for node in graph.nodes:
        if node.id not in configs:
            continue
        for field, names in kinds[node.id].names(configs[node.id]).items():
            # After the call everything is known that is known at any moment.
            unknown = unknown_names(names, moment or Moment.AFTER, None if flat_names is None else known[node.id])
            for name in unknown:
                yield GraphError(node.id, field, name.message)


def _known_at(
    graph: Graph, links: Links, kinds: Mapping[str, AnyNodeKind], configs: Mapping[str, Any], given: frozenset[str]
) -> dict[str, frozenset[str]]:
    """For each node, the flat names that the nodes before it may have set, and those ``given``."""
    known = dict.fromkeys(links, given)
    ways: dict[str, list[tuple[str, str]]] = {node_id: [] for node_id in links}
    for edge in graph.edges:
        if edge.source in links and edge.target in links:
            ways[edge.source].append((edge.output, edge.target))
    for source in topological_order(links):
        set_here = kinds[source].variables(configs[source]) if source in configs else ()
        for output, target in ways[source]:
            # A node that failed has set nothing but the error.
            known[target] |= known[source] | ({ERROR} if output == ERROR else set(set_here))
    return known


def returned_parameters(graph: JSON) -> frozenset[str]:
    """The names of the parameters that a graph may return; none where it is no sound graph."""
    try:
        nodes = parse_graph(graph).nodes
    except GraphInvalidError:
        return frozenset()
    names: set[str] = set()
    for node in nodes:
        if node.kind in discover():
            kind = discover().get(node.kind)
            try:
                names.update(kind.parameters(kind.Config.model_validate(node.config)))
            except ValidationError:
                continue
    return frozenset(names)
