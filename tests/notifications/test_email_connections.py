"""One connection carries many messages, and never the trouble of one to the next."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from django.core.mail import EmailMessage

from notifications.email import connections
from tests.notifications.conftest import MailServer


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """Connections in the order in which they were made."""
    found: list[Any] = []
    connect = smtplib.SMTP.connect

    def noted(self: smtplib.SMTP, *args: Any, **options: Any) -> Any:
        found.append(self)
        return connect(self, *args, **options)

    monkeypatch.setattr(smtplib.SMTP, "connect", noted)
    yield found
    connections.close_idle()


def send(to: str = "a@lac.example") -> None:
    connections.send(EmailMessage("Call", "Hello", to=[to]))


def test_messages_that_follow_go_over_one_connection(mail_server: MailServer, opened: list[Any]) -> None:
    for _message in range(3):
        send()
    assert len(mail_server.envelopes) == 3
    assert len(opened) == 1


def test_a_refused_message_takes_its_connection_with_it(mail_server: MailServer, opened: list[Any]) -> None:
    send()
    mail_server.answers["b@lac.example"] = "550 no such user"
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        send("b@lac.example")
    send()
    assert [envelope.rcpt_tos for envelope in mail_server.envelopes] == [["a@lac.example"]] * 2
    assert len(opened) == 2


def test_a_server_that_was_restarted_gets_the_next_message_once(mail_port: int, opened: list[Any]) -> None:
    handler = MailServer()
    for _start in range(2):
        controller = Controller(handler, hostname="127.0.0.1", port=mail_port)
        controller.start()
        send()
        controller.stop()
        # What the test server leaves open, a process that ends does not.
        for each in opened:
            if each.sock is not None:
                each.sock.shutdown(2)
    assert len(handler.envelopes) == 2
    assert len(opened) == 2


def test_a_server_that_goes_during_a_message_is_not_sent_it_twice(
    mail_server: MailServer, opened: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    send()
    hand_over = smtplib.SMTP.data

    def lost(self: smtplib.SMTP, message: bytes) -> None:
        hand_over(self, message)
        self.close()
        raise smtplib.SMTPServerDisconnected("Connection unexpectedly closed")

    monkeypatch.setattr(smtplib.SMTP, "data", lost)
    with pytest.raises(smtplib.SMTPServerDisconnected):
        send()
    assert len(mail_server.envelopes) == 2
    assert len(opened) == 1


def test_after_so_many_messages_another_one_is_opened(
    mail_server: MailServer, opened: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "MOST_MESSAGES", 2)
    for _message in range(5):
        send()
    assert len(mail_server.envelopes) == 5
    assert len(opened) == 3


def test_one_that_nobody_uses_is_closed(
    mail_server: MailServer, opened: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "IDLE_S", 0.05)
    send()
    closing = connections._closing
    assert closing is not None
    closing.join(5)
    assert connections._idle == []
    assert opened[0].sock is None


def test_another_server_in_the_settings_is_another_connection(
    mail_server: MailServer, opened: list[Any], settings: Any
) -> None:
    send()
    settings.EMAIL_TIMEOUT = 3
    send()
    assert len(opened) == 2
