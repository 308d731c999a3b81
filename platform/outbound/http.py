"""Sending one HTTP request: bounded in time, size and hops, and only to where the account may go.

``send`` may be called from any event loop. Whoever runs the loop closes it: ``close_session`` at a server's
shutdown, ``async with session_scope()`` around everything else.
"""

from __future__ import annotations

import asyncio
import io
import os
import ssl
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import aiohttp
from aiohttp.http_exceptions import ContentEncodingError
from django.utils.translation import gettext as _

from outbound.allow_list import is_granted
from outbound.authentication import Authentication, refuse_plain_text, request_shown
from outbound.circuits import DEAD_STATUSES, Progress, visit
from outbound.errors import OutboundError, shown_url
from outbound.guard import BlockedAddress, Guard
from outbound.messages import IncomingResponse, OutgoingRequest
from outbound.redirects import STATUSES, follow
from outbound.sessions import Identity, borrowed_session, close_session, session_scope
from outbound.targets import Target, parse_target

__all__ = [
    "IncomingResponse",
    "OutboundError",
    "OutgoingRequest",
    "close_session",
    "send",
    "session_scope",
    "shown_url",
]

MAX_BYTES = 1_048_576
MAX_REDIRECTS = 3
TOKEN_DEADLINE_S = 10.0

# Up to this size the client writes head and body at once; above it, piece by piece.
_BODY_AT_ONCE_BYTES = 1_048_576


@dataclass(frozen=True, slots=True)
class _Limits:
    account_id: int
    max_bytes: int
    max_redirects: int
    progress: Progress
    began_s: float


async def send(
    request: OutgoingRequest,
    *,
    account_id: int,
    deadline_s: float,
    max_bytes: int = MAX_BYTES,
    max_redirects: int = MAX_REDIRECTS,
    auth_profile: str | None = None,
) -> IncomingResponse:
    """Send ``request`` for an account and read the whole answer, whatever its status.

    ``deadline_s`` covers everything from the name look-up to the last byte, redirects and the fetching of a
    token included; ``max_bytes`` bounds the decompressed body. ``auth_profile`` names the profile of the
    account that is put into the request; it goes to the host of the request only, whatever redirects say.
    Raises :class:`OutboundError`.
    """
    began_s = time.perf_counter()
    if not request.method.isupper():
        request = replace(request, method=request.method.upper())
    request.check()
    target = parse_target(request.url, request.query_pairs())
    limits = _Limits(account_id, max_bytes, max_redirects, Progress(), began_s)
    if deadline_s > 0:
        with suppress(TimeoutError):
            async with asyncio.timeout(deadline_s):
                return await _send_authenticated(request, target, limits, auth_profile)
    raise _out_of_time(target, deadline_s, limits.progress)


async def _send_authenticated(
    request: OutgoingRequest, target: Target, limits: _Limits, auth_profile: str | None
) -> IncomingResponse:
    if not auth_profile:
        return await _send_and_follow(request, target, limits, None)
    authentication = await Authentication.of(
        limits.account_id, auth_profile, target, partial(_fetch, account_id=limits.account_id)
    )
    response = await _send_and_follow(request, target, limits, authentication)
    if response.status == 401 and authentication.renew():
        response = await _send_and_follow(request, target, limits, authentication)
    return response


async def _fetch(request: OutgoingRequest, *, account_id: int) -> IncomingResponse:
    """A token: in its own time, for others may wait for it, too; and from where it was asked for only."""
    await refuse_plain_text(account_id, request)
    return await send(request, account_id=account_id, deadline_s=TOKEN_DEADLINE_S, max_redirects=0)


async def _send_and_follow(
    request: OutgoingRequest, target: Target, limits: _Limits, authentication: Authentication | None
) -> IncomingResponse:
    """``request`` stays free of credentials: each hop to the host that they are for gets them anew."""
    first, sent = target, None
    for hop in range(limits.max_redirects + 1):
        outgoing, to = request, target
        if authentication is not None:
            limits.progress.authenticating = authentication.credential.name
            outgoing, to = await authentication.apply(request)
            limits.progress.authenticating = ""
        sent = sent or request_shown(request, outgoing, authentication)
        identity = authentication.identity if authentication else None
        response = await _send_once(outgoing, to, limits, identity, hop, sent)
        location = response.headers.get("location")
        if response.status not in STATUSES or location is None:
            return authentication.censor(response) if authentication is not None else response
        request, target = follow(request, target, response.status, location)
        if authentication is not None and target.origin != first.origin:
            request, target = authentication.leave(request)
            authentication = None
    if not limits.max_redirects:
        message = _("The answer redirects to %(url)s: redirects are not followed.") % {"url": shown_url(target.url)}
        raise OutboundError(message, "too_many_redirects", True)
    message = _("More than %(count)d redirects: the last one leads to %(url)s.")
    raise OutboundError(message % {"count": limits.max_redirects, "url": shown_url(target.url)}, "too_many_redirects")


