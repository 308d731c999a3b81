"""Whose run is next: the accounts that have something due take turns, whoever queued how much.

Plain SQL with its states written out: SQLite uses a partial index only where it can read the condition.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.db import connection

# From one account to the next by the index, however many runs each of them has queued.
_ACCOUNTS = """
WITH RECURSIVE waiting (account_id) AS (
    SELECT min(account_id) FROM calls_run WHERE state = 'queued' AND due_at IS NOT NULL
    UNION ALL
    SELECT (
        SELECT min(account_id) FROM calls_run
        WHERE state = 'queued' AND due_at IS NOT NULL AND account_id > waiting.account_id
    ) FROM waiting WHERE waiting.account_id IS NOT NULL
)
SELECT account_id FROM waiting WHERE account_id IS NOT NULL AND EXISTS (
    SELECT 1 FROM calls_run
    WHERE state = 'queued' AND due_at IS NOT NULL AND calls_run.account_id = waiting.account_id AND due_at <= %s
)
"""


def due_accounts(now: datetime) -> list[int]:
    """Accounts with a run that is due, in the order of their ids. Asks across accounts, and reads nothing of them."""
    with connection.cursor() as cursor:
        cursor.execute(_ACCOUNTS, [connection.ops.adapt_datetimefield_value(now)])
        return sorted(account_id for (account_id,) in cursor.fetchall())


class Turns:
    """Whose turn it is, in one worker process: a round gives each account with something due one turn.

    Who comes while a round goes on is in the next one: the wait is one run of each other account at most.
    """

    def __init__(self, accounts: Callable[[datetime], list[int]] = due_accounts) -> None:
        self._accounts = accounts
        self._round: list[int] = []
        self._last = 0

    def next(self, now: datetime) -> int | None:
        """None: nothing is due anywhere."""
        if not self._round:
            due = self._accounts(now)
            # On from the last one served: short rounds must not begin with the same account each time.
            split = next((index for index, account_id in enumerate(due) if account_id > self._last), 0)
            self._round = due[split:] + due[:split]
        if not self._round:
            return None
        self._last = self._round.pop(0)
        return self._last
