"""One more try for after-call runs that were given up."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from actions.contract import Moment
from calls.models import Run, RunState
from calls.wake import wake_workers


def retry(runs: QuerySet[Run]) -> int:
    """Queue those of ``runs`` that were given up, and wake a worker for them; returns how many.

    Attempts count on and the idempotency key stays, so what did get through the first time is not done twice.
    """
    now = timezone.now()
    with transaction.atomic():
        dead = runs.filter(moment=Moment.AFTER, state=RunState.DEAD)
        queued = [row for row in dead.values_list("pk", "account_id") if _queue(row[0], now)]
        transaction.on_commit(lambda: wake_workers(queued))
    return len(queued)


def _queue(run_id: UUID, now: datetime) -> bool:
    """Conditional: of two people who press the button at once, one queues it."""
    return bool(
        Run.objects.filter(pk=run_id, state=RunState.DEAD).update(
            state=RunState.QUEUED,
            due_at=now,
            woken_at=now,
            finished_at=None,
            claim=None,
            lease_until=None,
        )
    )
