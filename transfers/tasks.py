"""Celery tasks of transfers: enter the account's scope, delegate, nothing else."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task
from django_scopes import scope

from transfers import directory, imports
from transfers.imports.wake import WORK_IMPORT


@shared_task(name=WORK_IMPORT)
def work_import(import_id: str, account_id: int) -> None:
    with scope(account=account_id):
        imports.work(UUID(import_id))


@shared_task(name="transfers.sweep")
def sweep() -> None:
    imports.sweep()
    directory.sweep()
