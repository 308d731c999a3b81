"""A call's context for tests that run a kind by itself."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from actions.contract import AgentFacts, CallContext, Deadline, Moment

CALL_ID = UUID("01990000-0000-7000-8000-000000000001")
RUN_ID = UUID("01990000-0000-7000-8000-000000000002")


def context(
    *, language: str = "en", moment: Moment = Moment.DURING, attempt: int = 1, seconds: float = 5, **scope: Any
) -> CallContext:
    return CallContext(
        call_id=CALL_ID,
        run_id=RUN_ID,
        account_id=1,
        agent=AgentFacts(1, "accueil", "Accueil", language, "Europe/Paris"),
        moment=moment,
        action_name="action",
        scope=scope,
        deadline=Deadline.after(seconds),
        attempt=attempt,
        idempotency_key=str(RUN_ID),
    )
