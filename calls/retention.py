"""Deleting what an account keeps no longer: calls with all that belongs to them, a few hundred at a time."""

from __future__ import annotations

import datetime as dt

import structlog
from django.db import transaction
from django.utils import timezone
from django_scopes import scope

from accounts.models import Account
from actions.announcements import untold
from calls.models import Call, Run, RunState

log = structlog.get_logger(__name__)

BATCH = 200
MOST_AT_ONCE = 20_000
"""Calls of one account that one sweep deletes: a long past goes over several nights' hours, not in one."""


def delete_old_calls() -> dict[int, int]:
    """Account -> calls deleted. Off for accounts that name no number of days."""
    deleted = {}
    for account in Account.objects.exclude(retention_days=None):
        assert account.retention_days is not None
        before = timezone.now() - dt.timedelta(days=account.retention_days)
        with scope(account=account):
            if count := _delete_before(before):
                deleted[account.pk] = count
                log.info("old_calls_deleted", account=account.pk, calls=count, before=before.isoformat())
    return deleted


def _delete_before(before: dt.datetime) -> int:
    """What is still to be done after a call keeps it: a message that waits is not thrown away with it."""
    count = 0
    busy = Run.objects.filter(state__in=[RunState.QUEUED, RunState.RUNNING]).values("call")
    while count < MOST_AT_ONCE:
        with transaction.atomic():
            old = Call.objects.filter(begun_at__lt=before).exclude(pk__in=busy).order_by("begun_at")
            for calls in untold():
                old = old.exclude(pk__in=calls)
            ids = list(old.values_list("pk", flat=True)[:BATCH])
            Call.objects.filter(pk__in=ids).delete()
        count += len(ids)
        if len(ids) < BATCH:
            break
    return count
