"""Calls from ring to tool call, over and over: what the web process keeps of them should be nothing.

make soak                    CALLS=20000 EVERY=2000 by default; on DATABASE_URL (PostgreSQL), or SQLite

Each call begins (one upstream request), transfers, and ends. After a first EVERY calls the process is warm; from
then on its memory, threads, open files and database connections are looked at every so many. Prints a table and,
last, one line of JSON.
"""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

import uvloop

from bench.calls.load import Job, ask_all
from bench.calls.product import Product
from bench.calls.servers import Server, cores, free_port, start, uvicorn

CALLS = int(os.environ.get("CALLS", "20000"))
EVERY = int(os.environ.get("EVERY", "2000"))
CONNECTIONS = 32
SETTLED_AFTER_S = 1.0
GROWTH = {"memory_mib": 10.0, "threads": 4, "files": 8, "connections": 1}
"""More than this after the warm-up is a leak; threads and files come and go."""


@dataclass(frozen=True, slots=True)
class Seen:
    calls: int
    memory_mib: float
    threads: int
    files: int
    connections: int

    @classmethod
    def of(cls, server: Server, product: Product, calls: int) -> Seen:
        of_process = Path(f"/proc/{server.process.pid}")
        return cls(
            calls,
            round(server.memory_mib(), 1),
            len(list((of_process / "task").iterdir())),
            len(list((of_process / "fd").iterdir())),
            product.connections(),
        )


async def play(server: Server, product: Product, count: int) -> None:
    body = {"agent": "upstream-0", "from": "+33612340000", "context": {"n": 1}}
    begins = Job([("/api/v1/calls", _json(body))] * count, 201, bool, product.headers)
    calls = [call["id"] for call in await ask_all(server.port, begins, connections=CONNECTIONS)]
    transfer = _json({"tool_call_id": "t1", "arguments": {"destination": "Team 7", "reason": "billing"}})
    for tail, sent, status in (("actions/transfer", transfer, 200), ("complete", _json({"duration_s": 1}), 202)):
        requests = [(f"/api/v1/calls/{call_id}/{tail}", sent) for call_id in calls]
        await ask_all(server.port, Job(requests, status, bool, product.headers), connections=CONNECTIONS)


async def soak(server: Server, product: Product) -> list[Seen]:
    seen: list[Seen] = []
    for done in range(EVERY, CALLS + 1, EVERY):
        await play(server, product, EVERY)
        # The load's own connections are files, too, until they are closed.
        await asyncio.sleep(SETTLED_AFTER_S)
        seen.append(Seen.of(server, product, done))
        print("{:>8} calls {:>8} MiB {:>4} threads {:>4} files {:>3} connections".format(*asdict(seen[-1]).values()))
    return seen


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


def main() -> None:
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        core, rest = cores()
        if rest:
            os.sched_setaffinity(0, rest)
        command = ["bench.calls.upstream", str(port := free_port())]
        upstream = start("upstream", command, port, {}, core=rest, log=directory / "log")
        stack.callback(upstream.stop)
        product = Product.create(directory, upstream.port)
        stack.callback(product.drop)
        product.furnish(f"http://127.0.0.1:{upstream.port}", [0])
        command = uvicorn("config.asgi:application", port := free_port())
        server = start("product", command, port, product.environment, core=core, log=directory / "log")
        stack.callback(server.stop)
        seen = uvloop.run(soak(server, product))
    first, last = seen[0], seen[-1]
    growth = {name: round(value - getattr(first, name), 1) for name, value in asdict(last).items() if name != "calls"}
    missed = [name for name, most in GROWTH.items() if growth[name] > most]
    figures = [asdict(each) for each in seen]
    print(json.dumps({"bench": "soak", "figures": figures, "growth": growth, "targets": GROWTH, "missed": missed}))


if __name__ == "__main__":
    main()
