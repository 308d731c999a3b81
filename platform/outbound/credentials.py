"""Looking auth profiles up by their name, from wherever requests are sent."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import Any

from django.db import Error as AnyDatabaseError
from django.db import transaction
from django.utils.translation import gettext as _
from django_scopes import scopes_disabled
from pydantic import ValidationError

from accounts.database import in_database
from outbound.auth.base import Credential
from outbound.errors import OutboundError
from outbound.models import AuthProfile
from outbound.secrets import SecretsUnreadable

# Together 5 s: the longest that a deleted or replaced profile may go on to be used in another process.
_FRESH_S = 4.0
_GRACE_S = 1.0
_PROFILES_MAX = 10_000

logger = logging.getLogger(__name__)

Found = Credential | OutboundError
"""Why a profile cannot be used is remembered, too."""


@dataclass(slots=True)
class _Entry:
    found: Found
    fresh_until_s: float


_entries: dict[tuple[int, str], _Entry] = {}
_generation = 0


def names(account_id: int) -> tuple[str, ...]:
    """The names of the account's profiles, as they are now. Asks the database: not inside an event loop."""
    with scopes_disabled():
        return tuple(AuthProfile.objects.filter(account_id=account_id).order_by("name").values_list("name", flat=True))


async def find(account_id: int, name: str) -> Credential:
    """The profile, at most 5 s old; needs no scope and never blocks the event loop.

    Raises :class:`OutboundError`, auth_failed, for one that is not there or cannot be opened. Without a
    database the last known one holds on.
    """
    key = (account_id, name)
    entry = _entries.get(key)
    now_s = time.monotonic()
    if entry is not None and now_s < entry.fresh_until_s:
        return _given(entry.found)
    if entry is not None and now_s < entry.fresh_until_s + _GRACE_S:
        # Others go on with what is known while this one looks.
        entry.fresh_until_s += _GRACE_S
    generation = _generation
    try:
        found = await in_database(_read)(account_id, name)
    except AnyDatabaseError:
        logger.warning("An auth profile cannot be read", exc_info=True, extra={"account": account_id})
        found = entry.found if entry is not None else _failure(name, _("it cannot be read at present."), False)
    else:
        if generation == _generation:
            if len(_entries) >= _PROFILES_MAX:
                _entries.clear()
            _entries[key] = _Entry(found, time.monotonic() + _FRESH_S)
    return _given(found)


def forget_profiles(**_signal: Any) -> None:
    """A receiver of signals: what is known is out of date, now and once the transaction is through."""
    _forget()
    transaction.on_commit(_forget)


def _forget() -> None:
    global _generation
    _generation += 1
    _entries.clear()


def _given(found: Found) -> Credential:
    if isinstance(found, OutboundError):
        # A new one: exceptions remember where they were raised, and by whom.
        raise OutboundError(found.message, found.code, found.permanent)
    return found


def _read(account_id: int, name: str) -> Found:
    with scopes_disabled():
        profile = AuthProfile.objects.filter(account_id=account_id, name=name).first()
    if profile is None:
        return _failure(name, _("there is none of this name."), True)
    try:
        return profile.credential()
    except SecretsUnreadable:
        logger.error("No key in SECRETS_KEYS opens an auth profile", extra={"account": account_id})
        return _failure(name, _("its secrets cannot be decrypted. They have to be entered again."), True)
    except (KeyError, ValidationError):
        # Of a kind, or with settings, of another version of the product.
        return _failure(name, _("its settings cannot be read. They have to be entered again."), True)


def _failure(name: str, reason: str, permanent: bool) -> OutboundError:
    facts = {"name": name, "reason": reason}
    return OutboundError(_("Auth profile “%(name)s”: %(reason)s") % facts, "auth_failed", permanent)
