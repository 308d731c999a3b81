"""Kind ``oauth2_client_credentials``: a token that is asked for, kept, and renewed (RFC 6749, section 4.4)."""

from __future__ import annotations

import math
import re
import time
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import quote_plus
from uuid import UUID

from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_token_request
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from pydantic import Field, field_validator

from outbound.auth.base import (
    Applied,
    AuthKind,
    Credential,
    Errors,
    Fetch,
    KindSettings,
    SecretForm,
    SettingForm,
)
from outbound.auth.bearer import bearing
from outbound.auth.registry import register
from outbound.errors import OutboundError
from outbound.flights import join, start
from outbound.messages import IncomingResponse, OutgoingRequest
from outbound.secrets import Secrets
from outbound.targets import parse_target

LIFETIME_S = 300.0
"""Of a token whose server does not say."""

LIFETIME_MAX_S = 86_400.0
RENEWED_AT = 0.8
"""The part of its lifetime after which a token is renewed, in the background, …"""

RENEWED_BEFORE_S = 60.0
"""… or this long before its end, whichever comes later; in its last :data:`UNSAFE_S` it is not sent any more."""

UNSAFE_S = 5.0
_TOKENS_MAX = 10_000

# RFC 6749, section 5.2: only these are repeated to people.
_ERRORS = frozenset(
    {"invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type"}
    | {"invalid_scope", "invalid_target", "access_denied"}
)
_TOKEN = re.compile(r"[\x21-\x7e]{1,8000}")
_VISIBLE = re.compile(r"[\x20-\x7e]+")


class OAuth2Settings(KindSettings):
    """``client_auth``: how the client proves itself to the token server (RFC 6749, section 2.3.1)."""

    token_url: str = Field(max_length=2_000)
    client_id: str = Field(min_length=1, max_length=500, pattern=r"^[\x20-\x7e]+$")
    scope: str = Field(default="", max_length=1_000)
    audience: str = Field(default="", max_length=1_000)
    client_auth: Literal["basic", "post"] = "basic"

    @field_validator("token_url")
    @classmethod
    def _is_url(cls, url: str) -> str:
        try:
            parse_target(url)
        except OutboundError as error:
            raise ValueError(error.message) from None
        return url


@dataclass(frozen=True, slots=True)
class Token:
    """Points of the monotonic clock: ``renew_at_s`` is before ``unsafe_at_s``."""

    value: str = field(repr=False)
    renew_at_s: float
    unsafe_at_s: float


_tokens: dict[UUID, Token] = {}
"""By the revision of the profile: after any change of it, another token is asked for."""


@register
class OAuth2ClientCredentials(AuthKind):
    name = "oauth2_client_credentials"
    label = _("OAuth 2.0")
    summary = _("Client credentials: a token is fetched, kept and renewed by itself.")
    icon = "autorenew"
    Settings = OAuth2Settings
    setting_forms = (
        SettingForm("token_url", _("Address of the token"), widget="url", required=True),
        SettingForm("client_id", _("Client ID"), required=True),
        SettingForm("scope", _("Scope"), _("Separated by spaces, if the other system wants any.")),
        SettingForm("audience", _("Audience"), _("Only if the other system asks for it.")),
        SettingForm(
            "client_auth",
            _("The client proves itself"),
            widget="choice",
            choices=(("basic", _("In a header (Basic)")), ("post", _("In the body"))),
        ),
    )
    secret_forms = (SecretForm("client_secret", _("Client secret")),)

    def check(self, settings: OAuth2Settings, secrets: Secrets) -> Errors:
        if _VISIBLE.fullmatch(secrets["client_secret"]):
            return {}
        return {"secrets.client_secret": [gettext("Only letters, digits and signs without accents are possible here.")]}

    def destinations(self, settings: OAuth2Settings) -> frozenset[str]:
        return frozenset({"{}://{}:{}".format(*parse_target(settings.token_url).origin)})

    async def apply(self, request: OutgoingRequest, credential: Credential, fetch: Fetch) -> Applied:
        token = _tokens.get(credential.revision)
        now_s = time.monotonic()
        if token is None or now_s >= token.unsafe_at_s:
            token = await _joined(credential, fetch)
        elif now_s >= token.renew_at_s:
            # Nobody waits; whether it works is seen when the present one runs out.
            start(credential.revision, lambda: _ask(credential, fetch))
        return bearing(request, token.value)

    def renew(self, credential: Credential, applied: Applied) -> bool:
        """Only the token that was refused goes: a newer one may be there already."""
        token = _tokens.get(credential.revision)
        if token is not None and token.value in applied.hidden:
            _tokens.pop(credential.revision, None)
        return True


