"""An SMTP sink: ``python -m demo.mailbox --port 23457 --maildir mailbox`` keeps every message, duplicates too.

A maildir holds one file per message; any mail program opens it, and so does ``mailbox.Maildir``.
"""

from __future__ import annotations

import argparse
import asyncio
import mailbox
import signal
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session


class MaildirSink:
    """Stores each message with its envelope in ``X-Envelope-From`` and ``X-Envelope-To``."""

    def __init__(self, folder: Path) -> None:
        self.maildir = mailbox.Maildir(folder, create=True)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        message = mailbox.MaildirMessage(envelope.original_content or b"")
        message["X-Envelope-From"] = envelope.mail_from or ""
        message["X-Envelope-To"] = ", ".join(envelope.rcpt_tos)
        self.maildir.add(message)
        return "250 2.0.0 kept"


async def serve(host: str, port: int, folder: Path) -> asyncio.Server:
    """Start listening; the caller closes the server."""
    sink = MaildirSink(folder)
    loop = asyncio.get_running_loop()
    return await loop.create_server(lambda: SMTP(sink, enable_SMTPUTF8=True, loop=loop), host, port)


async def run(port: int, folder: Path) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    server = await serve("127.0.0.1", port, folder)
    print(f"SMTP sink: 127.0.0.1:{server.sockets[0].getsockname()[1]}, messages in {folder}", flush=True)
    await stop.wait()
    server.close()


def main() -> None:
    parser = argparse.ArgumentParser(description="The demonstration's SMTP sink.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--maildir", type=Path, required=True)
    options = parser.parse_args()
    asyncio.run(run(options.port, options.maildir))


if __name__ == "__main__":
    main()
