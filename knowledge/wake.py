"""Waking a worker for a source's documents. Where the broker is down, the sweep finds what waits."""

from __future__ import annotations

from django.utils import timezone
from django_scopes import scopes_disabled

from accounts.queue import wake
from knowledge.models import Source

INGEST_SOURCE = "knowledge.ingest_source"


def wake_worker(source_id: int, account_id: int) -> None:
    """Have the source's documents ingested; to be called once the rows are committed."""
    woken_at = timezone.now() if wake(INGEST_SOURCE, source_id, account_id) else None
    with scopes_disabled():
        Source.objects.filter(pk=source_id).update(woken_at=woken_at)
