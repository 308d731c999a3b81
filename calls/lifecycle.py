"""The life of a call, in its order: ``begin``, ``invoke``, ``record``, ``finish``. Start reading here.

Every function runs inside its account's scope. Each write can be repeated: the same id gets the first
answer and does nothing twice. What the runtime did wrong is raised as a ``calls.errors`` problem; what an
action could not do is part of the answer.
"""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import Callable
from uuid import UUID

from django.db import transaction

from accounts.database import in_database
from accounts.models import Account
from actions.contract import BEFORE_LIMIT_S, JSON, CallContext, CallEvent, Deadline, Moment
from actions.releases import Plan, PlannedAction, load_plan
from actions.storable import storable
from calls import after, answers, errors, records
from calls.facts import contact_of, scope_of
from calls.models import Call, Event, Run, RunState
from calls.requests import BeginCall, FinishCall, InvokeAction, RecordEvent
from calls.runner import RunReport, run_action

BUDGET_MARGIN_S = 0.15
"""Kept back from the runtime's budget for our own records and for the way back."""
SHORTEST_BUDGET_S = 0.05
DURING_LIMIT_S = 30.0
REPEAT_POLL_S = 0.02
LEASE_MARGIN_S = 5.0


# --- before ---------------------------------------------------------------------------------------


async def begin(account: Account, request: BeginCall) -> dict[str, JSON]:
    """Resolve the agent's release, run its before-actions under one deadline, answer with the tools."""
    limit_s = _limit_s(request.budget_ms, BEFORE_LIMIT_S)
    deadline = Deadline.after(limit_s)
    call, is_new = await in_database(records.open_call)(account, request, answer_within_s=limit_s + LEASE_MARGIN_S)
    if not is_new and not await in_database(records.take_over_call)(call, answer_within_s=limit_s + LEASE_MARGIN_S):
        return await _first_answer(call, limit_s)
    plan = await in_database(load_plan)(call.release_id)
    runs, agent_configuration, fail_over = await _run_before(call, plan, deadline)
    parameters = call.parameters
    answer = answers.begin_answer(
        call, plan, runs, parameters=parameters, agent_configuration=agent_configuration, fail_over=fail_over
    )
    await in_database(records.store_answer)(
        call, answer, runs, parameters=parameters, agent_configuration=agent_configuration
    )
    return answer


async def _run_before(call: Call, plan: Plan, deadline: Deadline) -> tuple[list[Run], dict[str, JSON], str]:
    """Run one after the other, each seeing what those before it merged into the call's parameters.

    The first that asks for a fail-over is the last that runs; the reason comes third.
    """
    runs: list[Run] = []
    agent_configuration: dict[str, JSON] = {}
    for action in plan.of(Moment.BEFORE):
        run = records.new_run(call, action, state=RunState.RUNNING)
        contact = await contact_for(call, action)
        limit = deadline.sooner(action.kind.time_limit_s(action.params))
        context = context_of(call, plan, run, limit, contact)
        report = await run_action(action, context, {})
        if report.state == RunState.FAILED:
            _fall_back_on_defaults(action, report)
        call.parameters = {**call.parameters, **report.outcome.variables}
        agent_configuration.update(report.outcome.agent_configuration or {})
        records.fill_run(run, report, trace=context.trace, warnings=context.warnings)
        runs.append(run)
        if report.outcome.fail_over:
            return runs, agent_configuration, report.outcome.fail_over
    return runs, agent_configuration, ""


def _fall_back_on_defaults(action: PlannedAction, report: RunReport) -> None:
    """The caller is ringing: the call goes on with what the action declares for this case."""
    defaults = action.kind.defaults_on_failure(action.params)
    report.outcome = dataclasses.replace(report.outcome, variables=defaults)


async def _first_answer(call: Call, limit_s: float) -> dict[str, JSON]:
    """The answer to the request that this one repeats."""

    def read() -> dict[str, JSON] | None:
        answer: dict[str, JSON] | None = Call.objects.values_list("answer", flat=True).get(pk=call.pk)
        return answer

    return await _awaited(read, within_s=limit_s)


# --- during ---------------------------------------------------------------------------------------


