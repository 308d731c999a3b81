"""A tool call, as ``calls.lifecycle.invoke`` does it: its row and what its kind must know in one round trip to the
database, its outcome in another.

What is not the usual (a repeat, arguments that do not fit, secrets of the call) is Django's.
"""

from __future__ import annotations

from uuid import UUID

import psycopg
import structlog

from accounts.database import in_database
from accounts.models import Account
from actions.contract import JSON, Deadline, Moment
from actions.releases import Plan, PlannedAction
from calls import answers, records
from calls.contexts import context_of, known_for
from calls.hot.writer import Change, Writer
from calls.instances import unsaved
from calls.lifecycle import DURING_LIMIT_S, LEASE_MARGIN_S, limit_s_of, result_of
from calls.models import Call, Run
from calls.requests import InvokeAction
from calls.runner import RunReport, run_action
from calls.secrecy import Veil
from calls.timing import part

log = structlog.get_logger(__name__)

NO_SECRETS = Veil()


async def invoke(
    account: Account, call_id: UUID, plan: Plan, request: InvokeAction, writer: Writer
) -> dict[str, JSON] | None:
    """Inside the account's scope. None, with nothing done, where Django is to answer."""
    action = plan.find(Moment.DURING, request.name)
    if action is None or action.kind.hides(action.params) or action.argument_errors(request.arguments):
        return None
    limit_s = min(action.kind.time_limit_s(action.params), limit_s_of(request.budget_ms, DURING_LIMIT_S))
    call = unsaved(Call, id=call_id, account_id=account.id, agent_id=plan.agent.id, release_id=plan.release_id)
    run = records.tool_run(call, action, request, NO_SECRETS, lease_s=limit_s + LEASE_MARGIN_S)
    with part("records"):
        facts = await _opened(run, writer)
    if facts is None:
        return None
    earlier = tuple(facts.pop("earlier") or ())
    _inform(call, run, facts)
    run.attempt = len(earlier) + 1
    with part("actions"):
        context = context_of(call, plan, run, Deadline.after(limit_s), await known_for(call, plan, action))
        context.earlier = earlier
        report = await run_action(action, context, request.arguments)
    with part("records"):
        await _close(run, report, action, writer, trace=context.trace, warnings=context.warnings)
    return answers.invoke_answer(run)


async def _opened(run: Run, writer: Writer) -> dict[str, JSON] | None:
    try:
        return await writer.open(run)
    except psycopg.Error as error:
        log.warning("tool_call_left_to_django", error=type(error).__name__)
        return None


def _inform(call: Call, run: Run, facts: dict[str, JSON]) -> None:
    """What the database knows of them by now."""
    for name, value in facts.items():
        setattr(call, name, value)
    run.parameters = dict(call.parameters)
    run._state.adding = call._state.adding = False


async def _close(
    run: Run, report: RunReport, action: PlannedAction, writer: Writer, *, trace: list[JSON], warnings: list[str]
) -> None:
    result = result_of(report)
    if not report.outcome.secrets:
        records.fill_run(run, report, trace=trace, warnings=warnings)
        run.result = result
        try:
            if await writer.write(Change(ended=run)):
                return
        except psycopg.Error as error:
            log.warning("outcome_left_to_django", action=action.name, error=type(error).__name__)
    await in_database(records.close_run)(run, report, NO_SECRETS, result=result, trace=trace, warnings=warnings)
