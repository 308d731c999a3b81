"""The same jobs by hand, as little as can be: what the machine and the libraries cost without a product.

Served by uvicorn like the product: ``bare`` keeps nothing, ``bare_insert`` writes one row before it answers (to
the table ``floor_call`` of FLOOR_DSN), ``django_view`` is an async view without middleware. Each asks FLOOR_URL
for the caller, maps four fields, decides, and answers JSON. ``/cached`` does so from a cache, ``/tool`` answers
what it is sent.
"""

from __future__ import annotations

import json
import os
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.urls import path

Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Job = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]

FIELDS = {"customerId": "id", "firstName": "first_name", "lastName": "last_name", "tier": "tier"}
INSERT = "INSERT INTO floor_call (caller, context, answer) VALUES (%s, %s, %s)"

_shared: dict[str, Any] = {}


def _session() -> aiohttp.ClientSession:
    if "session" not in _shared:
        _shared["session"] = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1000))
    session: aiohttp.ClientSession = _shared["session"]
    return session


async def _pool() -> Any:
    if "pool" not in _shared:
        import psycopg_pool

        _shared["pool"] = psycopg_pool.AsyncConnectionPool(
            os.environ["FLOOR_DSN"], min_size=4, max_size=10, open=False, kwargs={"autocommit": True}
        )
        await _shared["pool"].open()
    return _shared["pool"]


async def begin(body: dict[str, Any]) -> dict[str, Any]:
    url = f"{os.environ['FLOOR_URL']}/{body['agent'].removeprefix('upstream-')}/customers"
    async with _session().get(url, params={"phone": body["from"]}) as response:
        customer = (await response.json())["customer"]
    known = {name: customer[field] for name, field in FIELDS.items()}
    return {"parameters": {**body["context"], **known, "vip": known["tier"] == "gold"}, "tools": []}


async def cached(body: dict[str, Any]) -> dict[str, Any]:
    """From Redis where CACHE_URL names one, else from this process's memory."""
    key = f"floor:{body['from']}"
    kept = await _kept(key)
    if kept is None:
        answer = await begin(body)
        await _keep(key, json.dumps(answer["parameters"]))
        return answer
    return {"parameters": {**json.loads(kept), **body["context"]}, "tools": []}


def _redis() -> Any:
    if "redis" not in _shared:
        import redis.asyncio

        _shared["redis"] = redis.asyncio.from_url(os.environ["CACHE_URL"])
    return _shared["redis"]


async def _kept(key: str) -> Any:
    return await _redis().get(key) if os.environ.get("CACHE_URL") else _shared.get(key)


async def _keep(key: str, text: str) -> None:
    if os.environ.get("CACHE_URL"):
        await _redis().set(key, text, ex=300)
    else:
        _shared[key] = text


async def cached_insert(body: dict[str, Any]) -> dict[str, Any]:
    answer = await cached(body)
    await insert(body, answer)
    return answer


async def begin_insert(body: dict[str, Any]) -> dict[str, Any]:
    answer = await begin(body)
    await insert(body, answer)
    return answer


async def insert(body: dict[str, Any], answer: dict[str, Any]) -> None:
    async with (await _pool()).connection() as connection:
        await connection.execute(INSERT, (body.get("from", ""), json.dumps(body), json.dumps(answer)))


async def echo(body: dict[str, Any]) -> dict[str, Any]:
    return body


async def echo_insert(body: dict[str, Any]) -> dict[str, Any]:
    await insert(body, body)
    return body


def _serve(jobs: dict[str, Job]) -> Callable[[dict[str, Any], Receive, Send], Awaitable[None]]:
    async def application(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        answer = json.dumps(await jobs[scope["path"]](json.loads(body))).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(answer)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    return application


bare = _serve({"/calls": begin, "/cached": cached, "/tool": echo})
bare_insert = _serve({"/calls": begin_insert, "/cached": cached_insert, "/tool": echo_insert})


# --- Django ---------------------------------------------------------------------------------------


async def _view(request: HttpRequest) -> JsonResponse:
    return _answer(await begin(json.loads(request.body)))


async def _cached_view(request: HttpRequest) -> JsonResponse:
    return _answer(await cached(json.loads(request.body)))


async def _echo_view(request: HttpRequest) -> JsonResponse:
    return _answer(json.loads(request.body))


def _answer(value: dict[str, Any]) -> JsonResponse:
    """With a length, which otherwise a middleware would give it."""
    response = JsonResponse(value)
    response["Content-Length"] = len(response.content)
    return response


urlpatterns = [path("calls", _view), path("cached", _cached_view), path("tool", _echo_view)]


class _DjangoView:
    """Django is configured only in the process that serves it, and when it is first asked."""

    application: Any = None

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        if self.application is None:
            from django.core.asgi import get_asgi_application

            settings.configure(
                ROOT_URLCONF="bench.calls.floors", ALLOWED_HOSTS=["*"], SECRET_KEY="bench", MIDDLEWARE=[]
            )
            self.application = get_asgi_application()
        await self.application(scope, receive, send)


django_view = _DjangoView()