async def _joined(credential: Credential, fetch: Fetch) -> Token:
    """Waits with others; each gets an exception of their own, for exceptions remember where they were raised."""
    try:
        return await join(credential.revision, lambda: _ask(credential, fetch))
    except OutboundError as error:
        failure = OutboundError(error.message, error.code, error.permanent)
    raise failure


async def _ask(credential: Credential, fetch: Fetch) -> Token:
    try:
        response = await fetch(_token_request(credential.settings, credential.secrets))
    except OutboundError as error:
        failure = credential.failed(error.message, permanent=error.permanent)
    else:
        token = _read(response)
        if isinstance(token, Token):
            if len(_tokens) >= _TOKENS_MAX:
                _tokens.clear()
            _tokens[credential.revision] = token
            return token
        failure = credential.failed(token, permanent=_for_good(response.status))
    # Outside of the handler, whose exceptions need not be shown with this one.
    raise failure


def _token_request(settings: OAuth2Settings, secrets: Secrets) -> OutgoingRequest:
    optional = {"scope": settings.scope, "audience": settings.audience}
    body = prepare_token_request("client_credentials", **{name: text for name, text in optional.items() if text})
    client_id, secret = settings.client_id, secrets["client_secret"]
    if settings.client_auth == "basic":
        # Authlib joins the two as they are; RFC 6749, section 2.3.1 wants them form-encoded.
        client_id, secret = quote_plus(client_id), quote_plus(secret)
    client = ClientAuth(client_id, secret, f"client_secret_{settings.client_auth}")
    headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
    url, headers, body = client.prepare("POST", settings.token_url, headers, body)
    return OutgoingRequest("POST", url, headers, body=body.encode())


def _read(response: IncomingResponse) -> Token | str:
    """The token, or a sentence that says what is wrong with the answer."""
    try:
        answer = response.json()
    except OutboundError:
        answer = None
    if response.status != 200:
        code = answer.get("error") if isinstance(answer, dict) else None
        shown = f"{response.status}, {code}" if isinstance(code, str) and code in _ERRORS else str(response.status)
        return gettext("the token server refused (%(status)s).") % {"status": shown}
    if not isinstance(answer, dict):
        return gettext("the token server did not answer with a JSON object.")
    value, kind = answer.get("access_token"), answer.get("token_type", "Bearer")
    if not isinstance(value, str) or not _TOKEN.fullmatch(value):
        return gettext("the token server answered without a usable token.")
    if not isinstance(kind, str) or kind.lower() != "bearer":
        return gettext("the token server gave a token of a type that is not supported.")
    return _timed(value, answer.get("expires_in"))


def _timed(value: str, expires_in: Any) -> Token:
    try:
        lifetime_s = float(expires_in)
    except (TypeError, ValueError, OverflowError):
        lifetime_s = LIFETIME_S
    if not math.isfinite(lifetime_s) or lifetime_s < 0:
        lifetime_s = LIFETIME_S
    lifetime_s = min(lifetime_s, LIFETIME_MAX_S)
    now_s = time.monotonic()
    renew_s = max(lifetime_s * RENEWED_AT, lifetime_s - RENEWED_BEFORE_S)
    return Token(value, now_s + renew_s, now_s + max(renew_s, lifetime_s - UNSAFE_S))


def _for_good(status: int) -> bool:
    return 400 <= status < 500 and status not in {408, 425, 429}
