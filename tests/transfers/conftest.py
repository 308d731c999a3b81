"""A call under way in which the agent wants to transfer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from django_scopes import scope

from actions.contract import AgentFacts, CallContext, Deadline, Moment
from actions.expressions import scope as names
from actions.models import Agent
from transfers.kinds.transfer import TransferAction

DIALLED = "+33199000001"


@pytest.fixture
def transfer(agent: Agent) -> Iterator[TransferAction]:
    """An action with one destination, inside its account's scope."""
    with scope(account=agent.account):
        action = TransferAction.objects.create(agent=agent, moment=Moment.DURING, name="transfer")
        action.destinations.create(phone="+33199000010", description="Service client")
        yield action


@pytest.fixture
def context_with() -> Callable[..., CallContext]:
    """Makes a call's context; ``params`` are what actions before the call found out."""

    def make(params: dict[str, Any] | None = None, dialled: str = DIALLED, language: str = "en") -> CallContext:
        return CallContext(
            call_id=uuid4(),
            run_id=uuid4(),
            account_id=1,
            agent=AgentFacts(1, "accueil", "Accueil", language, "Europe/Paris"),
            moment=Moment.DURING,
            action_name="transfer",
            scope=names.build(system={}, interaction={"DNIS": dialled}, sip={}, context={}, params=params or {}),
            deadline=Deadline.after(5),
            attempt=1,
            idempotency_key="key",
        )

    return make
