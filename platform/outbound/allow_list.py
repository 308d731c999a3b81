"""Which private hosts an account may reach: its own rows, and those that the installation opens to all."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import lru_cache

from django.conf import settings
from django.db import Error as AnyDatabaseError
from django_scopes import scopes_disabled

from accounts.database import in_database
from accounts.remembered import Remembered
from outbound.models import AllowedHost
from outbound.targets import HostAndPort, parse_entry

# Together 5 s: the longest that a withdrawn grant may go on to work in another process.
_FRESH_S = 4.0
_GRACE_S = 1.0

logger = logging.getLogger(__name__)


known: Remembered[int, frozenset[HostAndPort]] = Remembered(_FRESH_S)


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
    if (fresh := known.fresh(account_id)) is not None:
        return fresh
    known.extend(account_id, _GRACE_S)
    generation = known.generation
    try:
        hosts = await in_database(_read_hosts)(account_id)
    except AnyDatabaseError:
        logger.warning("The allow-list of private hosts cannot be read", exc_info=True, extra={"account": account_id})
        return known.last(account_id) or frozenset()
    known.keep(account_id, hosts, generation)
    return hosts


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
