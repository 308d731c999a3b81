"""Reading and writing the records of a call while it lives. Synchronous; each function is one transaction.

Runs *during* the call are claimed by inserting their row: the unique (call, tool_call_id) lets exactly one
of two simultaneous repeats through, on every database.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Account
from actions.contract import JSON, Moment, Outcome
from actions.models import Agent, Direction
from actions.releases import PlannedAction
from actions.storable import storable, storable_text
from calls import errors
from calls.models import Call, CallState, Event, Run, RunState
from calls.requests import BeginCall, InvokeAction, RecordEvent
from calls.runner import RunReport


def find_agent(request: BeginCall, *, any_direction: bool = False) -> Agent:
    """Raises UnknownAgent, UnpublishedAgent or WrongDirection."""
    agents = Agent.objects.select_related("current_release")
    if request.agent:
        agent, field = agents.filter(slug=request.agent).first(), "agent"
    else:
        agent, field = agents.filter(numbers__number=request.to_number).first(), "to"
    if agent is None:
        raise errors.UnknownAgent(fields=[(field, _("No agent of this account fits."))])
    if agent.current_release is None:
        raise errors.UnpublishedAgent(fields=[(field, _("Publish the agent first."))])
    if not any_direction and agent.direction not in {Direction.BOTH, request.direction}:
        message = _("This agent takes: %(direction)s.") % {"direction": agent.get_direction_display()}
        raise errors.WrongDirection(fields=[("direction", message)])
    return agent


def open_call(account: Account, request: BeginCall, *, answer_within_s: float) -> tuple[Call, bool]:
    """The call's row, and whether this request made it (False: the external id is known).

    Raises ConflictingRepeat, or what :func:`find_agent` raises.
    """
    if request.external_id is not None and (known := _known_call(request)):
        return known, False
    agent = find_agent(request)
    call = Call(
        account=account,
        agent=agent,
        release=agent.current_release,
        external_id=request.external_id,
        direction=request.direction,
        from_number=request.from_number,
        to_number=request.to_number,
        sip_headers=dict(request.sip_headers),
        context=dict(request.context),
        parameters=dict(request.context),
        request_digest=request.digest,
        answer_due_at=_in(answer_within_s),
    )
    try:
        with transaction.atomic():
            call.save(force_insert=True)
    except IntegrityError:
        known = _known_call(request) if request.external_id is not None else None
        if known is None:
            # Nobody repeats: the agent was deleted in this instant.
            raise errors.UnknownAgent from None
        return known, False
    return call, True


def _known_call(request: BeginCall) -> Call | None:
    call = Call.objects.filter(external_id=request.external_id).select_related("agent", "release").first()
    if call is not None and call.request_digest != request.digest:
        raise errors.ConflictingRepeat("external_id")
    return call


def take_over_call(call: Call, *, answer_within_s: float) -> bool:
    """Whether this request may answer a call whose first request died without an answer."""
    due_at = _in(answer_within_s)
    overdue = Call.objects.filter(pk=call.pk, answer__isnull=True, answer_due_at__lt=timezone.now())
    if not overdue.filter(answer_due_at=call.answer_due_at).update(answer_due_at=due_at):
        return False
    call.answer_due_at = due_at
    return True


def store_answer(
    call: Call,
    answer: Mapping[str, JSON],
    runs: Iterable[Run],
    *,
    parameters: Mapping[str, JSON],
    agent_configuration: Mapping[str, JSON],
) -> None:
    """The before-runs and the call's first answer, together."""
    with transaction.atomic():
        Run.objects.bulk_create(runs)
        kept = Call.objects.select_for_update().get(pk=call.pk)
        kept.answer = dict(answer)
        kept.agent_configuration = dict(agent_configuration)
        # A caller who gave up while it rang: the report came first, and what it said stands.
        reported = {name: value for name, value in kept.parameters.items() if kept.context.get(name) != value}
        kept.parameters = {**parameters, **reported}
        if kept.state == CallState.RINGING:
            kept.state = CallState.IN_PROGRESS
        kept.save(update_fields=["answer", "agent_configuration", "parameters", "state"])


def find_call(call_id: UUID) -> Call:
    """Raises UnknownCall, also for another account's call."""
    call = Call.objects.select_related("agent", "release").filter(pk=call_id).first()
    if call is None:
        raise errors.UnknownCall(fields=[("id", _("No call of this account has this id."))])
    return call


