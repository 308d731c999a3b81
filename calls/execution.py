"""One claimed after-call run, from its row to its end, in a worker."""

from __future__ import annotations

import asyncio
import copy
import time
import traceback
from typing import Any

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts.database import in_database
from actions.contract import Deadline, Moment, Outcome
from actions.releases import PlannedAction, load_plan
from calls import after
from calls.after.leases import heartbeat
from calls.contexts import context_of, known_for
from calls.models import Call, Run, RunState
from calls.runner import RunReport, run_action
from outbound.http import session_scope

log = structlog.get_logger(__name__)

RECORD_WITHIN_S = 15.0
"""How long a result waits for a database that is away: less than a lease lasts without anybody renewing it."""


async def execute(run: Run, *, follow: bool = False) -> Run | None:
    """Run it on the release that the call pinned, and settle it; with ``follow``, claim the call's next run."""
    with heartbeat.holding(run):
        trace: list[Any] = []
        warnings: list[str] = []
        try:
            report = await _report(run, trace, warnings)
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:  # a plan that this version cannot read must not be tried for ever
            report = _crashed(run, error)
        return await _settled(run, report, trace, warnings, follow=follow)


async def _report(run: Run, trace: list[Any], warnings: list[str]) -> RunReport:
    call = run.call
    plan = load_plan.known(call.release_id) or await in_database(load_plan)(call.release_id)
    action = plan.find(Moment.AFTER, run.action_name)
    assert action is not None, "a queued run's action is in the release that its call pinned"
    run.parameters = dict(call.parameters)
    if reason := _why_not(action, call, plan.agent.language):
        return RunReport(RunState.SKIPPED, timezone.now(), 0.0, Outcome(skipped=reason))
    deadline = Deadline.after(settings.AFTER_RUN_TIMEOUT_S)
    context = context_of(call, plan, run, deadline, await known_for(call, plan, action))
    context.trace, context.warnings = trace, warnings
    async with session_scope():
        return await run_action(action, context, {})


def _why_not(action: PlannedAction, call: Call, language: str) -> str:
    """Why the call's labels are not those that the action waits for; '' when they are."""
    with override(language):
        return action.conditions.why_not(call.classifications)


def _crashed(run: Run, error: Exception) -> RunReport:
    where = "".join(traceback.format_tb(error.__traceback__))
    log.error("run_not_begun", run=str(run.pk), error=type(error).__name__, where=where)
    message = _("An internal error occurred.")
    return RunReport(RunState.FAILED, timezone.now(), 0.0, error_code="internal_error", error_message=message)


async def _settled(run: Run, report: RunReport, trace: list[Any], warnings: list[str], *, follow: bool) -> Run | None:
    """What was done must be recorded, even if the database comes back a little later: else it is done again."""
    ends, pause_s = time.monotonic() + RECORD_WITHIN_S, 0.2
    while True:
        try:
            # A copy: a failed try must leave nothing behind for the next one.
            settle = in_database(after.settle)
            return await settle(copy.copy(run), report, trace=trace, warnings=warnings, follow=follow)
        except (OperationalError, InterfaceError) as error:
            if time.monotonic() + pause_s > ends:
                raise
            log.warning("result_waits_for_database", run=str(run.pk), error=type(error).__name__)
        await asyncio.sleep(pause_s)
        pause_s = min(2.0, pause_s * 2)
