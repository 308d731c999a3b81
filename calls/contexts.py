"""What a kind is handed for one run, whatever the moment."""

from __future__ import annotations

from accounts.database import in_database
from actions.contract import CallContext, Deadline, Moment
from actions.releases import Plan, PlannedAction
from calls.facts import Known, known_of, opening_soon, scope_of
from calls.models import Call, Run


async def known_for(call: Call, plan: Plan, action: PlannedAction) -> Known | None:
    """What the account knows of the caller and of its own hours, asked for only where the action may use it."""
    if not (action.reads_contact or action.reads_open):
        return None
    if not action.reads_contact:
        return Known(opening=await opening_soon(plan.agent, call.account_id))
    return await in_database(known_of)(call, contact=True, opening=action.reads_open)


def context_of(call: Call, plan: Plan, run: Run, deadline: Deadline, known: Known | None = None) -> CallContext:
    return CallContext(
        call_id=call.id,
        run_id=run.id,
        account_id=call.account_id,
        agent=plan.agent,
        moment=Moment(run.moment),
        action_name=run.action_name,
        scope=scope_of(call, plan, known),
        deadline=deadline,
        attempt=run.attempt,
        idempotency_key=str(run.id),
        progress=run.progress,
    )
