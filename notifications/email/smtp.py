"""Django's SMTP backend, which also tells whom the server refused while it took the message for the others."""

from __future__ import annotations

import smtplib
from collections.abc import Sequence
from typing import Any

from django.core.mail import EmailMessage
from django.core.mail.backends.smtp import EmailBackend

Refusals = dict[str, tuple[int, bytes]]


class _Telling:
    """Keeps what ``smtplib`` returns and Django drops."""

    refused: Refusals

    def sendmail(self, from_addr: str, to_addrs: Sequence[str], msg: bytes, *args: Any, **kwargs: Any) -> Refusals:
        self.refused = super().sendmail(from_addr, to_addrs, msg, *args, **kwargs)  # type: ignore[misc]
        return self.refused


class _Plain(_Telling, smtplib.SMTP):  # type: ignore[misc]
    pass


class _Encrypted(_Telling, smtplib.SMTP_SSL):  # type: ignore[misc]
    pass


class SmtpBackend(EmailBackend):
    """Sets ``refused`` on each message sent: address as it was given -> (code, reason) of the server."""

    connection: Any

    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        return _Encrypted if self.use_ssl else _Plain

    def _send(self, email_message: EmailMessage) -> bool:
        sent: bool = super()._send(email_message)  # type: ignore[misc]
        if sent:
            email_message.refused = self.connection.refused  # type: ignore[attr-defined]
        return sent
