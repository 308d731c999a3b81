"""Celery tasks of the after-call runs: enter the account's scope, delegate, nothing else."""

from __future__ import annotations

from uuid import UUID

from asgiref.sync import async_to_sync
from celery import shared_task
from django_scopes import scope

from calls import after
from calls.execution import execute
from calls.wake import EXECUTE_RUN


@shared_task(name=EXECUTE_RUN)
def execute_run(run_id: str, account_id: int) -> None:
    with scope(account=account_id):
        run = after.claim(UUID(run_id))
        if run is not None:
            async_to_sync(execute)(run)


@shared_task(name="calls.sweep")
def sweep() -> None:
    after.sweep()
