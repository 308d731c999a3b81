"""Messages that are not sent, and rightly so."""

from __future__ import annotations

from django.utils.translation import gettext as _


class SkippedError(Exception):
    """``status`` is a stable word, ``reason`` for the operator, ``spoken`` what the agent may say of it."""

    def __init__(self, status: str, reason: str, spoken: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.spoken = spoken


def opted_out(number: str) -> SkippedError:
    return SkippedError(
        "opted_out",
        _("%(number)s is on the opt-out list: nothing is sent to it.") % {"number": number},
        _("This number has asked for no more text messages, so none was sent. Tell the caller, or offer another way."),
    )


def already_sent() -> SkippedError:
    message = _("This text message was sent already, and is not sent again.")
    return SkippedError("already_sent", message, message)