def open_run(call: Call, action: PlannedAction, request: InvokeAction, *, lease_s: float) -> tuple[Run, bool]:
    """A running row for a tool call, and whether this request made it (False: the id is known).

    Raises CallEnded, or ConflictingRepeat.
    """
    if request.tool_call_id is not None and (known := _known_run(call, request)):
        return known, False
    try:
        with transaction.atomic():
            locked = Call.objects.select_for_update().get(pk=call.pk)
            if locked.state == CallState.COMPLETED:
                raise errors.CallEnded
            run = new_run(locked, action, state=RunState.RUNNING)
            run.attempt = Run.objects.filter(call=locked, action_name=action.name).count() + 1
            run.tool_call_id = request.tool_call_id
            run.request_digest = request.digest
            run.arguments = dict(request.arguments)
            run.started_at = timezone.now()
            run.lease_until = run.due_at = _in(lease_s)
            run.save(force_insert=True)
    except IntegrityError:
        known = _known_run(call, request) if request.tool_call_id is not None else None
        if known is None:
            raise
        return known, False
    return run, True


def _known_run(call: Call, request: InvokeAction) -> Run | None:
    run = Run.objects.filter(call=call, tool_call_id=request.tool_call_id).first()
    if run is not None and run.request_digest != request.digest:
        raise errors.ConflictingRepeat("tool_call_id")
    return run


def close_run(run: Run, report: RunReport, *, result: JSON, trace: list[Any], warnings: list[str]) -> None:
    """Store what a tool call came to, and merge its variables into the call's parameters."""
    fill_run(run, report, trace=trace, warnings=warnings)
    run.result = result
    with transaction.atomic():
        run.save()
        merge_parameters(run.call_id, report.outcome.variables)


def merge_parameters(call_id: UUID, variables: Mapping[str, JSON]) -> None:
    if not variables:
        return
    call = Call.objects.select_for_update().get(pk=call_id)
    Call.objects.filter(pk=call_id).update(parameters={**call.parameters, **variables})


def open_event(call: Call, request: RecordEvent) -> tuple[Event, bool]:
    """The event's row, and whether this request made it. Raises ConflictingRepeat."""
    event = Event(
        account_id=call.account_id,
        call=call,
        event_id=request.event_id,
        request_digest=request.digest,
        type=request.type,
        data=dict(request.data),
    )
    try:
        with transaction.atomic():
            event.save(force_insert=True)
    except IntegrityError:
        known = Event.objects.filter(call=call, event_id=request.event_id).first() if request.event_id else None
        if known is None:
            raise
        if known.request_digest != request.digest:
            raise errors.ConflictingRepeat("event_id") from None
        return known, False
    return event, True


def observable_runs(call: Call, tool_call_id: JSON) -> list[Run]:
    """Runs of this call that an event may be about, the most likely first."""
    runs = Run.objects.filter(call=call, moment=Moment.DURING)
    if isinstance(tool_call_id, str) and tool_call_id:
        return list(runs.filter(tool_call_id=tool_call_id))
    return list(runs.order_by("-created_at", "-id")[:10])


def new_run(call: Call, action: PlannedAction, *, state: RunState) -> Run:
    return Run(
        account_id=call.account_id,
        call=call,
        moment=action.moment,
        action_name=action.name,
        kind=action.kind.name,
        state=state,
        parameters=dict(call.parameters),
    )


def fill_run(run: Run, report: RunReport, *, trace: list[Any], warnings: list[str]) -> None:
    """Copy a report onto its row; nothing is saved."""
    run.state = report.state
    run.started_at = report.started_at
    run.finished_at = timezone.now()
    run.duration_ms = report.duration_ms
    run.result = report.outcome.result
    run.directives = directives_json(report.outcome)
    run.variables = dict(report.outcome.variables)
    run.skipped_reason = storable_text(report.outcome.skipped)
    run.error_code = report.error_code
    run.error_message = storable_text(report.error_message)
    run.trace = trace
    run.warnings = storable(warnings)
    run.due_at = run.lease_until = run.claim = None


def directives_json(outcome: Outcome) -> list[JSON]:
    return [storable(directive.model_dump(mode="json")) for directive in outcome.directives]


def _in(seconds: float) -> dt.datetime:
    return timezone.now() + dt.timedelta(seconds=seconds)
