"""The end of a call: its report and one queued run for each after-action, in one transaction."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from actions.announcements import Announced, announce
from actions.contract import Moment
from actions.releases import Plan, PlannedAction
from calls import errors, records, secrecy
from calls.analysis.beginning import begin as begin_analysis
from calls.models import TRANSCRIPT_EVENT, Call, CallState, Event, Run, RunState
from calls.requests import FinishCall
from calls.secrecy import Veil
from calls.wake import wake_worker


def complete_call(call: Call, plan: Plan, request: FinishCall) -> None:
    """Store the report and queue the after-runs in one transaction. Raises ConflictingRepeat."""
    with transaction.atomic():
        call = Call.objects.select_for_update().get(pk=call.pk)
        if call.state == CallState.COMPLETED:
            if call.completion_digest != request.digest:
                raise errors.ConflictingRepeat("id")
            return
        _store_report(call, request)
        queue_runs(call, plan, held=begin_analysis(call, plan))
        announce(Announced.CALL_COMPLETED, call)


def queue_runs(call: Call, plan: Plan, *, held: bool = False) -> None:
    """One run for each after-action, inside the caller's transaction; ``held``: none begins before ``release_held``."""
    runs = [_queued_run(call, action, position) for position, action in enumerate(plan.of(Moment.AFTER))]
    if not runs:
        return
    if not held:
        runs[0].due_at = timezone.now()
        transaction.on_commit(wake_worker)
    Run.objects.bulk_create(runs)


def release_held(call_id: UUID) -> bool:
    """Let the runs of a call that was waiting for its analysis begin. False: they have begun, or there are none."""
    first = Run.objects.filter(
        call=call_id, moment=Moment.AFTER, position=0, state=RunState.QUEUED, attempt=0, due_at=None
    )
    with transaction.atomic():
        released = bool(first.update(due_at=timezone.now()))
        if released:
            transaction.on_commit(wake_worker)
    return released


def _queued_run(call: Call, action: PlannedAction, position: int) -> Run:
    run = records.new_run(call, action, state=RunState.QUEUED)
    run.attempt = 0
    run.position = position
    run.stops_on_failure = action.stops_on_failure
    return run


def _store_report(call: Call, request: FinishCall) -> None:
    call.state = CallState.COMPLETED
    call.completion_digest = request.digest
    call.ended_at = request.ended_at or timezone.now()
    call.duration_s = request.duration_s
    if call.duration_s is None:
        call.duration_s = max(0.0, round((call.ended_at - call.begun_at).total_seconds(), 3))
    veil = Veil(secrecy.variables_of(call).values())
    call.ended_reason = veil.over_text(request.ended_reason)
    call.recording_url = veil.over_text(request.recording_url)
    call.summary = veil.over_text(request.summary)
    call.transcript = veil.over([dict(piece) for piece in request.transcript]) or _reported_transcript(call)
    call.classifications = veil.over(dict(request.classifications))
    call.parameters = {**call.parameters, **veil.over(dict(request.variables))}
    call.secrets = ""
    call.save()


def _reported_transcript(call: Call) -> list[dict[str, Any]]:
    """The pieces that came as events, for a runtime whose report has none."""
    return records.transcript_of(Event.objects.filter(call=call, type=TRANSCRIPT_EVENT).order_by("received_at", "id"))
