"""Waking a worker. A broker that is down costs time, never a document: the sweep finds what waits."""

from __future__ import annotations

import structlog
from celery import current_app
from django.utils import timezone
from django_scopes import scopes_disabled
from kombu.exceptions import OperationalError

from knowledge.models import Source

log = structlog.get_logger(__name__)

INGEST_SOURCE = "knowledge.ingest_source"


def wake_worker(source_id: int, account_id: int) -> None:
    """Have the source's documents ingested; to be called once the rows are committed."""
    try:
        current_app.send_task(INGEST_SOURCE, args=[source_id, account_id], retry=False, ignore_result=True)
    except (OperationalError, OSError) as error:
        log.warning("broker_unreachable", error=type(error).__name__, source=source_id)
        woken_at = None
    else:
        woken_at = timezone.now()
    with scopes_disabled():
        Source.objects.filter(pk=source_id).update(woken_at=woken_at)
