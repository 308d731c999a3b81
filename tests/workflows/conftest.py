from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from outbound import allow_list
from outbound.http import session_scope
from tests.workflows.support import InlineNode, Script, ScriptedNode
from workflows.nodes.registry import discover


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Script:
    """Adds the kinds of node ``scripted`` and ``inline``."""
    script = Script()
    kinds = dict(discover()._kinds)
    monkeypatch.setattr(discover(), "_kinds", {**kinds, "scripted": ScriptedNode(script), "inline": InlineNode(script)})
    return script


@pytest.fixture
async def outside(monkeypatch: pytest.MonkeyPatch, settings: object) -> AsyncIterator[None]:
    """Requests may go to servers of the test, and to nowhere else; no database is asked."""

    async def nothing_granted(account_id: int) -> frozenset[object]:
        return frozenset()

    monkeypatch.setattr(allow_list, "allowed_private_hosts", nothing_granted)
    settings.OUTBOUND_ALLOWED_PRIVATE_HOSTS = ["127.0.0.1"]  # type: ignore[attr-defined]
    async with session_scope():
        yield


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    from django.utils.translation import override

    with override("en"):
        yield
