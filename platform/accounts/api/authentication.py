"""Who is asking: a program with an API key, or a member with an admin session."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django_scopes import scopes_disabled
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts import keys
from accounts.models import Account, ApiKey, KeyScope, Membership

LAST_USED_EVERY = dt.timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Access:
    """What the asker may do, in which account; DRF keeps it as ``request.auth``."""

    account: Account
    may_call: bool
    may_read_configuration: bool
    may_edit_configuration: bool


class ApiKeyAuthentication(BaseAuthentication):
    """``Authorization: Bearer tq_…`` or ``X-Api-Key: tq_…``."""

    def authenticate(self, request: Request) -> tuple[None, Access] | None:
        plain_text = _presented_key(request)
        if plain_text is None:
            return None
        key = find_key(plain_text)
        if key is None:
            raise AuthenticationFailed(_("This API key is unknown, expired or revoked."))
        configures = KeyScope.CONFIG in key.scopes
        return None, Access(
            account=key.account,
            may_call=KeyScope.CALLS in key.scopes,
            may_read_configuration=configures,
            may_edit_configuration=configures,
        )

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class MemberSessionAuthentication(SessionAuthentication):
    """The admin's session, in the account that the member is working in."""

    def authenticate(self, request: Request) -> tuple[object, Access] | None:
        found = super().authenticate(request)
        account: Account | None = getattr(request._request, "account", None)
        if found is None or account is None:
            return None
        membership: Membership | None = getattr(request._request, "membership", None)
        edits = found[0].is_staff or (membership is not None and membership.may_edit)
        return found[0], Access(
            account=account, may_call=edits, may_read_configuration=True, may_edit_configuration=edits
        )


def find_key(plain_text: str) -> ApiKey | None:
    """The usable key with this plain text; notes that it was used. Crosses accounts: the key tells which."""
    prefix = keys.prefix_of(plain_text)
    if prefix is None:
        return None
    with scopes_disabled():
        key = ApiKey.objects.select_related("account").filter(prefix=prefix).first()
        if key is None or not keys.matches(plain_text, key.secret_hash):
            return None
        if not key.is_usable or not key.account.is_active:
            return None
        _note_use(key)
    return key


def _note_use(key: ApiKey) -> None:
    now = timezone.now()
    stale = Q(last_used_at=None) | Q(last_used_at__lt=now - LAST_USED_EVERY)
    if key.last_used_at is None or key.last_used_at < now - LAST_USED_EVERY:
        ApiKey.objects.filter(stale, pk=key.pk).update(last_used_at=now)


def _presented_key(request: HttpRequest | Request) -> str | None:
    if header := request.headers.get("X-Api-Key"):
        return header.strip()
    scheme, _space, value = request.headers.get("Authorization", "").partition(" ")
    return value.strip() if scheme.lower() == "bearer" else None
