"""Celery tasks of vectors: enter the account's scope, delegate, nothing else. Imported when applications are ready."""

from __future__ import annotations

from celery import shared_task
from django_scopes import scope

from knowledge.embedding import work
from knowledge.embedding.wake import EMBED_SOURCE, wake_for_vectors


@shared_task(name=EMBED_SOURCE)
def embed_source(source_id: int, account_id: int) -> None:
    with scope(account=account_id):
        work.embed_source(source_id)


@shared_task(name="knowledge.sweep_vectors")
def sweep_vectors() -> None:
    for source_id, account_id in work.forgotten():
        wake_for_vectors(source_id, account_id)
