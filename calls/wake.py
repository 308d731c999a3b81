"""Waking a worker. A broker that is down costs time, never a run: the sweep finds rows nobody was woken for."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

import structlog
from celery import current_app
from django_scopes import scopes_disabled
from kombu.exceptions import OperationalError

from calls.models import Run

log = structlog.get_logger(__name__)

EXECUTE_RUN = "calls.execute_run"


def wake_workers(runs: Iterable[tuple[UUID, int]]) -> None:
    """Send one message for each (run id, account id)."""
    runs = list(runs)
    for position, (run_id, account_id) in enumerate(runs):
        try:
            current_app.send_task(EXECUTE_RUN, args=[str(run_id), account_id], retry=False, ignore_result=True)
        except (OperationalError, OSError) as error:
            log.warning("broker_unreachable", error=type(error).__name__, runs=len(runs) - position)
            _leave_to_sweep([run_id for run_id, _account in runs[position:]])
            return


def _leave_to_sweep(run_ids: list[UUID]) -> None:
    with scopes_disabled():
        Run.objects.filter(pk__in=run_ids).update(woken_at=None)
