"""What a mail server's failures mean to a run: try again, or never."""

from __future__ import annotations

import smtplib
from collections.abc import Iterable

from django.utils.translation import gettext as _

from actions.contract import ActionError

AUTHENTICATION_CODES = frozenset((530, 534, 535, 538))
"""RFC 4954: they refuse us, not the message. Once the operator has set the password right, a retry succeeds."""


def as_action_error(error: Exception) -> ActionError | None:
    """None for what says nothing about mail."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return _answered(error.recipients.values())
    if isinstance(error, smtplib.SMTPSenderRefused | smtplib.SMTPDataError):
        return _answered([(error.smtp_code, error.smtp_error)])
    if isinstance(error, smtplib.SMTPException | OSError):
        return ActionError(
            _("The mail server cannot be used now: %(error)s") % {"error": _said(error)}, code="mail_server_unavailable"
        )
    return None


def _answered(answers: Iterable[tuple[int, bytes | str]]) -> ActionError:
    """What the server said of this message; 5yz is for good, 4yz is not (RFC 5321 section 4.2.1)."""
    answers = list(answers)
    said = "; ".join(sorted({f"{code} {_text(reason)}" for code, reason in answers}))
    if all(code >= 500 and code not in AUTHENTICATION_CODES for code, _reason in answers):
        return ActionError(
            _("The mail server refused the message: %(answer)s") % {"answer": said}, code="mail_refused", permanent=True
        )
    return ActionError(_("The mail server put the message off: %(answer)s") % {"answer": said}, code="mail_deferred")


def _said(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{error.smtp_code} {_text(error.smtp_error)}"
    return str(error) or type(error).__name__


def _text(reason: bytes | str) -> str:
    return reason.decode(errors="replace") if isinstance(reason, bytes) else reason
