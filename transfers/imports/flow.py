"""The life of an import. Its row is the truth; a broker only wakes a worker.

    uploaded --> checking --> checked --confirm--> confirmed --> writing --> done
       ^            |            (waits for people)    ^            |
       '------------+--- the worker died: ``sweep`` ---+------------'

besides: refused (the file cannot be imported), cancelled, failed (several workers died; may be confirmed once more).
Numbers are written in one transaction, which ends with the state ``done``: killed at any instant, an import has
written nothing or everything, and is taken up again.
"""

from __future__ import annotations

import datetime as dt
import uuid
from typing import TYPE_CHECKING, Any

import structlog
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Length
from django.utils import timezone
from django_scopes import scope, scopes_disabled

from transfers.imports import working
from transfers.imports.refusals import ImportRefused, WrongState
from transfers.imports.suggestions import region_of
from transfers.imports.tables import read_table
from transfers.imports.wake import wake_worker
from transfers.models import FINISHED, ImportMode, ImportState, NumberImport, NumberImportFile

if TYPE_CHECKING:
    from accounts.models import User
    from transfers.action import TransferAction

log = structlog.get_logger(__name__)

AT_ONCE_BYTES = {"csv": 100_000, "xlsx": 20_000}
"""Smaller files are done in the request that asks for it."""
MOST_ATTEMPTS = 3
WAKE_AGAIN_AFTER_S = 60
KEEP_DAYS = 30
NAME_CHARS = 200


def open_import(
    action: TransferAction, *, file_name: str, content: bytes, mode: str, by: User | None = None
) -> NumberImport:
    """Store the file, to be checked by :func:`start_check`. Raises ImportRefused, and stores nothing, for what
    cannot be read; lines are looked at later."""
    table = read_table(content)
    if mode == ImportMode.UPDATE and table.columns.description is None:
        raise ImportRefused("missing_column", column="description", found="—")
    with transaction.atomic():
        row = NumberImport.objects.create(
            account_id=action.agent.account_id,
            action=action,
            mode=mode,
            file_name=file_name.replace("\0", "")[-NAME_CHARS:],
            region=region_of(action.agent),
            reading=table.as_json,
            total=table.estimate,
            uploaded_by=by,
        )
        NumberImportFile.objects.create(number_import=row, content=content)
    return row


def start_check(row: NumberImport) -> None:
    """At once where it takes no time, otherwise in a worker. ``row`` is brought up to date."""
    _start(row)


def confirm(row: NumberImport, *, take_suggestions: bool = False, skip_bad_lines: bool = False) -> None:
    """Have the numbers written. Raises WrongState unless the import is checked, and ImportRefused while there are
    bad lines that nobody chose to leave out."""
    left = row.counts.get("bad", 0) - (row.counts.get("suggestions", 0) if take_suggestions else 0)
    if row.state == ImportState.CHECKED and left and not skip_bad_lines:
        raise ImportRefused("bad_lines", count=left)
    if row.state == ImportState.CHECKED and left >= row.counts["lines"]:
        raise ImportRefused("nothing_good")
    choices = {"takes_suggestions": take_suggestions, "skips_bad_lines": skip_bad_lines}
    ready = Q(state=ImportState.CHECKED) | Q(state=ImportState.FAILED, counts__has_key="new")
    confirmed = NumberImport.objects.filter(ready, pk=row.pk).update(
        state=ImportState.CONFIRMED, attempts=0, progress=0, error={}, woken_at=None, finished_at=None, **choices
    )
    if not confirmed:
        raise WrongState
    _start(row)


def cancel(row: NumberImport) -> bool:
    """Whether the import ends here with nothing written; False: it had ended already."""
    with transaction.atomic():
        open_states = Q(pk=row.pk) & ~Q(state__in=FINISHED - {ImportState.FAILED})
        cancelled = NumberImport.objects.filter(open_states).update(
            state=ImportState.CANCELLED, claim=None, lease_until=None, finished_at=timezone.now()
        )
        if cancelled:
            NumberImportFile.objects.filter(number_import=row.pk).update(content=b"", judged=b"")
    row.refresh_from_db()
    return bool(cancelled)


