"""Finding what was lost: claims of dead workers, due runs for which no worker is awake, tool calls without a server.

Crosses accounts on purpose: it moves rows and reads nothing of them.
"""

from __future__ import annotations

import datetime as dt
from uuid import UUID

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override
from django_scopes import scopes_disabled

from accounts.models import Language
from actions.announcements import Announced, announce
from actions.contract import Moment
from calls import secrecy
from calls.after.settling import go_on
from calls.models import Run, RunState
from calls.runner import apology
from calls.wake import wake_worker

log = structlog.get_logger(__name__)

SWEEP_BATCH = 1000
OVERDUE = dt.timedelta(seconds=2)
"""What is due for less than this is a worker's, who has just been woken."""
MOST_WOKEN = 16
"""Workers woken by one sweep: each goes on for as long as something is due."""

# States written out: SQLite uses a partial index only where it can read its condition.
_EXPIRED = "SELECT id FROM calls_run WHERE state = 'running' AND lease_until < %s LIMIT %s"
_OVERDUE = """
SELECT count(*) FROM (
    SELECT 1 FROM calls_run WHERE state = 'queued' AND due_at IS NOT NULL AND due_at <= %s LIMIT %s
) AS overdue
"""


def sweep() -> dict[str, int]:
    """Returns how many of each: claims released, tool calls closed, workers woken, secrets of calls erased."""
    with scopes_disabled():
        expired = Run.objects.filter(pk__in=_expired())
        released = _release_claims(expired.filter(moment=Moment.AFTER))
        abandoned = _close_abandoned_tool_calls(expired.filter(moment=Moment.DURING))
        woken = _wake_workers()
        forgotten = secrecy.forget_old()
    return {"released": released, "abandoned": abandoned, "woken": woken, "forgotten": forgotten}


def _expired() -> list[UUID]:
    with connection.cursor() as cursor:
        now = connection.ops.adapt_datetimefield_value(timezone.now())
        cursor.execute(_EXPIRED, [now, SWEEP_BATCH])
        return [UUID(str(run_id)) for (run_id,) in cursor.fetchall()]


def _release_claims(expired: QuerySet[Run]) -> int:
    lost = {"claim": None, "lease_until": None}
    dead = _give_up(expired.filter(attempt__gte=settings.AFTER_RUN_MAX_ATTEMPTS), lost)
    again = expired.filter(attempt__lt=settings.AFTER_RUN_MAX_ATTEMPTS, lease_until__lt=timezone.now())
    requeued = again.filter(state=RunState.RUNNING).update(state=RunState.QUEUED, due_at=timezone.now(), **lost)
    if requeued:
        # The worker that sweeps is free for them.
        wake_worker()
    if dead or requeued:
        log.warning("run_claims_expired", requeued=requeued, dead=dead)
    return dead + requeued


def _give_up(expired: QuerySet[Run], lost: dict[str, None]) -> int:
    """How many; each in a transaction of its own, with what it means to the call's next run."""
    dead = 0
    for run in expired.select_related("call__agent"):
        with override(run.call.agent.language), transaction.atomic():
            still_lost = Run.objects.filter(
                pk=run.pk, state=RunState.RUNNING, claim=run.claim, lease_until__lt=timezone.now()
            )
            gone = still_lost.update(
                state=RunState.DEAD,
                error_code="worker_lost",
                error_message=_("The worker was lost on every attempt."),
                finished_at=timezone.now(),
                due_at=None,
                **lost,
            )
            if gone:
                run.state = RunState.DEAD
                announce(Announced.ACTION_FAILED, run.call, run_id=run.pk)
                go_on(run)
        dead += gone
    return dead


def _close_abandoned_tool_calls(lost: QuerySet[Run]) -> int:
    """Tool calls whose web process died: the model has long gone on, a late effect would only confuse."""
    return sum(_abandon(lost.filter(call__agent__language=language), language) for language in Language.values)


def _abandon(runs: QuerySet[Run], language: str) -> int:
    with override(language):
        message = _("The server stopped while the action ran.")
    return runs.filter(state=RunState.RUNNING).update(
        state=RunState.FAILED,
        error_code="interrupted",
        error_message=message,
        result={"status": "failed", "code": "interrupted", "message": apology(language)},
        finished_at=timezone.now(),
        lease_until=None,
        due_at=None,
    )


def _wake_workers() -> int:
    """One for each run that is overdue, up to :data:`MOST_WOKEN`."""
    with connection.cursor() as cursor:
        before = connection.ops.adapt_datetimefield_value(timezone.now() - OVERDUE)
        cursor.execute(_OVERDUE, [before, MOST_WOKEN])
        (woken,) = cursor.fetchone()
    for _worker in range(woken):
        wake_worker()
    return int(woken)
