"""Waking a worker for an import. Where the broker is down, the sweep finds what waits."""

from __future__ import annotations

from uuid import UUID

from django.utils import timezone
from django_scopes import scopes_disabled

from accounts.queue import wake
from transfers.models import NumberImport

WORK_IMPORT = "transfers.work_import"


def wake_worker(import_id: UUID, account_id: int) -> None:
    """To be called once the row is committed."""
    woken_at = timezone.now() if wake(WORK_IMPORT, str(import_id), account_id) else None
    with scopes_disabled():
        NumberImport.objects.filter(pk=import_id).update(woken_at=woken_at)
