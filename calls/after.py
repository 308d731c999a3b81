"""After the call: durable runs. The row is the truth; the broker only wakes a worker.

    queued --claim--> running --> succeeded | skipped
      ^                  |------> dead       permanent error, or the last attempt failed
      '---- retry, or the worker died (its lease ran out: ``sweep``)

Kill any process at any instant: a row stays that the next sweep finds. What may happen twice carries the
run's id as idempotency key.
"""

from __future__ import annotations

import datetime as dt
import random
import uuid
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django_scopes import scopes_disabled

from actions.contract import Moment
from actions.releases import Plan
from calls import errors, records
from calls.models import Call, CallState, Event, Run, RunState
from calls.requests import FinishCall
from calls.runner import RunReport
from calls.wake import wake_workers

log = structlog.get_logger(__name__)

LEASE_MARGIN_S = 10
WAKE_AGAIN_AFTER_S = 60
LONGEST_BACKOFF_S = 3600
SWEEP_BATCH = 1000


def complete_call(call: Call, plan: Plan, request: FinishCall) -> None:
    """Store the report and queue the after-runs in one transaction. Raises ConflictingRepeat."""
    with transaction.atomic():
        call = Call.objects.select_for_update().get(pk=call.pk)
        if call.state == CallState.COMPLETED:
            if call.completion_digest != request.digest:
                raise errors.ConflictingRepeat("id")
            return
        _store_report(call, request)
        runs = [_queued_run(call, action) for action in plan.of(Moment.AFTER)]
        Run.objects.bulk_create(runs)
        transaction.on_commit(lambda: wake_workers([(run.pk, run.account_id) for run in runs]))


def _store_report(call: Call, request: FinishCall) -> None:
    call.state = CallState.COMPLETED
    call.completion_digest = request.digest
    call.ended_at = request.ended_at or timezone.now()
    call.duration_s = request.duration_s
    if call.duration_s is None:
        call.duration_s = max(0.0, round((call.ended_at - call.begun_at).total_seconds(), 3))
    call.ended_reason = request.ended_reason
    call.summary = request.summary
    call.transcript = [dict(piece) for piece in request.transcript] or _reported_transcript(call)
    call.classifications = dict(request.classifications)
    call.parameters = {**call.parameters, **request.variables}
    call.save()


def _reported_transcript(call: Call) -> list[dict[str, Any]]:
    """The pieces that came as events, for a runtime whose report has none."""
    events = Event.objects.filter(call=call, type="transcript").order_by("received_at", "id")
    return [{name: event.data[name] for name in ("role", "text", "time_ms") if name in event.data} for event in events]


def _queued_run(call: Call, action: Any) -> Run:
    run = records.new_run(call, action, state=RunState.QUEUED)
    run.attempt = 0
    run.due_at = run.woken_at = timezone.now()
    return run


def claim(run_id: UUID) -> Run | None:
    """The run, if it is due and nobody else has it: exactly one of many workers gets it."""
    now, token = timezone.now(), uuid.uuid4()
    claimed = Run.objects.filter(pk=run_id, state=RunState.QUEUED, due_at__lte=now).update(
        state=RunState.RUNNING,
        claim=token,
        attempt=F("attempt") + 1,
        started_at=now,
        lease_until=now + dt.timedelta(seconds=settings.AFTER_RUN_TIMEOUT_S + LEASE_MARGIN_S),
    )
    if not claimed:
        return None
    return Run.objects.select_related("call", "call__release").get(pk=run_id, claim=token)


def settle(run: Run, report: RunReport, *, trace: list[Any], warnings: list[str]) -> None:
    """Store what a claimed run came to: done, to be tried again, or given up.

    Only the worker whose claim still stands writes: one that was too slow finds its row taken.
    """
    token, attempt = run.claim, run.attempt
    records.fill_run(run, report, trace=trace, warnings=warnings)
    if report.state == RunState.FAILED:
        _retry_or_give_up(run, permanent=report.permanent)
    columns = {
        field.attname: getattr(run, field.attname)
        for field in Run._meta.concrete_fields
        if field.attname not in {"id", "account_id", "call_id", "created_at"}
    }
    with transaction.atomic():
        if not Run.objects.filter(pk=run.pk, claim=token, state=RunState.RUNNING).update(**columns):
            log.warning("run_claim_lost", run=str(run.pk), attempt=attempt)
            return
        records.merge_parameters(run.call_id, report.outcome.variables)
    log.info(
        "run_settled",
        run=str(run.pk),
        action=run.action_name,
        state=str(run.state),
        attempt=attempt,
        error=run.error_code,
    )


def _retry_or_give_up(run: Run, *, permanent: bool) -> None:
    if permanent or run.attempt >= settings.AFTER_RUN_MAX_ATTEMPTS:
        run.state = RunState.DEAD
        return
    run.state = RunState.QUEUED
    run.finished_at = run.woken_at = None
    run.due_at = timezone.now() + dt.timedelta(seconds=backoff_s(run.attempt))


def backoff_s(attempt: int) -> float:
    """Exponential, with jitter between half and all of it: many failed runs must not come back at once."""
    longest = min(LONGEST_BACKOFF_S, settings.AFTER_RUN_BACKOFF_BASE_S * 2 ** (attempt - 1))
    return random.uniform(longest / 2, longest)  # noqa: S311


def sweep() -> dict[str, int]:
    """Find what was lost: claims of dead workers, and due runs for which no worker was woken.

    Crosses accounts on purpose: it moves rows and reads nothing of them. Returns how many of each.
    """
    with scopes_disabled():
        released = _release_expired_claims()
        abandoned = _close_abandoned_tool_calls()
        woken = _wake_due_runs()
    return {"released": released, "abandoned": abandoned, "woken": woken}


def _release_expired_claims() -> int:
    expired = Run.objects.filter(moment=Moment.AFTER, state=RunState.RUNNING, lease_until__lt=timezone.now())
    lost = {"claim": None, "lease_until": None}
    dead = expired.filter(attempt__gte=settings.AFTER_RUN_MAX_ATTEMPTS).update(
        state=RunState.DEAD,
        error_code="worker_lost",
        error_message=_("The worker was lost on every attempt."),
        finished_at=timezone.now(),
        due_at=None,
        **lost,
    )
    requeued = expired.update(state=RunState.QUEUED, due_at=timezone.now(), woken_at=None, **lost)
    if dead or requeued:
        log.warning("run_claims_expired", requeued=requeued, dead=dead)
    return dead + requeued


def _close_abandoned_tool_calls() -> int:
    """Tool calls whose web process died: the model has long gone on, a late effect would only confuse."""
    return Run.objects.filter(moment=Moment.DURING, state=RunState.RUNNING, lease_until__lt=timezone.now()).update(
        state=RunState.FAILED,
        error_code="interrupted",
        error_message=_("The server stopped while the action ran."),
        result={"status": "failed", "code": "interrupted", "message": ""},
        finished_at=timezone.now(),
        lease_until=None,
        due_at=None,
    )


def _wake_due_runs() -> int:
    now = timezone.now()
    forgotten = Q(woken_at=None) | Q(woken_at__lt=now - dt.timedelta(seconds=WAKE_AGAIN_AFTER_S))
    due = Run.objects.filter(forgotten, state=RunState.QUEUED, due_at__lte=now).order_by("due_at")
    runs = list(due.values_list("pk", "account_id")[:SWEEP_BATCH])
    Run.objects.filter(pk__in=[pk for pk, _account in runs]).update(woken_at=now)
    wake_workers(runs)
    return len(runs)
