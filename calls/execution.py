"""One claimed after-call run, from its row to its end, in a worker."""

from __future__ import annotations

from django.conf import settings

from accounts.database import in_database
from actions.contract import Deadline, Moment
from actions.releases import load_plan
from calls import after, lifecycle
from calls.models import Run
from calls.runner import run_action
from outbound.http import session_scope


async def execute(run: Run) -> None:
    """Run it on the release that the call pinned, and settle it."""
    call = run.call
    plan = await in_database(load_plan)(call.release_id)
    action = plan.find(Moment.AFTER, run.action_name)
    assert action is not None, "a queued run's action is in the release that its call pinned"
    deadline = Deadline.after(settings.AFTER_RUN_TIMEOUT_S)
    context = lifecycle.context_of(call, plan, run, deadline, await lifecycle.contact_for(call, action))
    async with session_scope():
        report = await run_action(action, context, {})
    await in_database(after.settle)(run, report, trace=context.trace, warnings=context.warnings)
