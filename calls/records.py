"""Reading and writing the records of a call while it lives. Synchronous; each function is one transaction.

Runs *during* the call are claimed by inserting their row: the unique (call, tool_call_id) lets exactly one
of two simultaneous repeats through, on every database.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Account
from actions.announcements import Announced, announce
from actions.contract import JSON, CallEvent, Moment, Outcome
from actions.models import Agent, Direction
from actions.releases import PlannedAction
from actions.storable import storable, storable_text
from calls import errors, secrecy
from calls.instances import unsaved
from calls.models import FINISHED, TRANSCRIPT_EVENT, Call, CallState, Event, Run, RunState
from calls.requests import BeginCall, InvokeAction, RecordEvent
from calls.results import STORED_CHARS, bounded
from calls.runner import RunReport
from calls.secrecy import Veil

MOST_EARLIER = 500
"""Runs of one action in one call that a kind is told of, the latest."""


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
    assert agent.current_release_id is not None
    call = new_call(account.pk, agent.pk, agent.current_release_id, request, answer_within_s=answer_within_s)
    try:
        with transaction.atomic():
            call.save(force_insert=True)
            announce(Announced.CALL_STARTED, call)
    except IntegrityError:
        known = _known_call(request) if request.external_id is not None else None
        if known is None:
            # Nobody repeats: the agent was deleted in this instant.
            raise errors.UnknownAgent from None
        return known, False
    return call, True


def new_call(account_id: int, agent_id: int, release_id: int, request: BeginCall, *, answer_within_s: float) -> Call:
    """Not stored yet."""
    return unsaved(
        Call,
        account_id=account_id,
        agent_id=agent_id,
        release_id=release_id,
        external_id=request.external_id,
        direction=request.direction,
        runtime=request.runtime,
        from_number=request.from_number,
        to_number=request.to_number,
        sip_headers=dict(request.sip_headers),
        context=dict(request.context),
        parameters=dict(request.context),
        # Only a repeat is compared, and only an external id tells one.
        request_digest=request.digest if request.external_id is not None else "",
        answer_due_at=_in(answer_within_s),
    )


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
    """The before-runs and the call's first answer, together. Runs that are there already stay as they are."""
    with transaction.atomic():
        Run.objects.bulk_create(runs, ignore_conflicts=True)
        kept = Call.objects.select_for_update().get(pk=call.pk)
        kept.answer = dict(answer)
        kept.agent_configuration = dict(agent_configuration)
        # A caller who gave up while it rang: the report came first, and what it said stands.
        reported = {name: value for name, value in kept.parameters.items() if kept.context.get(name) != value}
        kept.parameters = {**parameters, **reported}
        if kept.state == CallState.RINGING:
            kept.state = CallState.IN_PROGRESS
        kept.save(update_fields=["answer", "agent_configuration", "parameters", "state"])


def store_late_answer(call: Call, answer: Mapping[str, JSON], runs: Iterable[Run]) -> None:
    """:func:`store_answer` of a call of which nobody knows whether it, or its runs, have been stored."""
    with transaction.atomic():
        Call.objects.bulk_create([call], ignore_conflicts=True)
        store_answer(call, answer, runs, parameters=call.parameters, agent_configuration=call.agent_configuration)


def find_call(call_id: UUID) -> Call:
    """Raises UnknownCall, also for another account's call."""
    call = Call.objects.select_related("agent", "release").filter(pk=call_id).first()
    if call is None:
        raise errors.UnknownCall(fields=[("id", _("No call of this account has this id."))])
    return call


@dataclass(frozen=True, slots=True)
class OpenedRun:
    """``is_new``: this request made it; else its id was known. ``earlier`` is what ``CallContext`` has of that name."""

    run: Run
    is_new: bool
    earlier: tuple[JSON, ...] = ()


def open_run(call: Call, action: PlannedAction, request: InvokeAction, veil: Veil, *, lease_s: float) -> OpenedRun:
    """A running row for a tool call. Raises CallEnded, or ConflictingRepeat."""
    if request.tool_call_id is not None and (known := _known_run(call, request)):
        return OpenedRun(known, is_new=False)
    try:
        with transaction.atomic():
            locked = Call.objects.select_for_update(no_key=True).get(pk=call.pk)
            if locked.state == CallState.COMPLETED:
                raise errors.CallEnded
            earlier = _earlier(locked, action)
            run = tool_run(locked, action, request, veil, lease_s=lease_s)
            run.attempt = len(earlier) + 1
            run.save(force_insert=True)
    except IntegrityError:
        known = _known_run(call, request) if request.tool_call_id is not None else None
        if known is None:
            raise
        return OpenedRun(known, is_new=False)
    return OpenedRun(run, is_new=True, earlier=earlier)


def tool_run(call: Call, action: PlannedAction, request: InvokeAction, veil: Veil, *, lease_s: float) -> Run:
    """Not stored yet; ``attempt`` is that of the first."""
    run = new_run(call, action, state=RunState.RUNNING)
    run.tool_call_id = request.tool_call_id
    run.request_digest = request.digest
    run.arguments = veil.over(dict(request.arguments))
    run.started_at = timezone.now()
    run.lease_until = run.due_at = _in(lease_s)
    return run


def _earlier(call: Call, action: PlannedAction) -> tuple[JSON, ...]:
    runs = Run.objects.filter(call=call, moment=Moment.DURING, action_name=action.name)
    latest = runs.exclude(state=RunState.FAILED).order_by("-created_at", "-id").values_list("pk", "progress")
    return tuple(reversed(secrecy.live_progress(call, dict(latest[:MOST_EARLIER]))))


