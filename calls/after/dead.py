"""Dead letters: after-call runs that were given up. People try them again, or say that they are not to be done."""

from __future__ import annotations

from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from actions.contract import Moment
from calls.after.settling import STOPPED
from calls.models import Run, RunState
from calls.wake import wake_worker

log = structlog.get_logger(__name__)

BATCH = 1000


def dead_runs(runs: QuerySet[Run]) -> QuerySet[Run]:
    return runs.filter(moment=Moment.AFTER, state=RunState.DEAD)


def retry(runs: QuerySet[Run], *, by: str) -> list[UUID]:
    """Queue those of ``runs`` that were given up, and wake a worker; gives the ids of those that it queued.

    Attempts count on and the idempotency key stays, so what did get through the first time is not done twice.
    Runs that were skipped because of one of them wait for it again. ``by`` names who wants it, for the log.
    """
    queued: list[UUID] = []
    for ids in _batches(runs):
        with transaction.atomic():
            queued += _queue(ids)
            transaction.on_commit(wake_worker)
    if queued:
        log.info("dead_runs_retried", runs=len(queued), by=by)
    return queued


def skip(runs: QuerySet[Run], *, by: str) -> list[UUID]:
    """Mark those of ``runs`` that were given up as not to be done; why they failed stays on record.

    Returns the ids of those that it marked. ``by`` is shown with them.
    """
    reason = _("Skipped by %(person)s.") % {"person": by}
    marked: list[UUID] = []
    for ids in _batches(runs):
        with transaction.atomic():
            found = _locked(ids)
            Run.objects.filter(pk__in=found).update(
                state=RunState.SKIPPED, skipped_reason=reason, finished_at=timezone.now()
            )
        marked += found
    if marked:
        log.info("dead_runs_skipped", runs=len(marked), by=by)
    return marked


def _batches(runs: QuerySet[Run]) -> list[list[UUID]]:
    ids = list(dead_runs(runs).order_by().values_list("pk", flat=True))
    return [ids[start : start + BATCH] for start in range(0, len(ids), BATCH)]


def _locked(ids: list[UUID]) -> list[UUID]:
    """Those that are dead still: of two people who press the button at once, one finds them."""
    rows = Run.objects.select_for_update().filter(pk__in=ids, state=RunState.DEAD).order_by("pk")
    return list(rows.values_list("pk", flat=True))


def _queue(ids: list[UUID]) -> list[UUID]:
    found = _locked(ids)
    again = {"state": RunState.QUEUED, "finished_at": None, "claim": None, "lease_until": None}
    Run.objects.filter(pk__in=found).update(due_at=timezone.now(), **again)
    stopping = Run.objects.filter(pk__in=found, stops_on_failure=True).values_list("call_id", "position")
    for call_id, position in stopping:
        stopped = Run.objects.filter(
            call=call_id, position__gt=position, state=RunState.SKIPPED, error_code=STOPPED, moment=Moment.AFTER
        )
        stopped.update(due_at=None, error_code="", skipped_reason="", **again)
    return found
