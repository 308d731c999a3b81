"""MCP over HTTP: who may come in, how large a request may be, and which methods there are.

Streamable HTTP without sessions: each POST is answered by one JSON document, whichever process gets it. There is
nothing to listen to (GET) and nothing to end (DELETE).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, MutableMapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import structlog
from django.conf import settings

from accounts.database import database_threads, in_database
from calls.mcp import tokens

if TYPE_CHECKING:
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

log = structlog.get_logger(__name__)

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]


class McpEdge:
    """ASGI application of ``/mcp``. It answers inside ``running()`` only: the life of the server's tasks.

    The server is loaded for the first request that may come in: it takes a second and 20 MiB, which a web process
    that is never asked for it keeps.
    """

    def __init__(self) -> None:
        self._inner: Application | None = None
        self._is_wanted = asyncio.Event()
        self._is_settled = asyncio.Event()
        self._is_over = asyncio.Event()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The life of the server's tasks, which begin and end in one task."""
        serving = asyncio.create_task(self._serve())
        try:
            yield
        finally:
            self._is_over.set()
            self._is_wanted.set()
            await serving

    async def _serve(self) -> None:
        await self._is_wanted.wait()
        if self._is_over.is_set():
            return
        try:
            manager = await asyncio.to_thread(_load)
            async with manager.run():
                self._inner = manager.handle_request
                self._is_settled.set()
                await self._is_over.wait()
        except Exception as error:
            log.exception("mcp_server_failed", error=type(error).__name__)
        finally:
            self._inner = None
            self._is_settled.set()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        headers = _headers(scope)
        if not _is_from_here(headers.get("origin", "")):
            await _refuse(send, 403, "forbidden_origin")
        elif scope["method"] != "POST":
            await _refuse(send, 405, "method_not_allowed", [(b"allow", b"POST")])
        elif (call := await _opened(headers.get("authorization", ""))) is None:
            await _refuse(send, 401, "invalid_token", [(b"www-authenticate", b'Bearer error="invalid_token"')])
        else:
            self._is_wanted.set()
            await self._is_settled.wait()
            if self._inner is None:
                await _refuse(send, 503, "not_running")
            else:
                await self._inner({**scope, tokens.STATE_KEY: call}, receive, send)


def _load() -> StreamableHTTPSessionManager:
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

    from calls.mcp.server import build

    return StreamableHTTPSessionManager(
        build(), json_response=True, stateless=True, max_request_body_size=settings.API_BODY_MAX_BYTES
    )


def _headers(scope: Message) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}


def _is_from_here(origin: str) -> bool:
    """Programs send no Origin. A page in a browser does, and only our own may: the token would be of no use to
    another, but the specification asks for the check (DNS rebinding).
    """
    ours = urlsplit(settings.PUBLIC_URL)
    return origin in {"", f"{ours.scheme}://{ours.netloc}"}


async def _opened(authorization: str) -> tokens.OpenCall | None:
    scheme, _space, token = authorization.partition(" ")
    if scheme.lower() != "bearer":
        return None
    async with database_threads():
        return await in_database(tokens.open_call)(token.strip())


async def _refuse(send: Send, status: int, code: str, headers: Iterable[tuple[bytes, bytes]] = ()) -> None:
    body = json.dumps({"jsonrpc": "2.0", "id": None, "error": {"code": -32600, "message": code}}).encode()
    sent = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()), *headers]
    await send({"type": "http.response.start", "status": status, "headers": sent})
    await send({"type": "http.response.body", "body": body})
