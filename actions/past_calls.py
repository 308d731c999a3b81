"""Calls of the past as material for an editor who tries an action out.

``calls`` says how to get at them, kinds' pages ask; neither knows of the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from actions.contract import CallContext


@dataclass(frozen=True, slots=True)
class PastCall:
    """``title`` is who called whom."""

    id: UUID
    begun_at: datetime
    title: str


class PastCalls(Protocol):
    """All in the scope of the account."""

    def latest(self, agent_id: int, most: int) -> Sequence[PastCall]:
        """The agent's calls that have ended, the latest first."""

    def context(self, agent_id: int, call_id: UUID, action: Any) -> CallContext | None:
        """What a run of ``action`` (a row) after that call would be handed; None: the agent has no such call."""


_provider: PastCalls | None = None


def provide(provider: PastCalls) -> None:
    global _provider
    _provider = provider


def past_calls() -> PastCalls:
    assert _provider is not None, "calls.apps provides them"
    return _provider
