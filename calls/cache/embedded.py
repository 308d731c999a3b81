"""The store without a server: this process's memory, and a table that its neighbours on the same database share."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import structlog
from django.conf import settings
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import Q, Sum
from django.utils import timezone
from django_scopes import scope, scopes_disabled

from accounts.database import in_database
from calls.cache import live
from calls.cache.entries import Entry, pack, unpack
from calls.cache.rows import CacheEntry, CacheState, ForgottenNumber
from calls.cache.stores import LEASE_S, Slot

log = structlog.get_logger(__name__)

MEMORY_ENTRIES = 10_000
MEMORY_BYTES = 32 * 1024**2
OVERHEAD_BYTES = 500
"""What one remembered entry takes besides its content, roughly."""
FORGOTTEN_FOR = dt.timedelta(seconds=60)
"""Longer than any result may be in the making."""
SWEPT_AT_ONCE = 1000

MemoryKey = tuple[int, int, str, str]


class Memory:
    """Entries of this process, bounded in number and size; the one used last is the last to go."""

    def __init__(self, most: int = MEMORY_ENTRIES, most_bytes: int = MEMORY_BYTES) -> None:
        self._most, self._most_bytes = most, most_bytes
        self._entries: OrderedDict[MemoryKey, Entry] = OrderedDict()
        self._versions: dict[int, int] = {}
        self._bytes = 0

    def get(self, slot: Slot) -> Entry | None:
        if self._versions.get(slot.account_id, slot.version) != slot.version:
            self._forget_account(slot.account_id)
        self._versions[slot.account_id] = slot.version
        key = _memory_key(slot)
        entry = self._entries.get(key)
        if entry is not None:
            self._entries.move_to_end(key)
        return entry

    def put(self, slot: Slot, entry: Entry) -> None:
        if self._versions.get(slot.account_id, slot.version) != slot.version:
            # Read or made before something was taken away: perhaps this.
            return
        key = _memory_key(slot)
        if (old := self._entries.pop(key, None)) is not None:
            self._bytes -= old.size + OVERHEAD_BYTES
        self._entries[key] = entry
        self._bytes += entry.size + OVERHEAD_BYTES
        while len(self._entries) > self._most or self._bytes > self._most_bytes:
            _key, gone = self._entries.popitem(last=False)
            self._bytes -= gone.size + OVERHEAD_BYTES

    def _forget_account(self, account_id: int) -> None:
        for key in [key for key in self._entries if key[0] == account_id]:
            self._bytes -= self._entries.pop(key).size + OVERHEAD_BYTES

    def __len__(self) -> int:
        return len(self._entries)


def _memory_key(slot: Slot) -> MemoryKey:
    return slot.account_id, slot.action_id, slot.generation, slot.name


class EmbeddedStore:
    """See :class:`calls.cache.stores.Store`."""

    def __init__(self) -> None:
        self.memory = Memory()

    async def get(self, slot: Slot, *, anew: bool = False) -> Entry | None:
        remembered = self.memory.get(slot)
        if not anew and remembered is not None and remembered.is_fresh(live.now()):
            return remembered
        try:
            sealed = await in_database(_read)(slot)
        except DatabaseError as error:
            log.warning("cache_unreadable", error=type(error).__name__)
            return None
        entry = unpack(sealed) if sealed else None
        if entry is not None:
            self.memory.put(slot, entry)
        return entry

    async def claim(self, slot: Slot, token: str) -> bool:
        try:
            return await in_database(_claim)(slot, token)
        except DatabaseError as error:
            log.warning("cache_unwritable", error=type(error).__name__)
            return True

    async def renew(self, slot: Slot, token: str) -> None:
        await self._write(_renew, slot, token)

    async def put(self, slot: Slot, entry: Entry) -> None:
        sealed = pack(entry)
        if sealed is not None and await self._write(_put, slot, entry, sealed):
            self.memory.put(slot, dataclasses.replace(entry, size=len(sealed)))

    async def release(self, slot: Slot, token: str) -> None:
        await self._write(_release, slot, token)

    async def close(self) -> None:
        self.memory = Memory()

    async def _write(self, function: Callable[..., bool], *arguments: object) -> bool:
        try:
            return await in_database(function)(*arguments)
        except DatabaseError as error:
            log.warning("cache_unwritable", error=type(error).__name__)
            return False


# --- rows -----------------------------------------------------------------------------------------


def _of(slot: Slot) -> dict[str, Any]:
    return {
        "account_id": slot.account_id,
        "action_id": slot.action_id,
        "generation": slot.generation,
        "name": slot.name,
    }


def _read(slot: Slot) -> str:
    with scope(account=slot.account_id):
        rows = CacheEntry.objects.filter(**_of(slot), kept_until__gt=timezone.now())
        return rows.values_list("value", flat=True).first() or ""


def _claim(slot: Slot, token: str) -> bool:
    now = timezone.now()
    lease = {"lease": token, "lease_until": now + dt.timedelta(seconds=LEASE_S)}
    with scope(account=slot.account_id):
        rows = CacheEntry.objects.filter(**_of(slot))
        if rows.filter(Q(lease="") | Q(lease_until__lt=now)).update(**lease):
            return True
        if rows.exists():
            return False
        try:
            with transaction.atomic():
                CacheEntry.objects.create(**_of(slot), **lease, kept_until=now + FORGOTTEN_FOR)
        except IntegrityError:
            return False
        return True


def _renew(slot: Slot, token: str) -> bool:
    with scope(account=slot.account_id):
        until = timezone.now() + dt.timedelta(seconds=LEASE_S)
        return bool(CacheEntry.objects.filter(**_of(slot), lease=token).update(lease_until=until))


def _put(slot: Slot, entry: Entry, sealed: str) -> bool:
    columns = {
        "number": slot.number,
        "value": sealed,
        "size": len(sealed),
        "made_at": dt.datetime.fromtimestamp(entry.made_at, dt.UTC),
        "kept_until": dt.datetime.fromtimestamp(entry.kept_until, dt.UTC),
        "lease": "",
        "lease_until": None,
    }
    with scope(account=slot.account_id), transaction.atomic():
        live.lock_account(slot.account_id)
        if slot.number and ForgottenNumber.objects.filter(number=slot.number, until__gt=timezone.now()).exists():
            return False
        CacheEntry.objects.update_or_create(defaults=columns, **_of(slot))
        return True


def _release(slot: Slot, token: str) -> bool:
    with scope(account=slot.account_id):
        rows = CacheEntry.objects.filter(**_of(slot), lease=token)
        return bool(rows.filter(value="").delete()[0] or rows.update(lease="", lease_until=None))


# --- emptying -------------------------------------------------------------------------------------


def forget_number(account_id: int, number: str) -> int:
    """Erase what was made in calls with this number (its digest). Returns how many results there were."""
    until = timezone.now() + FORGOTTEN_FOR
    with transaction.atomic():
        live.lock_account(account_id)
        ForgottenNumber.objects.update_or_create(account_id=account_id, number=number, defaults={"until": until})
        return CacheEntry.objects.filter(number=number).delete()[0]


def forget_name(account_id: int, action_id: int, name: str) -> int:
    return CacheEntry.objects.filter(account_id=account_id, action_id=action_id, name=name).delete()[0]


def ages_of(account_id: int, action_id: int, generation: str) -> tuple[int, dt.datetime | None, dt.datetime | None]:
    """(how many results are kept, when the oldest and the newest were made)."""
    rows = CacheEntry.objects.filter(
        account_id=account_id, action_id=action_id, generation=generation, kept_until__gt=timezone.now()
    ).exclude(value="")
    times = rows.order_by("made_at").values_list("made_at", flat=True)
    return rows.count(), times.first(), times.last()


def sweep() -> int:
    """Erase what nobody may be given any more, and the oldest above the bounds. Returns how many rows there were."""
    with scopes_disabled():
        gone = CacheEntry.objects.filter(kept_until__lt=timezone.now()).delete()[0]
        ForgottenNumber.objects.filter(until__lt=timezone.now()).delete()
        gone += _sweep_emptied()
        return gone + _sweep_surplus()


def _sweep_emptied() -> int:
    gone = 0
    emptied = set(CacheState.objects.filter(generation__gt=0).values_list("account_id", flat=True))
    known = CacheEntry.objects.filter(account_id__in=emptied).values_list("account_id", "action_id", "generation")
    for account_id, action_id, generation in known.order_by().distinct():
        if live.read_live(account_id).generation_of(action_id) != generation:
            rows = CacheEntry.objects.filter(account_id=account_id, action_id=action_id, generation=generation)
            gone += rows.delete()[0]
    return gone


def _sweep_surplus() -> int:
    gone = 0
    while True:
        count, size = CacheEntry.objects.count(), CacheEntry.objects.aggregate(size=Sum("size"))["size"] or 0
        surplus = count - settings.BEFORE_CACHE_MAX_ENTRIES
        if surplus <= 0 and size <= settings.BEFORE_CACHE_MAX_BYTES:
            return gone
        wanted = max(surplus, SWEPT_AT_ONCE // 10)
        oldest = CacheEntry.objects.order_by("made_at").values_list("pk", flat=True)[: min(wanted, SWEPT_AT_ONCE)]
        gone += CacheEntry.objects.filter(pk__in=list(oldest)).delete()[0]
