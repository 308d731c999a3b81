"""The connection pools of the running event loop: opened when first used, closed at shutdown."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from ssl import SSLContext
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, TCPConnector
from aiohttp.client_proto import ResponseHandler
from aiohttp.http_exceptions import HttpProcessingError

from outbound import VERSION
from outbound.flights import cancel_flights
from outbound.guard import Guard, GuardedResolver

CONNECTIONS = 500
CONNECTIONS_PER_HOST = 400
"""Of all accounts to one host: as many calls as an account may have at once, and never all connections."""
DNS_CACHE_S = 5
KEEP_ALIVE_S = 15
HEADER_MAX_BYTES = 8_190
HEADERS_MAX = 128
INTERIM_ANSWERS_MAX = 16
CERTIFICATE_SESSIONS = 64
USER_AGENT = f"Triptyque/{VERSION}"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a connection speaks for, where the TLS handshake says so: nobody else's requests go through it."""

    revision: UUID
    context: SSLContext


PoolKey = tuple[bool, UUID | None]
"""Whether private addresses may be reached, and whose certificate is shown (its profile's revision)."""

_sessions: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[PoolKey, ClientSession]] = WeakKeyDictionary()
_in_use: WeakKeyDictionary[ClientSession, int] = WeakKeyDictionary()
_open_scopes: WeakKeyDictionary[asyncio.AbstractEventLoop, int] = WeakKeyDictionary()


def session_of(*, granted: bool, identity: Identity | None = None) -> ClientSession:
    """The running loop's session to public hosts, or to ``granted`` ones; never both through one pool.

    Each client certificate has pools of its own.
    """
    of_loop = _sessions.setdefault(asyncio.get_running_loop(), {})
    key = (granted, identity.revision if identity else None)
    session = of_loop.pop(key, None)
    if session is None or session.closed:
        session = _open_session(Guard(granted), identity.context if identity else None)
    # The last one is the one that was used last.
    of_loop[key] = session
    return session


class borrowed_session:
    """``async with``: the same for the time of one exchange, in which it is not closed to make room."""

    __slots__ = ("_identity", "_session")

    def __init__(self, *, granted: bool, identity: Identity | None = None) -> None:
        self._identity = identity
        self._session = session_of(granted=granted, identity=identity)

    async def __aenter__(self) -> ClientSession:
        _in_use[self._session] = _in_use.get(self._session, 0) + 1
        if self._identity is not None:
            try:
                await _make_room()
            except BaseException:
                _in_use[self._session] -= 1
                raise
        return self._session

    async def __aexit__(self, *_error: object) -> None:
        _in_use[self._session] -= 1


async def _make_room() -> None:
    """Close the certificates' sessions that were not used for the longest time, such as replaced ones'."""
    of_loop = _sessions.get(asyncio.get_running_loop(), {})
    with_certificate = [key for key in of_loop if key[1] is not None]
    surplus = len(with_certificate) - CERTIFICATE_SESSIONS
    idle = [key for key in with_certificate if not _in_use.get(of_loop[key])]
    for session in [of_loop.pop(key) for key in idle[: max(0, surplus)]]:
        await session.close()


async def close_session() -> None:
    """Close what the running loop has open. Whoever runs the loop calls this before the loop ends."""
    await cancel_flights()
    of_loop = _sessions.pop(asyncio.get_running_loop(), {})
    for session in of_loop.values():
        await session.close()


@asynccontextmanager
async def session_scope() -> AsyncIterator[None]:
    """For loops that no server runs (a task of the worker, a command, a test): closes with the last scope."""
    loop = asyncio.get_running_loop()
    _open_scopes[loop] = _open_scopes.get(loop, 0) + 1
    try:
        yield
    finally:
        _open_scopes[loop] -= 1
        if not _open_scopes[loop]:
            await close_session()


class BoundedHandler(ResponseHandler):
    """Hangs up on a server that floods us with interim answers (100 Continue).

    aiohttp 3.14 queues them without bound, faster than they are read: measured on uvloop, one such server
    stopped every other call of the process for a second and took 140 MB.
    """

    def feed_data(self, data: Any, size: int = 0) -> None:
        if len(self) < INTERIM_ANSWERS_MAX:
            super().feed_data(data, size)
        elif self.exception() is None:
            self.set_exception(HttpProcessingError(message="too many interim answers"))
            if self.transport is not None:
                self.transport.close()


def _open_session(guard: Guard, context: SSLContext | None) -> ClientSession:
    connector = TCPConnector(
        ssl=context if context is not None else True,
        resolver=GuardedResolver(guard),
        socket_factory=guard.open_socket,
        limit=CONNECTIONS,
        limit_per_host=CONNECTIONS_PER_HOST,
        ttl_dns_cache=DNS_CACHE_S,
        keepalive_timeout=KEEP_ALIVE_S,
    )
    # No public way in; should the name change, the flood test fails.
    connector._factory = partial(BoundedHandler, loop=asyncio.get_running_loop())  # type: ignore[assignment]
    return ClientSession(
        connector=connector,
        cookie_jar=DummyCookieJar(),
        headers={"User-Agent": USER_AGENT, "Accept-Encoding": "gzip, deflate"},
        # A body without a type stays without one.
        skip_auto_headers=("Content-Type",),
        # One deadline covers all of it: `outbound.http.send`.
        timeout=ClientTimeout(total=None, connect=None, sock_connect=None, sock_read=None),
        trust_env=False,
        max_line_size=HEADER_MAX_BYTES,
        max_field_size=HEADER_MAX_BYTES,
        max_headers=HEADERS_MAX,
    )
