"""What a claimed run came to: done, to be tried again, put off or given up; and what that means to the next one."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from actions.announcements import Announced, announce
from actions.contract import Moment
from calls import external_ids, records
from calls.after.claiming import claimed_columns
from calls.after.statements import OF_CALL, RUNS, claimed, merge_parameters
from calls.models import Run, RunState
from calls.runner import RunReport
from calls.wake import wake_worker

log = structlog.get_logger(__name__)

LONGEST_BACKOFF_S = 3600
LONGEST_WAIT = dt.timedelta(days=1)
"""The longest that a provider's Retry-After is believed."""
PATIENCE = dt.timedelta(days=1)
"""For so long, being asked to come back later costs a run none of its attempts."""
LONGEST_DEFERRAL = dt.timedelta(days=30)
"""A run that was queued longer ago is put off no more."""
STOPPED = "stopped_before"
"""Error code of a run that was skipped because one before it was given up."""

_SETTLED = (
    "state", "attempt", "parameters", "started_at", "finished_at", "duration_ms", "result", "directives", "variables",
    "progress", "skipped_reason", "error_code", "error_message", "trace", "warnings", "due_at", "lease_until", "claim",
)  # fmt: skip


def settle(run: Run, report: RunReport, *, trace: list[Any], warnings: list[str], follow: bool = False) -> Run | None:
    """Store what a claimed run came to, and let the call's next run begin if that is due now.

    With ``follow``, the next run is claimed by the same worker and returned. Only the worker whose claim still stands
    writes: one that was too slow finds its row taken.
    """
    token, attempt = run.claim, run.attempt
    before = {name: getattr(run, name) for name in _SETTLED}
    records.fill_run(run, report, trace=trace, warnings=warnings)
    if report.deferred_until is not None:
        _put_off(run, report.deferred_until)
    elif report.state == RunState.FAILED:
        _retry_or_give_up(run, permanent=report.permanent, retry_after_s=report.retry_after_s)
    own = {"id": run.pk, "account_id": run.account_id}
    with transaction.atomic():
        changed = {name: value for name in _SETTLED if (value := getattr(run, name)) != before[name]}
        # What the call knew when the run began was put in its place by whoever ran it.
        changed["parameters"] = run.parameters
        if not RUNS.update(own | {"claim": token, "state": RunState.RUNNING}, changed):
            log.warning("run_claim_lost", run=str(run.pk), attempt=attempt)
            return None
        merge_parameters(run, report.outcome.variables)
        external_ids.keep(run.call_id, run.account_id, report.outcome.external_ids)
        following = go_on(run, follow=follow)
    log.info(
        "run_settled",
        run=str(run.pk),
        action=run.action_name,
        state=str(run.state),
        attempt=attempt,
        error=run.error_code,
    )
    return following


def go_on(run: Run, *, follow: bool = False) -> Run | None:
    """What the state of ``run`` means to those after it, inside the transaction that stores it.

    Announces a run that was given up. With ``follow``, the next run is claimed and returned.
    """
    if run.state == RunState.DEAD:
        announce(Announced.ACTION_FAILED, run.call, run_id=run.pk)
    if run.stops_on_failure and run.state not in {RunState.SUCCEEDED, RunState.SKIPPED}:
        if run.state == RunState.DEAD:
            _skip_rest(run)
        return None
    waiting = {
        "call_id": run.call_id,
        "account_id": run.account_id,
        "moment": Moment.AFTER,
        "position": run.position + 1,
        "state": RunState.QUEUED,
        "attempt": 0,
        "due_at": None,
    }
    begun: dict[str, Any] = {"due_at": timezone.now()}
    if follow:
        begun |= {**claimed_columns(), "attempt": 1}
    if not RUNS.update(waiting, begun):
        return None
    if follow:
        return claimed(OF_CALL, run.account_id, begun["claim"], run.call_id)
    transaction.on_commit(wake_worker)
    return None


def _skip_rest(run: Run) -> None:
    rest = Run.objects.filter(
        call=run.call_id,
        moment=Moment.AFTER,
        position__gt=run.position,
        state=RunState.QUEUED,
        attempt=0,
        due_at=None,
    )
    with override(run.call.agent.language):
        reason = _("“%(name)s”, which comes before it, was given up.") % {"name": run.action_name}
    rest.update(state=RunState.SKIPPED, error_code=STOPPED, skipped_reason=reason, finished_at=timezone.now())


def _put_off(run: Run, until: dt.datetime) -> None:
    """Not an attempt: what waits for opening hours may wait often."""
    now = timezone.now()
    if now - run.created_at > LONGEST_DEFERRAL:
        run.state = RunState.DEAD
        return
    _queue_again(run, max(until, now + dt.timedelta(seconds=1)))
    run.attempt -= 1


def _retry_or_give_up(run: Run, *, permanent: bool, retry_after_s: float | None) -> None:
    now = timezone.now()
    if permanent:
        run.state = RunState.DEAD
    elif retry_after_s is not None and now - run.created_at < PATIENCE:
        # Jitter upwards only: earlier than asked for would be refused again.
        wait_s = min(LONGEST_WAIT.total_seconds(), max(1.0, retry_after_s)) * random.uniform(1, 1.1)  # noqa: S311
        _queue_again(run, now + dt.timedelta(seconds=wait_s))
        run.attempt -= 1
    elif run.attempt >= settings.AFTER_RUN_MAX_ATTEMPTS:
        run.state = RunState.DEAD
    else:
        _queue_again(run, now + dt.timedelta(seconds=max(backoff_s(run.attempt), retry_after_s or 0.0)))


def _queue_again(run: Run, due_at: dt.datetime) -> None:
    run.state = RunState.QUEUED
    run.finished_at = None
    run.due_at = due_at


def backoff_s(attempt: int) -> float:
    """Exponential, with jitter between half and all of it: many failed runs must not come back at once."""
    longest = min(LONGEST_BACKOFF_S, settings.AFTER_RUN_BACKOFF_BASE_S * 2 ** (attempt - 1))
    return random.uniform(longest / 2, longest)  # noqa: S311