async def invoke(call_id: UUID, request: InvokeAction) -> dict[str, JSON]:
    """Run one during-action for the model: a result for it, directives for the runtime."""
    call = await in_database(records.find_call)(call_id)
    plan = await in_database(load_plan)(call.release_id)
    action = plan.find(Moment.DURING, request.name)
    if action is None:
        raise errors.unknown_action(plan.number)
    if problems := action.argument_errors(request.arguments):
        raise errors.invalid_arguments(problems)
    limit_s = min(action.kind.time_limit_s(action.params), _limit_s(request.budget_ms, DURING_LIMIT_S))
    run, is_new = await in_database(records.open_run)(call, action, request, lease_s=limit_s + LEASE_MARGIN_S)
    if not is_new:
        return await _first_result(run, limit_s)
    return await _run_during(call, plan, action, run, Deadline.after(limit_s))


async def _run_during(call: Call, plan: Plan, action: PlannedAction, run: Run, deadline: Deadline) -> dict[str, JSON]:
    context = context_of(call, plan, run, deadline, await contact_for(call, action))
    report = await run_action(action, context, run.arguments)
    result = report.outcome.result
    if report.state == RunState.FAILED:
        result = {"status": "failed", "code": report.error_code, "message": report.spoken}
    await in_database(records.close_run)(run, report, result=result, trace=context.trace, warnings=context.warnings)
    return answers.invoke_answer(run)


async def _first_result(run: Run, limit_s: float) -> dict[str, JSON]:
    def read() -> dict[str, JSON] | None:
        current = Run.objects.get(pk=run.pk)
        return answers.invoke_answer(current) if current.is_finished else None

    return await _awaited(read, within_s=limit_s)


async def record(call_id: UUID, request: RecordEvent) -> dict[str, JSON]:
    """Keep an event; tell the agent what it means when it is about one of its actions."""
    call = await in_database(records.find_call)(call_id)
    plan = await in_database(load_plan)(call.release_id)
    event = await in_database(_record)(call, plan, request)
    return answers.event_answer(event)


def _record(call: Call, plan: Plan, request: RecordEvent) -> Event:
    """One transaction: a repeat at the same instant waits for it, and finds what the event meant."""
    with transaction.atomic():
        event, is_new = records.open_event(call, request)
        if is_new:
            _observe(call, plan, event)
    return event


def _observe(call: Call, plan: Plan, event: Event) -> None:
    """Ask the kinds of the runs that the event may be about; the first that knows it decides."""
    for run in records.observable_runs(call, event.data.get("tool_call_id")):
        action = plan.find(Moment.DURING, run.action_name)
        if action is None:
            continue
        context = context_of(call, plan, run, Deadline.after(1.0))
        outcome = action.kind.observe(action.params, context, CallEvent(event.type, event.data))
        if outcome is not None:
            event.run = run
            event.result = storable(outcome.result)
            event.directives = records.directives_json(outcome)
            event.save(update_fields=["run", "result", "directives"])
            return


# --- after ----------------------------------------------------------------------------------------


async def finish(call_id: UUID, request: FinishCall) -> dict[str, JSON]:
    """Store the report and, in the same transaction, queue one run for each after-action."""
    call = await in_database(records.find_call)(call_id)
    plan = await in_database(load_plan)(call.release_id)
    await in_database(after.complete_call)(call, plan, request)
    return answers.finish_answer(call)


# --- shared ---------------------------------------------------------------------------------------


async def contact_for(call: Call, action: PlannedAction) -> JSON:
    """What the account knows of the caller, asked for only where the action may use it."""
    return await in_database(contact_of)(call) if action.reads_contact else None


def context_of(call: Call, plan: Plan, run: Run, deadline: Deadline, contact: JSON = None) -> CallContext:
    return CallContext(
        call_id=call.pk,
        run_id=run.pk,
        account_id=call.account_id,
        agent=plan.agent,
        moment=Moment(run.moment),
        action_name=run.action_name,
        scope=scope_of(call, plan, contact),
        deadline=deadline,
        attempt=run.attempt,
        idempotency_key=str(run.pk),
    )


def _limit_s(budget_ms: int | None, limit_s: float) -> float:
    if budget_ms is None:
        return limit_s
    return min(limit_s, max(SHORTEST_BUDGET_S, budget_ms / 1000 - BUDGET_MARGIN_S))


async def _awaited(read: Callable[[], dict[str, JSON] | None], *, within_s: float) -> dict[str, JSON]:
    """What ``read`` finds, once it finds it. Raises StillRunning."""
    end = time.monotonic() + within_s
    while (found := await in_database(read)()) is None:
        if time.monotonic() >= end:
            raise errors.StillRunning
        await asyncio.sleep(REPEAT_POLL_S)
    return found
