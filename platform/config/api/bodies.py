"""Bodies of API requests as they come in: never more than the limit in memory, always with a length."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from django.conf import settings

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]


_UPLOADS = re.compile(r"/api/v1/sources/[0-9]+/documents/(upload|[0-9]+/file)/?")
_IMPORTS = re.compile(r"/api/v1/agents/[-\w]{1,63}/actions/[A-Za-z0-9_-]{1,63}/imports/?")


class BoundedBodies:
    """ASGI middleware for addresses below ``/api/``.

    Django would write a body of any size to disk before a view can refuse it, and DRF takes a chunked body,
    which has no Content-Length, for an empty one. Here reading stops one byte after the limit, so that
    the parser of the view refuses the rest unread, and what was read gets its length.
    """

    def __init__(self, application: Application) -> None:
        self.application = application

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/api/"):
            await self.application(scope, receive, send)
            return
        body = await _read(receive, _limit(scope["path"]) + 1)
        if body is None:
            return
        headers = [(name, value) for name, value in scope["headers"] if name.lower() != b"content-length"]
        scope = {**scope, "headers": [*headers, (b"content-length", str(len(body)).encode())]}
        await self.application(scope, _replay(body, receive), send)


def _limit(path: str) -> int:
    """Bytes; documents and files of numbers are larger than everything else."""
    if _IMPORTS.fullmatch(path):
        return int(settings.IMPORT_BODY_MAX_BYTES)
    if _UPLOADS.fullmatch(path):
        return int(settings.DOCUMENT_BODY_MAX_BYTES)
    return int(settings.API_BODY_MAX_BYTES)


async def _read(receive: Receive, limit: int) -> bytes | None:
    """The body, cut at ``limit`` bytes; None when the client went away."""
    body = bytearray()
    more = True
    while more and len(body) < limit:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return bytes(body[:limit])


def _replay(body: bytes, receive: Receive) -> Receive:
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        if messages:
            return messages.pop()
        # Django listens for the client's going away; what is left of the body is thrown away meanwhile.
        while (message := await receive())["type"] == "http.request":
            pass
        return message

    return replay
