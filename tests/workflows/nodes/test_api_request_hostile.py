"""Upstreams that mean no good: each a clear failure of its node, in time, with everything else undisturbed."""

from __future__ import annotations

import asyncio
import gzip
import time
from typing import Any

import pytest

from tests.outbound.upstream import Handler, Received, Reply, serve
from tests.workflows.support import call_context, entry, node, run_graph, states

pytestmark = pytest.mark.usefixtures("outside")


async def drips(received: Received, reply: Reply) -> None:
    await reply.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n")
    while True:
        await reply.send(b" ")
        await asyncio.sleep(0.2)


async def explodes(received: Received, reply: Reply) -> None:
    """A gigabyte of zeros, a megabyte on the wire."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n"
    await reply.send(head)
    piece = gzip.compress(bytes(1024 * 1024))
    for _megabyte in range(1024):
        await reply.send(piece)


async def lures(received: Received, reply: Reply) -> None:
    await reply.answer(302, Location="http://169.254.169.254/latest/meta-data/")


async def hangs_up(received: Received, reply: Reply) -> None:
    await reply.send(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"tier":')


async def disguises(received: Received, reply: Reply) -> None:
    await reply.answer(200, b"<html>Please log in</html>", Content_Type="application/json")


@pytest.mark.parametrize(
    ("handler", "code"),
    [
        (drips, "timed_out"),
        (explodes, "too_large"),
        (lures, "blocked_address"),
        (hangs_up, "closed_early"),
        (disguises, "not_json"),
    ],
)
async def test_it_fails_at_its_node_and_disturbs_nothing(handler: Handler, code: str) -> None:
    context = call_context(seconds=3)
    async with serve(handler) as upstream:
        ask = node(
            "ask", "api_request", url=upstream.url(), timeout_s=1, mapping=[{"path": "tier", "variable": "tier"}]
        )
        began_s = time.monotonic()
        result = await run_graph(
            ask,
            node("beside", "set_variable", variables=[{"variable": "fine", "value": True}]),
            node("told", "set_variable", variables=[{"variable": "why", "value": "{{ error.code }}"}]),
            "start > ask > never",
            "start > beside",
            "ask:error > told",
            node("never", "return"),
            context=context,
        )
        took_s = time.monotonic() - began_s

    failure: Any = entry(context, "ask")["error"]
    assert failure["code"] == code
    assert len(failure["message"]) > 10
    assert took_s < 2
    assert (result.variables["why"], result.variables["fine"]) == (code, True)
    assert states(context)["never"] == "not_taken"
