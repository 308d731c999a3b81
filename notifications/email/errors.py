"""What the failures of a mail server or provider mean to a run: try again, or never."""

from __future__ import annotations

import smtplib
from collections.abc import Iterable, Mapping

from anymail.exceptions import AnymailAPIError, AnymailError, AnymailRecipientsRefused
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext as _
from requests import RequestException

from actions.contract import ActionError
from actions.storable import storable_text
from outbound.retry_after import retry_after_s

AUTHENTICATION_CODES = frozenset((530, 534, 535, 538))
"""RFC 4954: they refuse us, not the message. Once the operator has set the password right, a retry succeeds."""

NOT_THE_MESSAGE = frozenset((401, 402, 403, 407, 408, 425, 429))
"""HTTP states of a provider that say nothing against the message: password, account, time, too many."""

MOST_SAID = 500

Answer = tuple[int, bytes | str]


def as_action_error(error: Exception) -> ActionError | None:
    """None for what says nothing about mail."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return answered(error.recipients.values())
    if isinstance(error, smtplib.SMTPSenderRefused | smtplib.SMTPDataError):
        return answered([(error.smtp_code, error.smtp_error)])
    if isinstance(error, AnymailError):
        return _of_provider(error)
    if isinstance(error, smtplib.SMTPException | OSError | ImproperlyConfigured):
        return _unusable(_said(error))
    return None


def answered(answers: Iterable[Answer]) -> ActionError:
    """What the server said of this message; 5yz is for good, 4yz is not (RFC 5321 section 4.2.1)."""
    answers = list(answers)
    said = "; ".join(sorted({f"{code} {text_of(reason)}" for code, reason in answers}))
    return _refused(said) if all(is_for_good(code) for code, _reason in answers) else _deferred(said)


def is_for_good(code: int) -> bool:
    return code >= 500 and code not in AUTHENTICATION_CODES


def refusals_of(error: Exception) -> Mapping[str, Answer]:
    """Recipient, as it was given -> what the server said, when it refused every one of them."""
    return error.recipients if isinstance(error, smtplib.SMTPRecipientsRefused) else {}


def _of_provider(error: AnymailError) -> ActionError:
    if isinstance(error, AnymailRecipientsRefused):
        return _refused(_("The provider takes no message for these recipients."))
    if not isinstance(error, AnymailAPIError):
        # An address or feature that this provider cannot be told of: the same again next time.
        return _refused(_said(error))
    status = error.status_code
    if status is None or (isinstance(error, RequestException) and error.response is None):
        return _unusable(_said(error))
    said = text_of(f"{status} {getattr(error.response, 'text', '') or ''}".strip())
    if status < 500 and status not in NOT_THE_MESSAGE:
        return _refused(said)
    failure = _deferred(said)
    headers = getattr(error.response, "headers", None) or {}
    failure.retry_after_s = retry_after_s(headers.get("Retry-After", ""))
    return failure


def _refused(said: str) -> ActionError:
    message = _("The mail server refused the message: %(answer)s") % {"answer": said[:MOST_SAID]}
    return ActionError(message, code="mail_refused", permanent=True)


def _deferred(said: str) -> ActionError:
    message = _("The mail server put the message off: %(answer)s") % {"answer": said[:MOST_SAID]}
    return ActionError(message, code="mail_deferred")


def _unusable(said: str) -> ActionError:
    message = _("The mail server cannot be used now: %(error)s") % {"error": said[:MOST_SAID]}
    return ActionError(message, code="mail_server_unavailable")


def _said(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{error.smtp_code} {text_of(error.smtp_error)}"
    if isinstance(error, AnymailError):
        # Its own text repeats the provider's whole answer.
        return " ".join(str(part) for part in error.args) or type(error).__name__
    return str(error) or type(error).__name__


def text_of(reason: bytes | str) -> str:
    """What a server said, as a database takes it."""
    return storable_text(reason.decode(errors="replace") if isinstance(reason, bytes) else reason)
