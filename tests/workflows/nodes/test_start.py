"""Node ``start``."""

from __future__ import annotations

from tests.workflows.support import run_node
from workflows.graph import check_graph
from workflows.nodes.base import NodeResult
from workflows.nodes.start import StartNode


async def test_it_only_begins() -> None:
    result, _context = await run_node(StartNode(), {})

    assert result == NodeResult()


def test_it_has_no_settings() -> None:
    errors = check_graph({"nodes": [{"id": "start", "kind": "start", "config": {"colour": "red"}}]})

    assert [(error.node_id, error.field) for error in errors] == [("start", "colour")]
