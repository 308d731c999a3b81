"""Celery tasks of ingestion: enter the account's scope, delegate, nothing else."""

from __future__ import annotations

from celery import shared_task
from django_scopes import scope

from knowledge import ingestion, web_pages
from knowledge.wake import INGEST_SOURCE


@shared_task(name=INGEST_SOURCE)
def ingest_source(source_id: int, account_id: int) -> None:
    with scope(account=account_id):
        ingestion.ingest_source(source_id)


@shared_task(name="knowledge.sweep")
def sweep() -> None:
    ingestion.sweep()


@shared_task(name="knowledge.crawl")
def crawl() -> None:
    web_pages.crawl()
