"""Claiming a run: exactly one of many workers gets it, on every database."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django.utils import timezone

from calls.after.picking import Turns
from calls.after.statements import OF_RUN, claimed, take
from calls.models import Run, RunState

LEASE_S = 20
"""How long a worker that says nothing more counts as alive (``calls.after.leases`` renews it)."""

_turns = Turns()


def claim_next(turns: Turns = _turns) -> Run | None:
    """A run that is due, with its call, of the account whose turn it is; None: nothing is due. Needs no scope."""
    while (account_id := turns.next(now := timezone.now())) is not None:
        token = uuid.uuid4()
        run_id = take(account_id, token, now=now, lease_until=lease_from(now))
        if run_id is not None:
            return claimed(OF_RUN, account_id, token, run_id)
    return None


def claimed_columns() -> dict[str, Any]:
    """What a run becomes when a worker takes it, but for the number of its attempt."""
    now = timezone.now()
    return {"state": RunState.RUNNING, "claim": uuid.uuid4(), "started_at": now, "lease_until": lease_from(now)}


def lease_from(now: dt.datetime) -> dt.datetime:
    return now + dt.timedelta(seconds=LEASE_S)
