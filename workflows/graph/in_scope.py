"""What may be written in ``{{ }}`` at a node: for an editor, so of graphs that are not finished, too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from actions.contract import JSON, Moment
from actions.expressions.scope import KNOWN_NAMES, RESERVED
from workflows.graph.shape import Edge, Graph, GraphInvalidError, Node, parse_graph
from workflows.graph.structure import topological_order
from workflows.nodes.base import ERROR
from workflows.nodes.registry import discover

MOST_EXAMPLE_NAMES = 500
EXAMPLE_CHARS = 200


@dataclass(frozen=True, slots=True)
class Known:
    """A name, and where it comes from: ``call``, ``test``, ``parameters``, ``arguments`` or ``node:<id>``."""

    name: str
    origin: str


def names_at(graph: JSON, node_id: str, moment: Moment | None) -> list[Known]:
    """The call's own names, then what the nodes before ``node_id`` may have set. Never raises."""
    known = [
        Known(f"{root}.{name}", "call")
        for root, names in KNOWN_NAMES.items()
        for name, moments in names.items()
        if (moment or Moment.AFTER) in moments
    ]
    known += [Known(name, "call") for name in ("sip", "context", "params", "contact")]
    try:
        return [*known, *_set_before(parse_graph(graph), node_id)]
    except GraphInvalidError:
        return known


def _set_before(graph: Graph, node_id: str) -> Iterator[Known]:
    links: dict[str, list[str]] = {node.id: [] for node in graph.nodes}
    edges = [edge for edge in graph.edges if edge.source in links and edge.target in links]
    for edge in edges:
        links[edge.source].append(edge.target)
    before = _before(edges, node_id)
    nodes = {node.id: node for node in graph.nodes}
    for each in topological_order(links):
        if each in before:
            yield from (Known(name, f"node:{each}") for name in _variables_of(nodes[each]))
    failing = next((edge for edge in edges if edge.output == ERROR and edge.target in before | {node_id}), None)
    if failing is not None:
        yield from (Known(f"{ERROR}.{name}", f"node:{failing.source}") for name in ("code", "message", "status"))


def _before(edges: Sequence[Edge], node_id: str) -> set[str]:
    """The nodes from which a way leads to ``node_id``."""
    before, walk = set[str](), [node_id]
    while walk:
        at = walk.pop()
        found = {edge.source for edge in edges if edge.target == at} - before
        before |= found
        walk += found
    return before


def _variables_of(node: Node) -> Sequence[str]:
    if node.kind not in discover():
        return ()
    kind = discover().get(node.kind)
    try:
        return kind.variables(kind.Config.model_validate(node.config))
    except ValidationError:
        return ()


def names_in(data: Mapping[str, JSON]) -> list[str]:
    """Dotted names of all that is in the data of a test, as far as dots reach."""
    found: list[str] = []
    walk: list[tuple[str, JSON]] = [(str(name), value) for name, value in data.items()]
    while walk and len(found) < MOST_EXAMPLE_NAMES:
        name, value = walk.pop(0)
        if name not in RESERVED:
            found.append(name)
        if isinstance(value, Mapping):
            walk += [(f"{name}.{key}", inner) for key, inner in value.items() if str(key).isidentifier()]
    return found


def example_of(name: str, data: Mapping[str, JSON]) -> JSON:
    """The value of a dotted name in the data of a test, if it is short; else None."""
    value: JSON = data
    for key in name.split("."):
        if not isinstance(value, Mapping) or key not in value:
            return None
        value = value[key]
    if isinstance(value, str) and len(value) > EXAMPLE_CHARS:
        return value[:EXAMPLE_CHARS] + "…"
    return value if value is None or isinstance(value, (str, int, float, bool)) else None
