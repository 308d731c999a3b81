"""The statements by which runs are claimed; plain SQL, for each of them is asked for several times a call.

States are written out: SQLite uses a partial index only where it can read the condition.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from accounts.statements import Table, not_flushed
from actions.contract import JSON
from calls import records
from calls.models import Call, Run

CALLS, RUNS = Table(Call), Table(Run)

_TAKE = """
UPDATE calls_run SET state = 'running', claim = %s, attempt = attempt + 1, started_at = %s, lease_until = %s
WHERE state = 'queued' AND id = (
    SELECT id FROM calls_run
    WHERE state = 'queued' AND due_at IS NOT NULL AND account_id = %s AND due_at <= %s
    ORDER BY due_at LIMIT 1 {lock}
){not_flushed} RETURNING id
"""
_CLAIMED = f"""
SELECT {RUNS.columns}, {CALLS.columns} FROM calls_run JOIN calls_call ON calls_call.id = calls_run.call_id
WHERE calls_run.account_id = %s AND calls_run.claim = %s AND calls_run.{{key}} = %s
"""  # noqa: S608
_MERGE = "UPDATE calls_call SET parameters = parameters || %s WHERE id = %s AND account_id = %s"
OF_RUN, OF_CALL = _CLAIMED.format(key="id"), _CLAIMED.format(key="call_id")


def take(account_id: int, claim: UUID, *, now: datetime, lease_until: datetime) -> UUID | None:
    """Claim the account's run that is due for the longest; None: nothing is due.

    Who looks at the same instant gets the next one: rows that others are about to take are passed over. A claim is on
    the disk together with what is written next for its run: its delivery, before anything leaves, or its end.
    """
    lock = "FOR UPDATE SKIP LOCKED" if connection.features.has_select_for_update_skip_locked else ""
    columns = RUNS.given({"claim": claim, "started_at": now, "lease_until": lease_until})
    with connection.cursor() as cursor:
        statement = _TAKE.format(lock=lock, not_flushed=not_flushed())
        cursor.execute(statement, [*columns, *RUNS.given({"account_id": account_id, "due_at": now})])
        found = cursor.fetchone()
    return UUID(str(found[0])) if found else None


def claimed(which: str, account_id: int, claim: UUID, key: UUID) -> Run:
    """The run with its call: ``which`` is OF_RUN or OF_CALL, whose id ``key`` is. Raises Run.DoesNotExist."""
    given: list[Any] = RUNS.given({"account_id": account_id, "claim": claim, "id": key})
    with connection.cursor() as cursor:
        cursor.execute(which, given)
        found = cursor.fetchone()
    if found is None:
        raise Run.DoesNotExist
    run = RUNS.row(found[: RUNS.width])
    run.call = CALLS.row(found[RUNS.width :])
    return run


def merge_parameters(run: Run, variables: Mapping[str, JSON]) -> None:
    """Into those of the run's call, in the caller's transaction."""
    if not variables:
        return
    if connection.vendor != "postgresql":
        records.merge_parameters(run.call_id, variables)
        return
    with connection.cursor() as cursor:
        cursor.execute(
            _MERGE, CALLS.given({"parameters": dict(variables), "id": run.call_id, "account_id": run.account_id})
        )