def _known_run(call: Call, request: InvokeAction) -> Run | None:
    run = Run.objects.filter(call=call, tool_call_id=request.tool_call_id).first()
    if run is not None and run.request_digest != request.digest:
        raise errors.ConflictingRepeat("tool_call_id")
    return run


def close_run(run: Run, report: RunReport, veil: Veil, *, result: JSON, trace: list[Any], warnings: list[str]) -> None:
    """Store what a tool call came to, and merge its variables into the call's parameters.

    In memory, ``run`` keeps the directives as the runtime must have them.
    """
    fill_run(run, report, trace=trace, warnings=warnings)
    run.result = result
    given, remembered = run.directives, run.progress
    for name in ("result", "directives", "variables", "progress", "warnings", "trace"):
        setattr(run, name, veil.over(getattr(run, name)))
    run.error_message = veil.over_text(run.error_message)
    run.skipped_reason = veil.over_text(run.skipped_reason)
    with transaction.atomic():
        # The call before its runs, as everywhere: events lock in this order, too.
        merge_parameters(run.call_id, run.variables)
        secrecy.keep(
            run.call_id,
            variables=report.outcome.secrets,
            directives={run.pk: given} if given != run.directives else None,
            progress={run.pk: remembered} if remembered != run.progress else None,
        )
        run.save()
    run.directives = given


def merge_parameters(call_id: UUID, variables: Mapping[str, JSON]) -> None:
    if not variables:
        return
    call = Call.objects.select_for_update(no_key=True).get(pk=call_id)
    Call.objects.filter(pk=call_id).update(parameters={**call.parameters, **variables})


def lock_call(call: Call) -> Call:
    """The call as it is now; its events come one after the other, and before its runs are touched."""
    return Call.objects.select_for_update(no_key=True, of=("self",)).select_related("agent", "release").get(pk=call.pk)


def open_event(call: Call, request: RecordEvent, kept: CallEvent) -> tuple[Event, bool]:
    """The event's row, and whether this request made it. Raises ConflictingRepeat."""
    event = Event(
        account_id=call.account_id,
        call=call,
        event_id=request.event_id,
        request_digest=request.digest,
        type=request.type,
        data=dict(kept.data),
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


def transcript_of(events: Iterable[Event]) -> list[dict[str, Any]]:
    """The pieces that came as events, in their order. An event without a role or a text is none."""
    names = ("role", "text", "time_ms")
    pieces = (event.data for event in events if event.type == TRANSCRIPT_EVENT)
    return [
        {name: piece[name] for name in names if name in piece}
        for piece in pieces
        if isinstance(piece.get("role"), str) and isinstance(piece.get("text"), str)
    ]


def close_event(event: Event, run: Run, outcome: Outcome, veil: Veil) -> None:
    """Store what an event meant to a run, and what the run remembers of it.

    In memory, ``event`` keeps the directives as the runtime must have them.
    """
    given = directives_json(outcome)
    event.run = run
    event.result = veil.over(bounded(storable(outcome.result), STORED_CHARS))
    event.directives = veil.over(given)
    event.save(update_fields=["run", "result", "directives"])
    if outcome.progress is not None:
        remembered = storable(outcome.progress)
        run.progress = veil.over(remembered)
        run.save(update_fields=["progress"])
        # Kept where nothing is masked, too: an older one may be kept already.
        secrecy.keep(run.call_id, progress={run.pk: remembered} if veil.hides_values else None)
    merge_parameters(run.call_id, veil.over(storable(dict(outcome.variables))))
    differs = given != event.directives
    secrecy.keep(run.call_id, variables=outcome.secrets, directives={event.pk: given} if differs else None)
    event.directives = given


def store_reaction(event: Event, answer: Mapping[str, JSON]) -> None:
    """Store that an event made an action run; what the run came to is the event's meaning, too.

    In memory, ``event`` has what the runtime must do.
    """
    run, given = Run.objects.get(pk=answer["run"]["id"]), answer["directives"]
    event.run, event.result, event.directives = run, run.result, run.directives
    with transaction.atomic():
        secrecy.keep(run.call_id, directives={event.pk: given} if given != run.directives else None)
        event.save(update_fields=["run", "result", "directives"])
    event.result, event.directives = answer["result"], given


def observable_runs(call: Call, tool_call_id: JSON) -> list[Run]:
    """Finished runs of this call that an event may be about, the most likely first; locked, inside a transaction."""
    runs = Run.objects.select_for_update().filter(call=call, moment=Moment.DURING, state__in=FINISHED)
    if isinstance(tool_call_id, str) and tool_call_id:
        return list(runs.filter(tool_call_id=tool_call_id))
    return list(runs.order_by("-created_at", "-id")[:10])


def new_run(call: Call, action: PlannedAction, *, state: RunState) -> Run:
    run = unsaved(
        Run,
        account_id=call.account_id,
        call_id=call.id,
        moment=action.moment,
        action_name=action.name,
        kind=action.kind.name,
        state=state,
        parameters=dict(call.parameters),
    )
    run._state.fields_cache["call"] = call
    return run


def fill_run(run: Run, report: RunReport, *, trace: list[Any], warnings: list[str]) -> None:
    """Copy a report onto its row; nothing is saved."""
    run.state = report.state
    run.started_at = report.started_at
    run.finished_at = timezone.now()
    run.duration_ms = report.duration_ms
    run.result = report.outcome.result
    run.directives = directives_json(report.outcome)
    run.variables = dict(report.outcome.variables)
    run.progress = storable(report.outcome.progress)
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