async def _send_once(
    request: OutgoingRequest,
    target: Target,
    limits: _Limits,
    identity: Identity | None,
    hop: int,
    sent: Mapping[str, Any],
) -> IncomingResponse:
    granted = await is_granted(limits.account_id, target.host, target.port)
    async with visit((limits.account_id, target.origin), limits.progress) as this:
        try:
            if target.address is not None:
                # The client does not resolve addresses, so that its resolver never sees them.
                Guard(granted).check(target.host, target.host)
            async with borrowed_session(granted=granted, identity=identity) as session:
                status, headers, body = await _exchange(session, request, target, limits.max_bytes)
        except TimeoutError:
            raise
        except (aiohttp.ClientError, OSError) as exception:
            error = _explain(exception, target)
        else:
            this.failed = status in DEAD_STATUSES
            elapsed_ms = (time.perf_counter() - limits.began_s) * 1000
            return IncomingResponse(status, headers, body, elapsed_ms, str(target.url), hop, sent)
        # Outside of the handler: the client's exceptions show whole URLs and headers, and would be logged as context.
        raise error


async def _exchange(
    session: aiohttp.ClientSession, request: OutgoingRequest, target: Target, max_bytes: int
) -> tuple[int, dict[str, str], bytes]:
    """Status, headers, body."""
    response = await session.request(
        request.method,
        target.url,
        headers=request.headers,
        data=_payload(request.body),
        allow_redirects=False,
    )
    try:
        redirected = response.status in STATUSES and "Location" in response.headers
        body = b"" if redirected else await _read(response, target, max_bytes)
    finally:
        # Gives the connection back to the pool if the body was read to its end, and closes it if not.
        response.release()
    headers: dict[str, str] = {}
    for name, value in response.headers.items():
        name, value = name.lower(), _storable(value)
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return response.status, headers, body


def _out_of_time(target: Target, deadline_s: float, progress: Progress) -> OutboundError:
    facts = {"url": shown_url(target.url), "seconds": f"{max(0.0, deadline_s):.3g}"}
    if progress.authenticating:
        message = _("Auth profile “%(name)s”: no token was to be had within %(seconds)s seconds.")
        return OutboundError(message % {**facts, "name": progress.authenticating}, "auth_failed")
    if progress.queued:
        message = _("Too many requests to this host at once: none was sent to %(url)s within %(seconds)s seconds.")
        return OutboundError(message % facts, "too_busy")
    return OutboundError(_("%(url)s did not answer within %(seconds)s seconds.") % facts, "timed_out")


def _payload(body: bytes | None) -> bytes | io.BytesIO | None:
    return body if body is None or len(body) <= _BODY_AT_ONCE_BYTES else io.BytesIO(body)


async def _read(response: aiohttp.ClientResponse, target: Target, max_bytes: int) -> bytes:
    """The decompressed body; stops at the first piece beyond ``max_bytes``."""
    chunks: list[bytes] = []
    size = 0
    while chunk := await response.content.readany():
        size += len(chunk)
        if size > max_bytes:
            message = _("The answer of %(url)s is larger than %(limit)d bytes.")
            raise OutboundError(message % {"url": shown_url(target.url), "limit": max_bytes}, "too_large")
        chunks.append(chunk)
    return b"".join(chunks)


def _storable(text: str) -> str:
    """Header bytes that are no UTF-8 arrive as surrogates, which no database stores: read them as Latin-1."""
    if text.isascii():
        return text
    raw = text.encode("utf-8", "surrogateescape")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _explain(exception: aiohttp.ClientError | OSError, target: Target) -> OutboundError:
    cause = exception.__cause__ or exception
    if isinstance(cause, BlockedAddress):
        return _blocked(cause)
    facts = {"host": target.host, "url": shown_url(target.url), "reason": _reason(cause)}
    match exception:
        case aiohttp.ClientConnectorDNSError():
            return OutboundError(_("No address was found for the host %(host)s.") % facts, "connection_failed")
        case aiohttp.ClientSSLError() | ssl.SSLError():
            return OutboundError(_("No secure connection to %(host)s could be made: %(reason)s.") % facts, "tls_failed")
        case aiohttp.ClientConnectorError():
            return OutboundError(_("No connection to %(host)s could be made: %(reason)s.") % facts, "connection_failed")
        case aiohttp.ClientPayloadError() if isinstance(exception.__cause__, ContentEncodingError):
            return OutboundError(_("The answer of %(url)s cannot be decompressed.") % facts, "bad_response")
        case aiohttp.ClientPayloadError() | aiohttp.ServerDisconnectedError() | aiohttp.ClientOSError() | OSError():
            return OutboundError(
                _("The connection to %(url)s ended before its answer was complete.") % facts, "closed_early"
            )
        case aiohttp.ClientConnectionError():
            return OutboundError(_("No connection to %(host)s could be made.") % facts, "connection_failed")
    return OutboundError(_("What %(url)s answered is not valid HTTP.") % facts, "bad_response")


def _reason(cause: BaseException) -> str:
    """What OpenSSL or the operating system says, in English."""
    if isinstance(cause, ssl.SSLError):
        return getattr(cause, "verify_message", None) or cause.reason or "TLS"
    return os.strerror(cause.errno) if isinstance(cause, OSError) and cause.errno else type(cause).__name__


def _blocked(exception: BlockedAddress) -> OutboundError:
    if exception.reach.value == "private":
        message = _("%(host)s is on a private network. Platform staff can allow this host for the account.")
    else:
        message = _("%(host)s leads to an address that may not be reached.")
    return OutboundError(message % {"host": exception.host}, "blocked_address", True)
