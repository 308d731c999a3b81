"""The graph of a workflow: ``shape`` is its JSON, ``checks`` finds every error, ``compiled`` makes it ready to run."""

from workflows.graph.checks import check_graph
from workflows.graph.compiled import CompiledGraph, compile_graph
from workflows.graph.shape import (
    MOST_NODES,
    Edge,
    Graph,
    GraphError,
    GraphInvalidError,
    Node,
    default_graph,
    parse_graph,
)
from workflows.graph.variables import returned_parameters

__all__ = [
    "MOST_NODES",
    "CompiledGraph",
    "Edge",
    "Graph",
    "GraphError",
    "GraphInvalidError",
    "Node",
    "check_graph",
    "compile_graph",
    "default_graph",
    "parse_graph",
    "returned_parameters",
]
