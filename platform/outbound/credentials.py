"""Looking auth profiles up by their name, from wherever requests are sent."""

from __future__ import annotations

import logging

from django.db import Error as AnyDatabaseError
from django.utils.translation import gettext as _
from django_scopes import scopes_disabled
from pydantic import ValidationError

from accounts.database import in_database
from accounts.remembered import Remembered
from outbound.auth.base import Credential
from outbound.errors import OutboundError
from outbound.models import AuthProfile
from outbound.secrets import SecretsUnreadable

# Together 5 s: the longest that a deleted or replaced profile may go on to be used in another process.
_FRESH_S = 4.0
_GRACE_S = 1.0

logger = logging.getLogger(__name__)

Found = Credential | OutboundError
"""Why a profile cannot be used is remembered, too."""


known: Remembered[tuple[int, str], Found] = Remembered(_FRESH_S)


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
    if (fresh := known.fresh(key)) is not None:
        return _given(fresh)
    known.extend(key, _GRACE_S)
    generation = known.generation
    try:
        found = await in_database(_read)(account_id, name)
    except AnyDatabaseError:
        logger.warning("An auth profile cannot be read", exc_info=True, extra={"account": account_id})
        found = known.last(key) or _failure(name, _("it cannot be read at present."), False)
    else:
        known.keep(key, found, generation)
    return _given(found)


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
