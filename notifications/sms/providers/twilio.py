"""Twilio’s Messages API (2010-04-01): https://www.twilio.com/docs/messaging/api/message-resource."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from pydantic import Field

from notifications.sms.providers.base import (
    Answer,
    Errors,
    IncomingReport,
    IncomingText,
    OutgoingSms,
    Provider,
    ProviderSettings,
    Refused,
    SecretForm,
    SettingForm,
    Status,
)
from notifications.sms.retrying import is_permanent, said
from outbound.errors import OutboundError
from outbound.messages import IncomingResponse, OutgoingRequest
from outbound.retry_after import retry_after_s
from outbound.secrets import Secrets
from outbound.targets import parse_target

SERVICE = re.compile(r"MG[0-9a-fA-F]{32}")
SENDER = re.compile(r"\+[1-9]\d{4,14}|\d{3,8}|(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}", re.ASCII)

STATES = {
    **dict.fromkeys(("accepted", "scheduled", "queued", "sending", "sent"), "sent"),
    **dict.fromkeys(("delivered", "read"), "delivered"),
    **dict.fromkeys(("undelivered", "failed", "canceled"), "failed"),
}
OPTED_OUT = 21610
"""https://www.twilio.com/docs/api/errors/21610: the recipient answered STOP."""

WISHES = {"STOP": "out", "START": "in"}


class TwilioSettings(ProviderSettings):
    account_sid: str = Field(pattern=r"^AC[0-9a-fA-F]{32}$")
    base_url: str = Field(default="https://api.twilio.com", max_length=300)


class TwilioProvider(Provider):
    name = "twilio"
    label = "Twilio"
    summary = _("Twilio’s Messages API.")
    icon = "sms"
    Settings = TwilioSettings
    setting_forms = (
        SettingForm("account_sid", _("Account SID"), _("Begins with AC; stands in Twilio’s console."), required=True),
        SettingForm(
            "base_url",
            _("Address of the service"),
            _("Empty: https://api.twilio.com. Another one for another region of Twilio."),
            widget="url",
        ),
    )
    secret_forms = (
        SecretForm(
            "auth_token",
            _("Auth token"),
            _("Signs what Twilio reports. It also proves who is asking, unless an auth profile with an API key does."),
        ),
    )
    # TwiML that answers a text message with nothing.
    reply = ("text/xml", '<?xml version="1.0" encoding="UTF-8"?><Response></Response>')

    def check(self, settings: TwilioSettings, sender: str) -> Errors:
        errors: Errors = {}
        if not (SENDER.fullmatch(sender) or SERVICE.fullmatch(sender)):
            errors["sender"] = [
                gettext(
                    "Give a number such as +33612345678, a name of up to 11 letters and digits, or the SID of a "
                    "messaging service, which begins with MG."
                )
            ]
        try:
            if parse_target(settings.base_url).url.path.strip("/"):
                errors["settings.base_url"] = [gettext("Give the address without a path.")]
        except OutboundError as error:
            errors["settings.base_url"] = [error.message]
        return errors

    def destination(self, settings: TwilioSettings) -> str:
        return settings.base_url.rstrip("/").lower()

    def request(
        self, message: OutgoingSms, settings: TwilioSettings, secrets: Secrets, *, has_profile: bool
    ) -> OutgoingRequest:
        form = {
            "To": message.to,
            "MessagingServiceSid" if SERVICE.fullmatch(message.sender) else "From": message.sender,
            "Body": message.text,
        }
        if message.report_url:
            form["StatusCallback"] = message.report_url
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
            "Idempotency-Key": message.key,
        }
        if not has_profile:
            pair = base64.b64encode(f"{settings.account_sid}:{secrets['auth_token']}".encode()).decode()
            headers["Authorization"] = f"Basic {pair}"
        url = f"{settings.base_url.rstrip('/')}/2010-04-01/Accounts/{settings.account_sid}/Messages.json"
        return OutgoingRequest("POST", url, headers, body=urlencode(form).encode())

    def read(self, response: IncomingResponse, settings: TwilioSettings) -> Answer | Refused:
        answer = _object(response)
        if response.status in {200, 201}:
            return Answer(str(answer.get("sid") or "")[:255])
        code = answer.get("code")
        words = str(answer.get("message") or "") or response.text()
        reason = f"{code}: {said(words)}" if isinstance(code, int) else said(words) or str(response.status)
        if code == OPTED_OUT:
            return Refused(reason, permanent=True, opted_out=True)
        return Refused(reason, is_permanent(response.status), retry_after_s(response.headers.get("retry-after", "")))

    def is_genuine(self, report: IncomingReport, settings: TwilioSettings, secrets: Secrets) -> bool:
        given = report.headers.get("x-twilio-signature", "")
        token = secrets.get("auth_token", "")
        if not given or not token or not given.isascii():
            return False
        expected = (signature(token, url, report.fields) for url in _spellings(report.url))
        return any(hmac.compare_digest(each, given) for each in expected)

    def parse_status(self, report: IncomingReport, settings: TwilioSettings) -> Status | None:
        state = STATES.get(report.field("MessageStatus") or report.field("SmsStatus"))
        if state is None:
            return None
        words = [report.field("ErrorCode"), said(report.field("ErrorMessage"))] if state == "failed" else []
        return Status(report.field("MessageSid")[:255], state, ": ".join(filter(None, words))[:300])

    def parse_text(self, report: IncomingReport, settings: TwilioSettings) -> IncomingText | None:
        sender = report.field("From")
        if not sender or not any(name == "Body" for name, _value in report.fields):
            return None
        return IncomingText(sender, report.field("Body"), WISHES.get(report.field("OptOutType").upper(), ""))


def signature(token: str, url: str, fields: Iterable[tuple[str, str]]) -> str:
    """Twilio’s ``X-Twilio-Signature`` of a form: https://www.twilio.com/docs/usage/security#validating-requests.

    The whole address, then every field, sorted by name, name and value without anything between; a name that is
    there several times gives each of its values once, sorted. HMAC-SHA1 under the auth token, in Base64.
    """
    values: dict[str, set[str]] = {}
    for name, value in fields:
        values.setdefault(name, set()).add(value)
    text = url + "".join(name + value for name in sorted(values) for value in sorted(values[name]))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()


def _spellings(url: str) -> Iterable[str]:
    """Twilio signs the address with or without its port: its own libraries accept both."""
    yield url
    parts = urlsplit(url)
    port = {"https": 443, "http": 80}.get(parts.scheme)
    host = parts.netloc.rpartition(":")[0] if parts.port else f"{parts.netloc}:{port}"
    yield urlunsplit(parts._replace(netloc=host))


def _object(response: IncomingResponse) -> Mapping[str, Any]:
    try:
        answer = response.json()
    except OutboundError:
        return {}
    return answer if isinstance(answer, dict) else {}
