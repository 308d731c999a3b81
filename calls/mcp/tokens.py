"""The token of one call: what an MCP client presents instead of an API key.

It is made from the call's id and so is the same whenever it is asked for: nothing keeps it. It ends with the call,
or with its time.
"""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.signing import BadSignature, Signer, b64_encode
from django.utils.crypto import salted_hmac
from django_scopes import scope, scopes_disabled

from accounts.models import Account
from calls.models import Call, CallState

LIFETIME_S = 4 * 3600
"""No call lasts longer, and none is given back to a token that was lost."""

PREFIX = "tqc_"
PATH = "/mcp"
LONGEST = 500
STATE_KEY = "triptyque.call"
"""Where the edge puts the :class:`OpenCall` into the ASGI scope."""

SALT = "calls.mcp"
_signer = Signer(salt=SALT)
# What the signer makes anew for each token: the hash that its key and salt lead to.
_KEYED = salted_hmac(f"{SALT}signer", b"", _signer.key, algorithm=_signer.algorithm)


@dataclass(frozen=True, slots=True)
class OpenCall:
    """The call that a token opens, and what its requests need of it."""

    account: Account
    call_id: UUID
    release_id: int


def access_json(account: Account, call_id: UUID) -> dict[str, Any]:
    """Where the call's MCP server is and what opens it, for the runtime."""
    return {
        "url": f"{settings.PUBLIC_URL}{PATH}",
        "token": token_for(account, call_id),
        "expires_at": dt.datetime.fromtimestamp(_expires_s(call_id), dt.UTC),
    }


def token_for(account: Account, call_id: UUID) -> str:
    """What ``_signer.sign_object`` gives, with its key hashed once."""
    value = b64_encode(f'[{account.id},"{call_id.hex}"]'.encode())
    signature = _KEYED.copy()
    signature.update(value)
    return f"{PREFIX}{value.decode()}:{b64_encode(signature.digest()).decode()}"


def open_call(token: str) -> OpenCall | None:
    """The call, while it lasts; None for any other token, which is not told why."""
    named = _read(token)
    if named is None:
        return None
    account_id, call_id = named
    if time.time() >= _expires_s(call_id):
        return None
    with scopes_disabled():
        account = Account.objects.filter(pk=account_id, is_active=True).first()
    if account is None:
        return None
    with scope(account=account):
        found = Call.objects.filter(pk=call_id).exclude(state=CallState.COMPLETED)
        release_id = found.values_list("release_id", flat=True).first()
    return None if release_id is None else OpenCall(account, call_id, release_id)


def _read(token: str) -> tuple[int, UUID] | None:
    if not token.startswith(PREFIX) or len(token) > LONGEST:
        return None
    try:
        account_id, call_id = _signer.unsign_object(token.removeprefix(PREFIX))
        return account_id, UUID(hex=call_id)
    except (BadSignature, ValueError):
        return None


def _expires_s(call_id: UUID) -> int:
    """Seconds since the epoch, whole ones: fractions are not written the same way by every encoder of JSON.

    A UUID of version 7 begins with its milliseconds.
    """
    return (call_id.int >> 80) // 1000 + LIFETIME_S
