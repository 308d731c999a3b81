"""The system that a before-action asks: one customer for whoever asks, after as many ms as the path begins with.

python -m bench.calls.upstream PORT        GET /50/customers?phone=… takes 50 ms
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import uvloop

BODY = b'{"customer": {"id": 4711, "first_name": "Ines", "last_name": "Roche", "tier": "gold"}}'
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)


class Upstream(asyncio.Protocol):
    """Answers each head of a request; none of them has a body."""

    def __init__(self) -> None:
        self.buffer = b""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while b"\r\n\r\n" in self.buffer:
            head, _end, self.buffer = self.buffer.partition(b"\r\n\r\n")
            if delay_ms := int(head.split(b"/", 2)[1]):
                asyncio.get_running_loop().call_later(delay_ms / 1000, self.transport.write, ANSWER)
            else:
                self.transport.write(ANSWER)


async def serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Upstream, "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
