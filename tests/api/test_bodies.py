"""Bodies as servers hand them over: real HTTP to a real server, with and without a length."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest
import uvicorn
from django.conf import settings

from config.api.bodies import BoundedBodies
from config.asgi import application

LIMIT = settings.API_BODY_MAX_BYTES
PIECE = 65_536

Exchange = Callable[[bytes], Awaitable[tuple[int, Any]]]


async def exchange(port: int, request: bytes) -> tuple[int, Any]:
    """What the server answers to these very bytes; it may well close before it has read them all.

    On a bare socket: a stream would throw an answer away that came before the connection was reset.
    """
    loop = asyncio.get_running_loop()
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.setblocking(False)
        with suppress(ConnectionError):
            await loop.sock_sendall(client, request)
        answer = b""
        with suppress(ConnectionError):
            while piece := await loop.sock_recv(client, PIECE):
                answer += piece
    head, _blank, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)


@pytest.fixture
async def serve() -> AsyncIterator[Callable[[Any], Awaitable[Exchange]]]:
    servers: list[tuple[uvicorn.Server, asyncio.Task[None]]] = []

    async def start(asgi: Any) -> Exchange:
        server = uvicorn.Server(uvicorn.Config(asgi, port=0, log_level="critical", lifespan="off"))
        task = asyncio.create_task(server.serve())
        servers.append((server, task))
        while not server.started:
            await asyncio.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        return lambda request: exchange(port, request)

    yield start
    for server, task in servers:
        server.should_exit = True
        await task


def request_of(body: bytes, *headers: str, path: str = "/api/v1/agents") -> bytes:
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: 127.0.0.1",
        "Content-Type: application/json",
        "Connection: close",
        *headers,
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


def chunked(body: bytes) -> bytes:
    pieces = [body[start : start + PIECE] for start in range(0, len(body), PIECE)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


async def measure(scope: Any, receive: Any, send: Any) -> None:
    """An application that tells what reached it."""
    message = await receive()
    lengths = [value.decode() for name, value in scope["headers"] if name == b"content-length"]
    body = json.dumps({"read": len(message["body"]), "lengths": lengths, "more": message["more_body"]}).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


@pytest.mark.parametrize("size", [0, 1, PIECE + 1, LIMIT, LIMIT + 1, 5 * LIMIT])
@pytest.mark.parametrize("has_length", [True, False], ids=["with a length", "chunked"])
async def test_reading_stops_one_byte_after_the_limit(serve: Any, size: int, has_length: bool) -> None:
    ask = await serve(BoundedBodies(measure))
    body = b"x" * size
    if has_length:
        request = request_of(body, f"Content-Length: {size}")
    else:
        request = request_of(chunked(body), "Transfer-Encoding: chunked")
    read = min(size, LIMIT + 1)
    assert await ask(request) == (200, {"read": read, "lengths": [str(read)], "more": False})


async def test_other_addresses_are_left_alone(serve: Any) -> None:
    ask = await serve(BoundedBodies(measure))
    request = request_of(chunked(b"x" * 10), "Transfer-Encoding: chunked", path="/admin/")
    assert (await ask(request))[1]["lengths"] == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("has_length", [True, False], ids=["with a length", "chunked"])
async def test_the_api_reads_a_body_however_it_comes(serve: Any, has_length: bool, api_key: str) -> None:
    ask = await serve(application)
    key = f"Authorization: Bearer {api_key}"

    async def post(body: bytes) -> tuple[int, Any]:
        if has_length:
            return await ask(request_of(body, key, f"Content-Length: {len(body)}"))  # type: ignore[no-any-return]
        return await ask(request_of(chunked(body), key, "Transfer-Encoding: chunked"))  # type: ignore[no-any-return]

    status, answer = await post(json.dumps({"name": "Accueil", "slug": "accueil"}).encode())
    assert (status, answer["slug"]) == (201, "accueil")
    status, answer = await post(b'{"name": "%s"}' % (b"x" * 2 * LIMIT))
    assert (status, answer["code"]) == (413, "too_large")
