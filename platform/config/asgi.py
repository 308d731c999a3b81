"""The ASGI application: Django, and the life of what the process shares."""

from __future__ import annotations

import gc
import os
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

django_application = get_asgi_application()

from calls.cache.closing import close_cache  # noqa: E402  (all need the applications loaded)
from calls.hot.application import HotPath  # noqa: E402
from calls.mcp.edge import McpEdge  # noqa: E402
from calls.mcp.tokens import PATH as MCP_PATH  # noqa: E402
from config.api.bodies import BoundedBodies  # noqa: E402
from outbound.http import close_session  # noqa: E402

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

hot_path = HotPath(django_application)  # type: ignore[arg-type]
http_application = BoundedBodies(hot_path)
mcp_application = McpEdge()


async def application(scope: Message, receive: Receive, send: Send) -> None:
    """Django answers HTTP, but for the calls' MCP server; it knows no lifespan, so what is shared ends here."""
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
    elif scope["type"] == "http" and scope["path"].rstrip("/") == MCP_PATH:
        await mcp_application(scope, receive, send)
    else:
        await http_application(scope, receive, send)


def spare_the_collector() -> None:
    """What is loaded by now stays: the collector of cycles need not look through it again and again, nor look for new
    ones after every few hundred objects, which is less than one call makes. A tenth of a call's processor time.

    The oldest are looked through every 1,000,000 objects more: Django leaves a dozen in a ring with each request, and
    those that were in use at an earlier look wait for this one.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)


async def _lifespan(receive: Receive, send: Send) -> None:
    await _next(receive, "lifespan.startup")
    spare_the_collector()
    async with mcp_application.running():
        await send({"type": "lifespan.startup.complete"})
        await _next(receive, "lifespan.shutdown")
    await close_cache()
    await hot_path.close()
    await close_session()
    await send({"type": "lifespan.shutdown.complete"})


async def _next(receive: Receive, kind: str) -> None:
    while (await receive())["type"] != kind:
        pass
