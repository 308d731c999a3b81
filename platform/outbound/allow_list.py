"""Which private hosts an account may reach: its own rows, and those that the installation opens to all."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.db import Error as AnyDatabaseError
from django.db import transaction
from django_scopes import scopes_disabled

from accounts.database import in_database
from outbound.models import AllowedHost
from outbound.targets import HostAndPort, parse_entry

# Together 5 s: the longest that a withdrawn grant may go on to work in another process.
_FRESH_S = 4.0
_GRACE_S = 1.0
_ACCOUNTS_MAX = 10_000

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Entry:
    hosts: frozenset[HostAndPort]
    fresh_until_s: float


_entries: dict[int, _Entry] = {}
_generation = 0


async def is_granted(account_id: int, host: str, port: int) -> bool:
    """Whether the account may reach this host although it is private."""
    hosts = allowed_everywhere()
    if (host, port) in hosts or (host, None) in hosts:
        return True
    hosts = await allowed_private_hosts(account_id)
    return (host, port) in hosts or (host, None) in hosts


async def allowed_private_hosts(account_id: int) -> frozenset[HostAndPort]:
    """The account's own list, at most 5 s old; needs no scope and never blocks the event loop.

    Without a database the last known list holds on; if there is none, nothing is allowed.
    """
    entry = _entries.get(account_id)
    now_s = time.monotonic()
    if entry is not None and now_s < entry.fresh_until_s:
        return entry.hosts
    if entry is not None and now_s < entry.fresh_until_s + _GRACE_S:
        # Others go on with what is known while this one looks.
        entry.fresh_until_s += _GRACE_S
    generation = _generation
    try:
        hosts = await in_database(_read_hosts)(account_id)
    except AnyDatabaseError:
        logger.warning("The allow-list of private hosts cannot be read", exc_info=True, extra={"account": account_id})
        return entry.hosts if entry is not None else frozenset()
    if generation == _generation:
        if len(_entries) >= _ACCOUNTS_MAX:
            _entries.clear()
        _entries[account_id] = _Entry(hosts, time.monotonic() + _FRESH_S)
    return hosts


def forget_allowed_hosts(**_signal: Any) -> None:
    """A receiver of signals: what is known is out of date, now and once the transaction is through."""
    _forget()
    transaction.on_commit(_forget)


def _forget() -> None:
    global _generation
    _generation += 1
    _entries.clear()


def _read_hosts(account_id: int) -> frozenset[HostAndPort]:
    with scopes_disabled():
        rows = AllowedHost.objects.filter(account_id=account_id).values_list("host", "port")
        return frozenset((host, port) for host, port in rows)


def allowed_everywhere() -> frozenset[HostAndPort]:
    """``OUTBOUND_ALLOWED_PRIVATE_HOSTS``, parsed; raises :class:`InvalidHost` for a bad entry."""
    return _parse_entries(tuple(settings.OUTBOUND_ALLOWED_PRIVATE_HOSTS))


@lru_cache(maxsize=8)
def _parse_entries(entries: Sequence[str]) -> frozenset[HostAndPort]:
    return frozenset(parse_entry(entry) for entry in entries)
