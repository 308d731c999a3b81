"""The ASGI application: Django, and the life of what the process shares."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

django_application = get_asgi_application()

from config.api.bodies import BoundedBodies  # noqa: E402  (both need the applications loaded)
from outbound.http import close_session  # noqa: E402

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

http_application = BoundedBodies(django_application)  # type: ignore[arg-type]


async def application(scope: Message, receive: Receive, send: Send) -> None:
    """Django answers HTTP; it knows no lifespan, so the pooled outgoing session is closed here."""
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
    else:
        await http_application(scope, receive, send)


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            await close_session()
            await send({"type": "lifespan.shutdown.complete"})
            return
