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
from contextlib import suppress
from dataclasses import replace

import aiohttp
from aiohttp.http_exceptions import ContentEncodingError
from django.utils.translation import gettext as _

from outbound.allow_list import is_granted
from outbound.errors import OutboundError, shown_url
from outbound.guard import BlockedAddress, Guard
from outbound.messages import IncomingResponse, OutgoingRequest
from outbound.redirects import STATUSES, follow
from outbound.sessions import close_session, session_of, session_scope
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

# Up to this size the client writes head and body at once; above it, piece by piece.
_BODY_AT_ONCE_BYTES = 1_048_576


async def send(
    request: OutgoingRequest,
    *,
    account_id: int,
    deadline_s: float,
    max_bytes: int = MAX_BYTES,
    max_redirects: int = MAX_REDIRECTS,
) -> IncomingResponse:
    """Send ``request`` for an account and read the whole answer, whatever its status.

    ``deadline_s`` covers everything from the name look-up to the last byte, redirects included;
    ``max_bytes`` bounds the decompressed body. Raises :class:`OutboundError`.
    """
    began_s = time.perf_counter()
    request = replace(request, method=request.method.upper())
    request.check()
    target = parse_target(request.url, request.query_pairs())
    if deadline_s > 0:
        with suppress(TimeoutError):
            async with asyncio.timeout(deadline_s):
                response = await _send_and_follow(request, target, account_id, max_bytes, max_redirects)
                return replace(response, elapsed_ms=(time.perf_counter() - began_s) * 1000)
    message = _("%(url)s did not answer within %(seconds)s seconds.")
    facts = {"url": shown_url(target.url), "seconds": f"{max(0.0, deadline_s):.3g}"}
    raise OutboundError(message % facts, "timed_out")


async def _send_and_follow(
    request: OutgoingRequest, target: Target, account_id: int, max_bytes: int, max_redirects: int
) -> IncomingResponse:
    for hop in range(max_redirects + 1):
        response = await _send_once(request, target, account_id, max_bytes)
        location = response.headers.get("location")
        if response.status not in STATUSES or location is None:
            return replace(response, redirects=hop)
        request, target = follow(request, target, response.status, location)
    message = _("More than %(count)d redirects: the last one leads to %(url)s.")
    raise OutboundError(message % {"count": max_redirects, "url": shown_url(target.url)}, "too_many_redirects")


async def _send_once(request: OutgoingRequest, target: Target, account_id: int, max_bytes: int) -> IncomingResponse:
    granted = await is_granted(account_id, target.host, target.port)
    try:
        if target.address is not None:
            # The client does not resolve addresses, so that its resolver never sees them.
            Guard(granted).check(str(target.address), target.host)
        return await _exchange(request, target, granted, max_bytes)
    except TimeoutError:
        raise
    except (aiohttp.ClientError, OSError) as exception:
        error = _explain(exception, target)
    # Outside of the handler: the client's exceptions show whole URLs and headers, and would be logged as context.
    raise error


async def _exchange(request: OutgoingRequest, target: Target, granted: bool, max_bytes: int) -> IncomingResponse:
    response = await session_of(granted=granted).request(
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
    return IncomingResponse(response.status, headers, body, 0.0, str(target.url))


def _payload(body: bytes | None) -> bytes | io.BytesIO | None:
    return body if body is None or len(body) <= _BODY_AT_ONCE_BYTES else io.BytesIO(body)


async def _read(response: aiohttp.ClientResponse, target: Target, max_bytes: int) -> bytes:
    """The decompressed body; stops at the first piece beyond ``max_bytes``."""
    chunks: list[bytes] = []
    size = 0
    async for chunk in response.content.iter_any():
        size += len(chunk)
        if size > max_bytes:
            message = _("The answer of %(url)s is larger than %(limit)d bytes.")
            raise OutboundError(message % {"url": shown_url(target.url), "limit": max_bytes}, "too_large")
        chunks.append(chunk)
    return b"".join(chunks)


def _storable(text: str) -> str:
    """Header bytes that are no UTF-8 arrive as surrogates, which no database stores: read them as Latin-1."""
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
