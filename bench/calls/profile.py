"""Where the processor time of a hot request goes: the ASGI application in this process, on the server's event loop.

make profile                 CALLS=2000 by default, JOB=begin, cached or tool, CONNECTIONS=32; on DATABASE_URL
"""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import uvloop

from bench.calls.product import Product
from bench.calls.sampling import Samples, sampled
from bench.calls.servers import free_port, start

CALLS = int(os.environ.get("CALLS", "2000"))
JOB = os.environ.get("JOB", "begin")
CONNECTIONS = int(os.environ.get("CONNECTIONS", "32"))
AGENTS = {"begin": "upstream-0", "cached": "cached"}
SHOWN = 45


async def ask(application: Any, api_key: str, path: str, body: dict[str, Any]) -> Any:
    headers = [(b"content-type", b"application/json"), (b"authorization", f"Bearer {api_key}".encode())]
    scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "headers": headers}
    written = json.dumps(body).encode()
    sent: list[dict[str, Any]] = []
    messages = [{"type": "http.request", "body": written, "more_body": False}]

    async def receive() -> dict[str, Any]:
        # A client that stays.
        return messages.pop() if messages else await asyncio.Future()

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await application(scope, receive, send)
    assert sent[0]["status"] in {200, 201}, sent
    assert (b"X-Frame-Options", b"DENY") not in sent[0]["headers"], "left to Django"
    return json.loads(sent[1]["body"])


async def begin(application: Any, api_key: str, agent: str) -> str:
    body = {"agent": agent, "from": "+33612340000", "to": "+33199000001", "context": {"n": 1}}
    call_id: str = (await ask(application, api_key, "/api/v1/calls", body))["id"]
    return call_id


async def at_once(answer: Callable[[str], Awaitable[None]], calls: list[str]) -> None:
    """Ask for each of them, so many at a time."""
    left = iter(calls)

    async def one_after_the_other() -> None:
        for call_id in left:
            await answer(call_id)

    await asyncio.gather(*(one_after_the_other() for _connection in range(CONNECTIONS)))


async def run(api_key: str) -> tuple[Samples, float]:
    """The profile, and the seconds of processor time of one request without it."""
    from config.asgi import application, hot_path, spare_the_collector
    from outbound.http import close_session

    async def answer(call_id: str) -> None:
        if agent := AGENTS.get(JOB):
            await begin(application, api_key, agent)
        else:
            body = {"tool_call_id": "t1", "arguments": {"destination": "Team 7", "reason": "billing"}}
            await ask(application, api_key, f"/api/v1/calls/{call_id}/actions/transfer", body)

    calls = [""] * (2 * CALLS + 50)
    if JOB == "tool":
        calls = [await begin(application, api_key, "tools") for _call in calls]
    await at_once(answer, calls[:50])
    spare_the_collector()
    began_s = time.process_time()
    await at_once(answer, calls[50 : 50 + CALLS])
    plain_s = time.process_time() - began_s
    with sampled() as samples:
        await at_once(answer, calls[50 + CALLS :])
    await hot_path.close()
    await close_session()
    return samples, plain_s / CALLS


def main() -> None:
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        command = ["bench.calls.upstream", str(port := free_port())]
        upstream = start("upstream", command, port, {}, core=set(), log=directory / "log")
        stack.callback(upstream.stop)
        product = Product.create(directory, upstream.port)
        stack.callback(product.drop)
        product.furnish(f"http://127.0.0.1:{upstream.port}", [0])
        samples, cpu_s = uvloop.run(run(product.api_key))
    samples.show("functions themselves", samples.own, SHOWN)
    samples.show("with what they call", samples.within, 2 * SHOWN)
    print(f"\nprocessor time of one request ({JOB}), without the profiler: {cpu_s * 1000:.2f} ms")


if __name__ == "__main__":
    main()
