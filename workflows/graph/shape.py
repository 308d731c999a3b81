"""The JSON of a graph, typed: ``{"nodes": […], "edges": […]}``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from django.utils.translation import gettext as _
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from actions.contract import JSON
from workflows.graph.messages import sentences
from workflows.nodes.base import NEXT

MOST_NODES = 200
MOST_EDGES = 1000

NodeId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Position(_Shape):
    """Where an editor draws the node, in pixels."""

    x: float = Field(default=0, allow_inf_nan=False)
    y: float = Field(default=0, allow_inf_nan=False)


class Node(_Shape):
    """One step; ``config`` is checked by its kind."""

    id: NodeId
    kind: str = Field(max_length=64)
    title: str = Field(default="", max_length=100)
    config: dict[str, Any] = Field(default_factory=dict)
    position: Position = Position()

    @property
    def shown(self) -> str:
        """What people call this node."""
        return self.title or self.id


class Edge(_Shape):
    """A way from one node to another; ``output`` names the way out of the source."""

    source: str = Field(max_length=64)
    target: str = Field(max_length=64)
    output: Annotated[str, BeforeValidator(lambda value: NEXT if value is None else value)] = Field(
        default=NEXT, max_length=64
    )


class Graph(_Shape):
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...] = ()


@dataclass(frozen=True, slots=True)
class GraphError:
    """One thing wrong, in the editor's language.

    ``node_id`` None: the whole graph. ``field`` is the path of a setting in the node's ``config``
    (``mapping.0.path``), ``id``/``kind``/``title`` of the node itself, or ``edges.3`` for the fourth edge.
    """

    node_id: str | None
    field: str | None
    message: str


class GraphInvalidError(ValueError):
    """The JSON is no graph, or one that cannot run; ``errors`` says why."""

    def __init__(self, errors: Sequence[GraphError]) -> None:
        super().__init__("; ".join(f"{error.node_id}.{error.field}: {error.message}" for error in errors))
        self.errors = list(errors)


def parse_graph(json: JSON) -> Graph:
    """Raises :class:`GraphInvalidError` with every error of shape; what the nodes mean is not looked at."""
    if isinstance(json, dict) and (errors := _too_large(json)):
        raise GraphInvalidError(errors)
    try:
        return Graph.model_validate(json)
    except ValidationError as error:
        raise GraphInvalidError([_error(json, loc, text) for loc, text in sentences(error)]) from error


def default_graph() -> dict[str, JSON]:
    """What a new workflow starts from: it does nothing and returns."""
    return {
        "nodes": [
            {"id": "start", "kind": "start", "title": "", "config": {}, "position": {"x": 0, "y": 0}},
            {"id": "return", "kind": "return", "title": "", "config": {}, "position": {"x": 320, "y": 0}},
        ],
        "edges": [{"source": "start", "target": "return"}],
    }


def _too_large(json: dict[str, JSON]) -> list[GraphError]:
    errors = []
    for name, most, text in (
        ("nodes", MOST_NODES, _("A workflow has at most %(most)d steps; this one has %(count)d.")),
        ("edges", MOST_EDGES, _("A workflow has at most %(most)d connections; this one has %(count)d.")),
    ):
        count = len(json[name]) if isinstance(json.get(name), (list, tuple)) else 0
        if count > most:
            errors.append(GraphError(None, name, text % {"most": most, "count": count}))
    return errors


def _error(json: JSON, loc: tuple[int | str, ...], text: str) -> GraphError:
    """An error of shape, at the node where that can be told."""
    match loc:
        case ("nodes", int(index), *rest):
            raw = json["nodes"][index]
            node_id = raw.get("id") if isinstance(raw, dict) else None
            if isinstance(node_id, str) and node_id:
                return GraphError(node_id, ".".join(map(str, rest)) or None, text)
    return GraphError(None, ".".join(map(str, loc)) or None, text)
