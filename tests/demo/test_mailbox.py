"""The SMTP sink, as a process that a mail client talks to."""

from __future__ import annotations

import mailbox
import re
import signal
import smtplib
import subprocess
import sys
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

pytestmark = pytest.mark.processes


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[int]:
    """The port of a running sink whose maildir is ``tmp_path / "box"``."""
    command = [sys.executable, "-m", "demo.mailbox", "--port", "0", "--maildir", str(tmp_path / "box")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        found = re.search(r"127\.0\.0\.1:(\d+)", process.stdout.readline())
        assert found is not None
        yield int(found[1])
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0


def _message() -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"] = "triptyque@demo.example", "equipe@demo.example"
    message["Subject"] = "Résiliation demandée"
    message.set_content("Hélène Marchand a appelé.\n.\nUne ligne qui commence par un point.")
    return message


def test_a_message_lies_in_the_maildir_as_it_was_sent(sink: int, tmp_path: Path) -> None:
    with smtplib.SMTP("127.0.0.1", sink) as client:
        client.send_message(_message(), to_addrs=["equipe@demo.example", "cachee@demo.example"])
    (kept,) = mailbox.Maildir(tmp_path / "box", create=False)
    assert kept["X-Envelope-To"] == "equipe@demo.example, cachee@demo.example"
    text = kept.get_payload(decode=True)
    assert isinstance(text, bytes)
    assert text.decode().splitlines() == _message().get_content().splitlines()


def test_a_message_sent_twice_is_kept_twice(sink: int, tmp_path: Path) -> None:
    with smtplib.SMTP("127.0.0.1", sink) as client:
        for _ in range(2):
            client.send_message(_message())
    assert len(mailbox.Maildir(tmp_path / "box", create=False)) == 2