def _start(row: NumberImport) -> None:
    size = NumberImportFile.objects.filter(number_import=row.pk).values_list(Length("content"), flat=True).get()
    if size <= AT_ONCE_BYTES[row.reading["format"]]:
        work(row.pk)
    else:
        transaction.on_commit(lambda: wake_worker(row.pk, row.account_id))
    row.refresh_from_db()


def work(import_id: uuid.UUID) -> None:
    """Do what the import waits for, unless somebody does it already."""
    row = _claim(import_id)
    if row is None:
        return
    try:
        working.check(row) if row.state == ImportState.CHECKING else working.write(row)
    except working.Interrupted:
        log.info("number_import_interrupted", number_import=str(row.pk))
    except ImportRefused as error:
        _end(row, ImportState.REFUSED, error.as_json)
    except Exception:
        log.exception("number_import_broke", number_import=str(row.pk))
        _end(row, ImportState.FAILED, {"code": "broke", "params": {}})


def _claim(import_id: uuid.UUID) -> NumberImport | None:
    """Exactly one of many workers gets it."""
    token = uuid.uuid4()
    for waiting, working_on in CLAIMS.items():
        claimed = NumberImport.objects.filter(pk=import_id, state=waiting).update(
            state=working_on, claim=token, lease_until=working.lease(), attempts=F("attempts") + 1
        )
        if claimed:
            return NumberImport.objects.select_related("account").get(pk=import_id, claim=token)
    return None


CLAIMS = {ImportState.UPLOADED: ImportState.CHECKING, ImportState.CONFIRMED: ImportState.WRITING}


def _end(row: NumberImport, state: str, error: dict[str, Any]) -> None:
    ended = NumberImport.objects.filter(pk=row.pk, claim=row.claim).update(
        state=state, error=error, claim=None, lease_until=None, finished_at=timezone.now()
    )
    if ended and state == ImportState.REFUSED:
        NumberImportFile.objects.filter(number_import=row.pk).update(content=b"", judged=b"")


def sweep() -> dict[str, int]:
    """Find what was lost: imports of dead workers, and such for which no worker was woken; forget old ones.

    Crosses accounts on purpose: it moves rows and reads nothing of them. Returns how many of each.
    """
    with scopes_disabled():
        expired = NumberImport.objects.filter(state__in=CLAIMS.values(), lease_until__lt=timezone.now())
        lost = {"claim": None, "lease_until": None}
        failed = expired.filter(attempts__gte=MOST_ATTEMPTS).update(
            state=ImportState.FAILED, error={"code": "worker_lost", "params": {}}, finished_at=timezone.now(), **lost
        )
        released = sum(
            expired.filter(state=working_on).update(state=waiting, woken_at=None, **lost)
            for waiting, working_on in CLAIMS.items()
        )
        if released or failed:
            log.warning("number_import_claims_expired", released=released, failed=failed)
        old = timezone.now() - dt.timedelta(days=KEEP_DAYS)
        deleted, _rows = NumberImport.objects.filter(uploaded_at__lt=old, claim=None).delete()
        return {"failed": failed, "released": released, "woken": _wake_forgotten(), "deleted": deleted}


def _wake_forgotten() -> int:
    forgotten = Q(woken_at=None) | Q(woken_at__lt=timezone.now() - dt.timedelta(seconds=WAKE_AGAIN_AFTER_S))
    rows = list(NumberImport.objects.filter(forgotten, state__in=CLAIMS).values_list("pk", "account_id")[:1000])
    for import_id, account_id in rows:
        with scope(account=account_id):
            wake_worker(import_id, account_id)
    return len(rows)
