"""Celery tasks of the calls: delegate, nothing else. Each enters the scope of the account whose rows it touches."""

from __future__ import annotations

from celery import shared_task

from calls import after, retention
from calls.after import working
from calls.analysis import working as analysing
from calls.cache import emptying
from calls.digests import sending
from calls.wake import WORK_ANALYSES, WORK_RUNS


@shared_task(name=WORK_RUNS)
def work_runs() -> None:
    working.work()


@shared_task(name=WORK_ANALYSES)
def work_analyses() -> None:
    analysing.work()


@shared_task(name="calls.sweep")
def sweep() -> None:
    after.sweep()
    analysing.sweep()


@shared_task(name="calls.sweep_cache")
def sweep_cache() -> None:
    emptying.sweep()


@shared_task(name="calls.delete_old_calls")
def delete_old_calls() -> None:
    retention.delete_old_calls()


@shared_task(name="calls.send_digests")
def send_digests() -> None:
    sending.send_due()
