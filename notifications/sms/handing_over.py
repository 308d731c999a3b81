"""One message to its provider, over the guarded client."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from pydantic import ValidationError

from actions.contract import ActionError
from notifications.models.sms import SmsConnection
from notifications.sms.providers.base import Answer, OutgoingSms, Provider, Refused
from outbound.authentication import refuse_plain_text
from outbound.errors import MASK, OutboundError
from outbound.http import send
from outbound.secrets import Secrets, SecretsUnreadable

MOST_ANSWER_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Line:
    """A connection, opened and ready to be used; its repr shows no secrets."""

    account_id: int
    provider: Provider
    sender: str
    settings: Any
    secrets: Secrets
    auth_profile: str | None
    token: str

    @classmethod
    def of(cls, connection: SmsConnection) -> Line:
        """Raises ActionError where it cannot be used as it is stored."""
        unusable = ActionError(
            _("The SMS connection “%(name)s” cannot be used: check its settings, and enter its secrets again.")
            % {"name": connection.name},
            code="bad_connection",
            permanent=True,
        )
        try:
            provider = connection.provider_object
            parsed, secrets = provider.Settings.model_validate(connection.settings), connection.secrets()
        except (StopIteration, ValidationError, SecretsUnreadable):
            raise unusable from None
        if not {each.name for each in provider.secret_forms if each.required} <= set(secrets):
            raise unusable
        profile = connection.auth_profile
        return cls(
            account_id=connection.account_id,
            provider=provider,
            sender=connection.sender,
            settings=parsed,
            secrets=secrets,
            auth_profile=profile.name if profile else None,
            token=connection.token,
        )


async def hand_over(line: Line, message: OutgoingSms, deadline_s: float) -> Answer:
    """The provider's answer, once it took the message.

    Raises ActionError; :class:`OptedOutError` where the recipient wants none.
    """
    request = line.provider.request(message, line.settings, line.secrets, has_profile=line.auth_profile is not None)
    try:
        if line.secrets:
            await refuse_plain_text(line.account_id, request)
        response = await send(
            request,
            account_id=line.account_id,
            deadline_s=deadline_s,
            max_bytes=MOST_ANSWER_BYTES,
            max_redirects=0,
            auth_profile=line.auth_profile,
        )
    except OutboundError as error:
        raise ActionError(error.message, code=error.code, permanent=error.permanent) from error
    answer = line.provider.read(response, line.settings)
    if isinstance(answer, Refused):
        raise _refusal(answer, line.secrets)
    return answer


class OptedOutError(ActionError):
    """The recipient has told the provider to send them nothing more."""


def _refusal(refused: Refused, secrets: Secrets) -> ActionError:
    reason = refused.reason
    for secret in secrets.values():
        reason = reason.replace(secret, MASK)
    if refused.opted_out:
        return OptedOutError(reason, code="opted_out", permanent=True)
    if refused.permanent:
        message = _("The provider refused the message: %(answer)s")
        return ActionError(message % {"answer": reason}, code="sms_refused", permanent=True)
    message = _("The provider put the message off: %(answer)s")
    return ActionError(message % {"answer": reason}, code="sms_deferred", retry_after_s=refused.retry_after_s)


def public_address(token: str) -> str:
    """Where a provider reports to: the address of one connection, which nobody else knows."""
    return f"{settings.PUBLIC_URL}{reverse('sms-report', args=[token])}"


def report_url(token: str, reference: object) -> str:
    """For the reports on one message; '' where nobody out there could reach it, which providers refuse."""
    return f"{public_address(token)}?message={reference}" if is_reachable() else ""


def is_reachable() -> bool:
    """Whether the public address may be one that the internet knows."""
    host = urlsplit(settings.PUBLIC_URL).hostname or ""
    try:
        return ip_address(host).is_global
    except ValueError:
        return "." in host
