"""The life of a call, in its order: ``begin``, ``invoke``, ``record``, ``finish``. Start reading here.

Every function runs inside its account's scope. Each write can be repeated: the same id gets the first
answer and does nothing twice. What the runtime did wrong is raised as a ``calls.errors`` problem; what an
action could not do is part of the answer.
"""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import Callable, Mapping
from uuid import UUID

import structlog
from django.db import transaction

from accounts.database import in_database
from accounts.models import Account
from actions.announcements import Announced, announce
from actions.contract import BEFORE_LIMIT_S, JSON, CallContext, CallEvent, Deadline, Invocation, Kind, Moment
from actions.expressions import scope as expression_scope
from actions.releases import Plan, PlannedAction, load_plan
from calls import after, answers, errors, records, secrecy
from calls.analysis.beginning import ANALYZED_EVENT, take_event
from calls.before import answer_call
from calls.contexts import context_of, known_for
from calls.facts import Known, known_of
from calls.models import TRANSCRIPT_EVENT, Call, CallState, Event, Run, RunState
from calls.requests import BeginCall, FinishCall, InvokeAction, RecordEvent
from calls.runner import RunReport, run_action
from calls.secrecy import Veil
from calls.timing import part

log = structlog.get_logger(__name__)

BUDGET_MARGIN_S = 0.15
"""Kept back from the runtime's budget for our own records and for the way back."""
SHORTEST_BUDGET_S = 0.05
DURING_LIMIT_S = 30.0
REPEAT_POLL_S = 0.02
LEASE_MARGIN_S = 5.0


# --- before ---------------------------------------------------------------------------------------


async def begin(account: Account, request: BeginCall) -> dict[str, JSON]:
    """Resolve the agent's release, run its before-actions under one deadline, answer with the tools."""
    limit_s = limit_s_of(request.budget_ms, BEFORE_LIMIT_S)
    deadline = Deadline.after(limit_s)
    with part("records"):
        call, is_new = await in_database(records.open_call)(account, request, answer_within_s=limit_s + LEASE_MARGIN_S)
    if not is_new and not await in_database(records.take_over_call)(call, answer_within_s=limit_s + LEASE_MARGIN_S):
        return await _first_answer(call, limit_s)
    with part("lookup"):
        plan = await in_database(load_plan)(call.release_id)
    with part("actions"):
        answered = await answer_call(account, call, plan, deadline)
    with part("records"):
        await in_database(records.store_answer)(
            call,
            answered.answer,
            answered.runs,
            parameters=call.parameters,
            agent_configuration=answered.agent_configuration,
        )
    return answered.answer


async def _first_answer(call: Call, limit_s: float) -> dict[str, JSON]:
    """The answer to the request that this one repeats."""

    def read() -> dict[str, JSON] | None:
        answer: dict[str, JSON] | None = Call.objects.values_list("answer", flat=True).get(pk=call.pk)
        return answer

    return await _awaited(read, within_s=limit_s)


# --- during ---------------------------------------------------------------------------------------


async def invoke(call_id: UUID, request: InvokeAction) -> dict[str, JSON]:
    """Run one during-action for the model: a result for it, directives for the runtime."""
    with part("lookup"):
        call = await in_database(records.find_call)(call_id)
        plan = await in_database(load_plan)(call.release_id)
    action = plan.find(Moment.DURING, request.name)
    if action is None:
        raise errors.unknown_action(plan.number)
    if problems := action.argument_errors(request.arguments):
        raise errors.invalid_arguments(problems)
    limit_s = min(action.kind.time_limit_s(action.params), limit_s_of(request.budget_ms, DURING_LIMIT_S))
    veil = _veil(call, action)
    with part("records"):
        opened = await in_database(records.open_run)(call, action, request, veil, lease_s=limit_s + LEASE_MARGIN_S)
    if not opened.is_new:
        return await _first_result(opened.run, limit_s)
    context = _live_context(call, plan, opened.run, Deadline.after(limit_s), await known_for(call, plan, action))
    context.earlier = opened.earlier
    return await _run_during(action, opened.run, context, request.arguments, veil)


async def _run_during(
    action: PlannedAction, run: Run, context: CallContext, arguments: Mapping[str, JSON], veil: Veil
) -> dict[str, JSON]:
    with part("actions"):
        report = await run_action(action, context, arguments)
    close = in_database(records.close_run)
    with part("records"):
        await close(run, report, veil, result=result_of(report), trace=context.trace, warnings=context.warnings)
    return answers.invoke_answer(run)


def result_of(report: RunReport) -> JSON:
    """What the model gets; of a failure, what it may say."""
    if report.state == RunState.FAILED:
        return {"status": "failed", "code": report.error_code, "message": report.spoken}
    return report.outcome.result


async def _first_result(run: Run, limit_s: float) -> dict[str, JSON]:
    def read() -> dict[str, JSON] | None:
        current = Run.objects.select_related("call").get(pk=run.pk)
        if not current.is_finished:
            return None
        current.directives = secrecy.live_directives(current.call, current.pk, current.directives)
        return answers.invoke_answer(current)

    return await _awaited(read, within_s=limit_s)


