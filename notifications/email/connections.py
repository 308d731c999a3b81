"""Connections to the mail server that stay open from one message to the next, for as long as messages follow.

Only such over which nothing has ever failed: a message that was refused must not be in the way of the next one.
"""

from __future__ import annotations

import os
import smtplib
import threading
import time
from contextlib import suppress
from dataclasses import dataclass

from django.conf import settings
from django.core.mail import EmailMessage

from notifications.email.smtp import SmtpBackend

IDLE_S = 2.0
"""As long as a worker that was woken begins new runs."""
MOST_MESSAGES = 50
"""Over one connection; servers count them, too."""
OURS = f"{SmtpBackend.__module__}.{SmtpBackend.__qualname__}"

_AWAY = (OSError, smtplib.SMTPException)


@dataclass(slots=True)
class _Open:
    backend: SmtpBackend
    server: tuple[object, ...]
    messages: int = 0
    used_s: float = 0.0

    def answers(self) -> bool:
        """Whether the server still is there, and knows of no message that was begun."""
        with suppress(*_AWAY):
            return bool(self.backend.connection.rset()[0] == 250)
        return False

    def close(self) -> None:
        with suppress(*_AWAY):
            self.backend.close()
        # Also of what did not want to be closed.
        self.backend.connection = None

    def drop(self) -> None:
        """Without a word: a server that is mute would be waited for."""
        if self.backend.connection is not None:
            self.backend.connection.close()
            self.backend.connection = None


_idle: list[_Open] = []
_lock = threading.Lock()
_closing: threading.Timer | None = None


def send(message: EmailMessage) -> None:
    """As ``message.send()``, which it is where mail does not go over SMTP. Raises what the backend raises."""
    if settings.EMAIL_BACKEND != OURS:
        message.send()
        return
    this = _taken() or _opened()
    message.connection = this.backend
    try:
        message.send()
    except (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused):
        this.close()
        raise
    except BaseException:
        this.drop()
        raise
    this.messages += 1
    if this.messages < MOST_MESSAGES:
        _keep(this)
    else:
        this.close()


def close_idle(longer_than_s: float = 0.0) -> None:
    """Those that nobody has used for so long."""
    since_s = time.monotonic() - longer_than_s
    with _lock:
        old = [each for each in _idle if each.used_s <= since_s]
        _idle[:] = [each for each in _idle if each.used_s > since_s]
    for each in old:
        each.close()


def _taken() -> _Open | None:
    server = _server()
    while True:
        with _lock:
            found = next((each for each in reversed(_idle) if each.server == server), None)
            if found is None:
                return None
            _idle.remove(found)
        if found.answers():
            return found
        found.drop()


def _opened() -> _Open:
    backend = SmtpBackend()
    backend.open()
    return _Open(backend, _server())


def _server() -> tuple[object, ...]:
    """Whose connections may be used: of this process, to the server of the settings."""
    names = ("HOST", "PORT", "HOST_USER", "HOST_PASSWORD", "USE_TLS", "USE_SSL", "TIMEOUT")
    return os.getpid(), *(getattr(settings, f"EMAIL_{name}") for name in names)


def _keep(this: _Open) -> None:
    this.used_s = time.monotonic()
    with _lock:
        _idle.append(this)
        _close_later()


def _close_later() -> None:
    global _closing
    if _closing is None or not _closing.is_alive():
        _closing = threading.Timer(IDLE_S, _close_old)
        _closing.daemon = True
        _closing.start()


def _close_old() -> None:
    global _closing
    close_idle(IDLE_S)
    with _lock:
        _closing = None
        if _idle:
            _close_later()
