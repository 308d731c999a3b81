"""A credential in one request: put in, kept from strangers, and taken out of everything that is shown."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from functools import lru_cache
from ssl import SSLContext
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from outbound.allow_list import is_granted
from outbound.auth.base import Applied, Credential, Fetch
from outbound.censoring import Censor
from outbound.credentials import find
from outbound.errors import MASK, OutboundError, shown_url
from outbound.hosts import matches
from outbound.messages import IncomingResponse, OutgoingRequest
from outbound.sessions import Identity
from outbound.targets import Target, parse_target

_CONTEXTS_MAX = 256
_contexts: dict[UUID, SSLContext] = {}

_SECRET_NAME = re.compile(r"auth|cookie|key|token|secret|passw|credential|signature", re.IGNORECASE)


@lru_cache(maxsize=1_024)
def _is_secret(name: str) -> bool:
    return _SECRET_NAME.search(name) is not None


class Authentication:
    """One profile, for one request to one host."""

    def __init__(self, credential: Credential, identity: Identity | None, fetch: Fetch) -> None:
        self.credential = credential
        self.identity = identity
        self._fetch = fetch
        self._applied: Applied | None = None
        self._censor = Censor(())

    @classmethod
    async def of(cls, account_id: int, name: str, target: Target, fetch: Fetch) -> Authentication:
        """Raises :class:`OutboundError`, auth_failed, also for a host that the profile is not meant for."""
        credential = await find(account_id, name)
        if credential.hosts and not any(matches(rule, target.host, target.port) for rule in credential.hosts):
            raise credential.failed(_("it may not be sent to %(host)s.") % {"host": target.host})
        if reason := await _read_by_all(account_id, target):
            raise credential.failed(reason)
        return cls(credential, await _identity(credential), fetch)

    async def apply(self, request: OutgoingRequest) -> tuple[OutgoingRequest, Target]:
        self._applied = await self.credential.kind.apply(request, self.credential, self._fetch)
        self._censor = Censor(self._applied.hidden)
        authenticated = self._applied.request
        authenticated.check()
        return authenticated, parse_target(authenticated.url, authenticated.query_pairs())

    def renew(self) -> bool:
        """After a 401: whether another try can go better."""
        return self._applied is not None and self.credential.kind.renew(self.credential, self._applied)

    def leave(self, request: OutgoingRequest) -> tuple[OutgoingRequest, Target]:
        """``request`` goes to another host, where a server sent it: without what that server was told."""
        target = parse_target(request.url)
        finds = self._censor.finds
        pairs = [(name, value) for name, value in target.url.query.items() if not finds(value)]
        if len(pairs) < len(target.url.query):
            request = replace(request, url=str(target.url.with_query(pairs)))
            target = parse_target(request.url)
        if finds(str(target.url)):
            message = _("A redirect would take the credential of the profile “%(name)s” to another host: refused.")
            raise OutboundError(message % {"name": self.credential.name}, "insecure_redirect", True)
        return request, target

    def censor(self, response: IncomingResponse) -> IncomingResponse:
        """The answer without the credential, should the server have repeated it."""
        clean = self._censor.clean_text
        headers = {name: clean(value) for name, value in response.headers.items()}
        return replace(response, headers=headers, body=self._censor.clean(response.body), url=clean(response.url))

    def shown(self, name: str, value: str, given: dict[str, str]) -> str:
        """One value of the request as it was sent; what the profile put there is masked as a whole."""
        return MASK if given.get(name) != value else self._censor.clean_text(value)


def request_shown(
    given: OutgoingRequest, sent: OutgoingRequest, authentication: Authentication | None
) -> dict[str, Any]:
    """For traces: the request as it was sent, all credentials masked. Without its body."""
    shown: dict[str, Any] = {"method": sent.method, "url": shown_url(sent.url)}
    for part, before, after in (
        ("query", dict(given.query_pairs()), dict(sent.query_pairs())),
        ("headers", dict(given.headers), dict(sent.headers)),
    ):
        values = {
            name: MASK if _is_secret(name) else (authentication.shown(name, value, before) if authentication else value)
            for name, value in after.items()
        }
        if values:
            shown[part] = values
    if authentication is not None:
        shown["auth_profile"] = authentication.credential.name
    return shown


async def refuse_plain_text(account_id: int, request: OutgoingRequest) -> None:
    """For requests of kinds themselves, which hold secrets, too; raises :class:`OutboundError`, auth_failed."""
    if reason := await _read_by_all(account_id, parse_target(request.url)):
        raise OutboundError(reason, "auth_failed", True)


async def _read_by_all(account_id: int, target: Target) -> str:
    """Why a secret may not go there without TLS, or ''. Staff may grant hosts for which it may."""
    if target.url.scheme == "https" or await is_granted(account_id, target.host, target.port):
        return ""
    message = _("it is not sent to %(host)s over http://, where others could read it. Write https://.")
    return message % {"host": target.host}


async def _identity(credential: Credential) -> Identity | None:
    if not credential.kind.has_tls_context:
        return None
    context = _contexts.get(credential.revision)
    if context is None:
        context = await asyncio.to_thread(credential.kind.tls_context, credential)
        if len(_contexts) >= _CONTEXTS_MAX:
            _contexts.clear()
        _contexts[credential.revision] = context
    return Identity(credential.revision, context)
