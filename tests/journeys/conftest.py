"""The product as processes, with the sample CRM and a mailbox beside it."""

from __future__ import annotations

import mailbox
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from email.policy import default as mail_policy
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.stack import Stack, answers, free_port, running_stack, wait_until


@dataclass
class World:
    """Who is on the line: the product (``stack``), the company's CRM, and its mail server."""

    stack: Stack
    crm_url: str
    maildir: Path

    def mails(self) -> list[Message]:
        box = mailbox.Maildir(self.maildir, factory=None, create=True)
        return [
            mailbox.email.message_from_bytes(box.get_bytes(key), policy=mail_policy)  # type: ignore[attr-defined]
            for key in box.keys()  # noqa: SIM118  (a Maildir iterates over messages, not keys)
        ]

    def notes(self) -> list[dict[str, Any]]:
        notes: list[dict[str, Any]] = httpx.get(f"{self.crm_url}/notes").json()["notes"]
        return notes


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    crm_port, smtp_port = free_port(), free_port()
    environment = {
        "EMAIL_URL": f"smtp://127.0.0.1:{smtp_port}",
        "OUTBOUND_ALLOWED_PRIVATE_HOSTS": f"127.0.0.1:{crm_port}",
        "AFTER_RUN_BACKOFF_BASE_S": "1",
        "AFTER_RUN_TIMEOUT_S": "3",
    }
    with running_stack(tmp_path, **environment) as stack:
        stack.start("crm", "demo.crm", "--port", str(crm_port), "--state", str(tmp_path / "crm.sqlite3"))
        stack.start("mailbox", "demo.mailbox", "--port", str(smtp_port), "--maildir", str(tmp_path / "mailbox"))
        for port in (crm_port, smtp_port):
            wait_until(lambda port=port: answers(port), within_s=20, what=f"port {port}")
        yield World(stack, f"http://127.0.0.1:{crm_port}", tmp_path / "mailbox")