async def record(call_id: UUID, request: RecordEvent) -> dict[str, JSON]:
    """Keep an event; tell the agent what it means when it is about one of its actions, or asks for one."""
    call = await in_database(records.find_call)(call_id)
    plan = await in_database(load_plan)(call.release_id)
    event, invocation = await in_database(_record)(call, plan, request)
    if invocation is not None:
        await _react(call, event, invocation)
    return answers.event_answer(event, call.runtime)


def _record(call: Call, plan: Plan, request: RecordEvent) -> tuple[Event, Invocation | None]:
    """One transaction: a repeat at the same instant waits for it, and finds what the event meant."""
    heard = CallEvent(request.type, request.data)
    with transaction.atomic():
        call = records.lock_call(call)
        event, is_new = records.open_event(call, request, _kept(call, plan, heard))
        if is_new:
            _observe(call, plan, event, heard)
            if event.type == TRANSCRIPT_EVENT:
                announce(Announced.TRANSCRIPT_UPDATE, call)
            elif event.type == ANALYZED_EVENT:
                take_event(call, plan, event.data)
        else:
            event.directives = secrecy.live_directives(call, event.pk, event.directives)
    if event.run_id or call.state == CallState.COMPLETED:
        return event, None
    # Asked of a repeat, too: the first request may have died between its event and its action.
    return event, _wanted(call, plan, heard)


def _kept(call: Call, plan: Plan, event: CallEvent) -> CallEvent:
    """The event as its record may show it."""
    for action in plan.of(Moment.DURING):
        event = action.kind.kept_event(action.params, event)
    return CallEvent(event.type, Veil(secrecy.variables_of(call).values()).over(event.data))


def _observe(call: Call, plan: Plan, event: Event, heard: CallEvent) -> None:
    """Ask the kinds of the runs that the event may be about; the first that knows it decides.

    A call that has ended can be told what became of a run, and no longer what to do.
    """
    for run in records.observable_runs(call, heard.data.get("tool_call_id")):
        action = plan.find(Moment.DURING, run.action_name)
        if action is None:
            continue
        outcome = action.kind.observe(action.params, _event_context(call, plan, action, run), heard)
        if outcome is not None:
            if call.state == CallState.COMPLETED:
                outcome = dataclasses.replace(outcome, directives=())
            records.close_event(event, run, outcome, _veil(call, action, outcome.secrets))
            return


def _wanted(call: Call, plan: Plan, event: CallEvent) -> Invocation | None:
    """What an action that reacts to this event wants to be run, where the agent has it: the first that names another
    action, else the first that names itself (a menu that says something of any other key).
    """
    found: Invocation | None = None
    for action in plan.of(Moment.DURING):
        if type(action.kind).react is Kind.react:
            continue
        run = records.new_run(call, action, state=RunState.QUEUED)
        wanted = action.kind.react(action.params, _event_context(call, plan, action, run), event)
        if wanted is None or plan.find(Moment.DURING, wanted.name) is None:
            continue
        if wanted.name != action.name:
            return wanted
        found = found or wanted
    return found


async def _react(call: Call, event: Event, wanted: Invocation) -> None:
    """Run the action that the event asks for, once however often the event is reported.

    A call that ends in this very moment needs it no more, and the event is kept all the same.
    """
    request = InvokeAction(name=wanted.name, arguments=wanted.arguments, tool_call_id=f"event:{event.pk}")
    try:
        answer = await invoke(call.pk, request)
    except (errors.CallEnded, errors.InvalidArguments) as problem:
        log.warning("event_without_action", event_id=str(event.pk), action=wanted.name, problem=problem.code)
        return
    await in_database(records.store_reaction)(event, answer)


# --- after ----------------------------------------------------------------------------------------


async def finish(call_id: UUID, request: FinishCall) -> dict[str, JSON]:
    """Store the report and, in the same transaction, queue one run for each after-action."""
    call = await in_database(records.find_call)(call_id)
    plan = await in_database(load_plan)(call.release_id)
    await in_database(after.complete_call)(call, plan, request)
    return answers.finish_answer(call)


# --- shared ---------------------------------------------------------------------------------------


def _live_context(call: Call, plan: Plan, run: Run, deadline: Deadline, known: Known | None = None) -> CallContext:
    """During the call: with its secrets among the parameters, which whatever is kept must not show."""
    secrets = secrecy.variables_of(call)
    context = context_of(call, plan, run, deadline, known)
    if secrets:
        params = {**context.scope["params"], **secrets}
        context.scope = {**expression_scope.layer(context.scope, secrets), "params": params}
        context.secrets = tuple(secrets.values())
    return context


def _event_context(call: Call, plan: Plan, action: PlannedAction, run: Run) -> CallContext:
    """For what an event means to ``run``: all that a tool call knows. Asks the database."""
    known = known_of(call, contact=action.reads_contact, opening=action.reads_open)
    (run.progress,) = secrecy.live_progress(call, {run.pk: run.progress})
    return _live_context(call, plan, run, Deadline.after(1.0), known)


def _veil(call: Call, action: PlannedAction, more: Mapping[str, str] | None = None) -> Veil:
    secrets = [*secrecy.variables_of(call).values(), *(more or {}).values()]
    return Veil(secrets, action.kind.hides(action.params))


def limit_s_of(budget_ms: int | None, limit_s: float) -> float:
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
