"""Kind ``basic``: a user name and a password (RFC 7617)."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from pydantic import Field

from outbound.auth.base import (
    Applied,
    AuthKind,
    Credential,
    Errors,
    Fetch,
    KindSettings,
    SecretForm,
    SettingForm,
    with_header,
)
from outbound.auth.registry import register
from outbound.messages import OutgoingRequest
from outbound.secrets import Secrets


class BasicSettings(KindSettings):
    username: str = Field(min_length=1, max_length=255)


@register
class Basic(AuthKind):
    name = "basic"
    label = _("User name and password")
    summary = _("HTTP Basic authentication.")
    icon = "person"
    Settings = BasicSettings
    setting_forms = (SettingForm("username", _("User name"), required=True),)
    secret_forms = (SecretForm("password", _("Password")),)

    def check(self, settings: BasicSettings, secrets: Secrets) -> Errors:
        errors: Errors = {}
        if ":" in settings.username or not settings.username.isprintable():
            errors["settings.username"] = [gettext("A user name has no colon and no control characters here.")]
        if not secrets["password"].isprintable():
            errors["secrets.password"] = [gettext("A password has no line breaks or control characters here.")]
        return errors

    async def apply(self, request: OutgoingRequest, credential: Credential, fetch: Fetch) -> Applied:
        password = credential.secrets["password"]
        settings: Any = credential.settings
        pair = base64.b64encode(f"{settings.username}:{password}".encode()).decode()
        return Applied(
            replace(request, headers=with_header(request, "Authorization", f"Basic {pair}")), (password, pair)
        )
