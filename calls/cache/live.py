"""What is decided about kept results between releases: emptied, paused. Asked of the database once a second at most.

The process that decides knows at once; on PostgreSQL a trigger tells the others (``calls.hot.changes``), elsewhere they
know a second later.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django_scopes import scope

from accounts.database import in_database
from accounts.remembered import Remembered
from calls.cache.rows import CacheState

KNOWN_FOR_S, GRACE_S = 0.8, 0.2


@dataclass(frozen=True, slots=True)
class Live:
    """Of one account. ``version`` changes with every decision."""

    version: int = 0
    emptied: int = 0
    generations: Mapping[int, int] = field(default_factory=dict)
    paused: frozenset[int] = frozenset()

    def generation_of(self, action_id: int) -> str:
        return f"{self.emptied}.{self.generations.get(action_id, 0)}"

    def is_paused(self, action_id: int) -> bool:
        return 0 in self.paused or action_id in self.paused


_known: Remembered[int, Live] = Remembered(KNOWN_FOR_S)
forget = _known.forget_now


async def live_of(account_id: int) -> Live:
    """Inside the account's scope."""
    known = _known.fresh(account_id)
    if known is not None:
        return known
    # While this call asks, others need not.
    _known.extend(account_id, GRACE_S)
    generation = _known.generation
    found = await in_database(read_live)(account_id)
    _known.keep(account_id, found, generation)
    return found


def read_live(account_id: int) -> Live:
    with scope(account=account_id):
        rows = list(CacheState.objects.values_list("action_id", "generation", "version", "is_paused"))
    whole = next((row for row in rows if row[0] == 0), (0, 0, 0, False))
    return Live(
        version=whole[2],
        emptied=whole[1],
        generations={row[0]: row[1] for row in rows if row[0]},
        paused=frozenset(row[0] for row in rows if row[3]),
    )


def empty(account_id: int, action_id: int = 0) -> None:
    """No result that the action (0: any of the account) has now is ever served again. One row changes."""
    _decide(account_id, action_id, generation=F("generation") + 1)


def pause(account_id: int, action_id: int, *, paused: bool) -> None:
    _decide(account_id, action_id, is_paused=paused)


def changed(account_id: int) -> None:
    """Single results were taken away: whoever remembers any looks again."""
    _decide(account_id, 0)


def _decide(account_id: int, action_id: int, **columns: object) -> None:
    with transaction.atomic():
        lock_account(account_id)
        if action_id:
            CacheState.objects.get_or_create(account_id=account_id, action_id=action_id)
        rows = CacheState.objects.filter(account_id=account_id)
        if columns:
            rows.filter(action_id=action_id).update(**columns)
        rows.filter(action_id=0).update(version=F("version") + 1)
        _known.forget()


def lock_account(account_id: int) -> None:
    """Inside a transaction: whoever keeps a result and whoever forgets a number come one after the other."""
    CacheState.objects.get_or_create(account_id=account_id, action_id=0)
    CacheState.objects.select_for_update(no_key=True).get(account_id=account_id, action_id=0)


def now() -> float:
    """Seconds of the epoch, as every process sees them."""
    return timezone.now().timestamp()
