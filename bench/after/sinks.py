"""Where effects arrive: a mail server and an HTTP server that note what they got, one line each.

    python -m bench.after.sinks mail PORT FILE [REFUSE_ONE_IN] [DROP_ONE_IN]
    python -m bench.after.sinks http PORT FILE

A line of mail is its Message-ID; a line of HTTP is ``path key``, the key being the request's idempotency key. The
mail server can refuse one message in so many for the moment (451), and drop one connection in so many half-way.
"""

from __future__ import annotations

import asyncio
import random
import re
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TextIO

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

MESSAGE_ID = re.compile(rb"^message-id:\s*(\S+)", re.IGNORECASE | re.MULTILINE)
KEY = re.compile(rb"^(?:idempotency-key|webhook-id):\s*(\S+)", re.IGNORECASE | re.MULTILINE)
LENGTH = re.compile(rb"^content-length:\s*(\d+)", re.IGNORECASE | re.MULTILINE)
_dice = random.Random(20_260_101)


def mail(log: TextIO, refuse_one_in: int = 0, drop_one_in: int = 0) -> Handler:
    def strikes(one_in: int) -> bool:
        return bool(one_in) and _dice.randrange(one_in) == 0

    async def session(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 sink\r\n")
        while line := await reader.readline():
            word = line[:4].upper()
            if word == b"DATA":
                writer.write(b"354 go on\r\n")
                message = await reader.readuntil(b"\r\n.\r\n")
                if strikes(drop_one_in):
                    return
                if strikes(refuse_one_in):
                    writer.write(b"451 not now\r\n")
                    continue
                found = MESSAGE_ID.search(message)
                log.write((found[1].decode() if found else "none") + "\n")
                log.flush()
                # Accepted, and the client may never learn of it: this is where duplicates come from.
                if strikes(drop_one_in):
                    return
            writer.write(b"221 bye\r\n" if word == b"QUIT" else b"250 ok\r\n")
            if word == b"QUIT":
                return

    return session


def http(log: TextIO) -> Handler:
    async def session(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = LENGTH.search(head)
            await reader.readexactly(int(length[1]) if length else 0)
            key = KEY.search(head)
            log.write(f"{head.split(b' ', 2)[1].decode()} {key[1].decode() if key else 'none'}\n")
            log.flush()
            body = b'{"ticket": "T-1"}'
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n")
            writer.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))

    return session


def _hung_up(handler: Handler) -> Handler:
    async def session(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await handler(reader, writer)
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    return session


async def serve(handler: Handler, port: int) -> None:
    server = await asyncio.start_server(_hung_up(handler), "127.0.0.1", port, limit=2**24)
    await server.serve_forever()


def main(what: str, port: str, path: str, *odds: str) -> None:
    with Path(path).open("a") as log:
        asyncio.run(serve(mail(log, *map(int, odds)) if what == "mail" else http(log), int(port)))


if __name__ == "__main__":
    main(*sys.argv[1:])
