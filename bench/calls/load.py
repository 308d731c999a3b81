"""A load generator: so many connections, each with one request in flight, until so many answers have come."""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any

Check = Callable[[Any], bool]


@dataclass(frozen=True, slots=True)
class Job:
    """``requests`` (path, body) are sent in turn; ``check`` looks at the JSON of each connection's first answer."""

    requests: Sequence[tuple[str, bytes]]
    status: int
    check: Check
    headers: str = ""

    def written(self, port: int) -> Iterator[bytes]:
        """Over and over, as they go over the wire."""
        for path, body in cycle(self.requests):
            head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n{self.headers}"
            yield f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


@dataclass(frozen=True, slots=True)
class Measured:
    """``per_s`` answers a second; latencies in milliseconds."""

    per_s: float
    p50_ms: float
    p95_ms: float
    p99_ms: float


class Client(asyncio.Protocol):
    """One connection that speaks as much HTTP/1.1 as its servers: keep-alive, Content-Length."""

    def __init__(self) -> None:
        self.buffer = b""
        self.answered: asyncio.Future[tuple[int, bytes]] | None = None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0 or self.answered is None:
            return
        head = self.buffer[:end].lower()
        assert b"content-length:" in head, head
        length = int(head.partition(b"content-length:")[2].partition(b"\r")[0])
        if len(self.buffer) >= end + 4 + length:
            body, self.buffer = self.buffer[end + 4 : end + 4 + length], self.buffer[end + 4 + length :]
            self.answered.set_result((int(head[9:12]), body))

    def connection_lost(self, error: Exception | None) -> None:
        if self.answered is not None and not self.answered.done():
            self.answered.set_exception(error or ConnectionResetError("the server closed the connection"))

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        self.answered = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return await self.answered


async def connect(port: int, connections: int) -> list[Client]:
    loop = asyncio.get_running_loop()
    return [(await loop.create_connection(Client, "127.0.0.1", port))[1] for _number in range(connections)]


async def ask_all(port: int, job: Job, *, connections: int) -> list[Any]:
    """The answers to each of the requests once, checked; their order is that of the requests."""
    clients = await connect(port, connections)
    requests = list(islice(job.written(port), len(job.requests)))
    answers: list[Any] = [None] * len(requests)
    left = iter(range(len(requests)))

    async def work(client: Client) -> None:
        for number in left:
            status, body = await client.ask(requests[number])
            assert status == job.status, (status, body[:500])
            answers[number] = json.loads(body)

    await asyncio.gather(*(work(client) for client in clients))
    for client in clients:
        client.transport.close()
    return answers


async def measure(port: int, job: Job, *, connections: int, answers: int) -> Measured:
    """Raises AssertionError for an answer that is not the expected one."""
    clients = await connect(port, connections)
    requests = job.written(port)
    for status, body in await asyncio.gather(*(client.ask(next(requests)) for client in clients)):
        assert status == job.status, (status, body[:500])
        assert job.check(json.loads(body)), body[:500]
    left, times = iter(range(answers)), []

    async def work(client: Client) -> None:
        for _number in left:
            request = next(requests)
            began_s = time.perf_counter()
            status, body = await client.ask(request)
            times.append(time.perf_counter() - began_s)
            assert status == job.status, (status, body[:500])

    began_s = time.perf_counter()
    await asyncio.gather(*(work(client) for client in clients))
    took_s = time.perf_counter() - began_s
    for client in clients:
        client.transport.close()
    times.sort()
    return Measured(answers / took_s, *(round(_quantile(times, part) * 1000, 3) for part in (0.5, 0.95, 0.99)))


def median(rounds: Sequence[Measured]) -> Measured:
    """Value by value, over rounds."""
    return Measured(
        *(
            round(statistics.median(getattr(each, name) for each in rounds), 3)
            for name in ("per_s", "p50_ms", "p95_ms", "p99_ms")
        )
    )


def _quantile(ordered: Sequence[float], part: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]
