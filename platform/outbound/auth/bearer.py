"""Kind ``bearer``: a fixed token in the header Authorization (RFC 6750)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.utils.translation import gettext_lazy as _

from outbound.auth.base import Applied, AuthKind, Credential, Errors, Fetch, SecretForm, header_errors, with_header
from outbound.auth.registry import register
from outbound.messages import OutgoingRequest
from outbound.secrets import Secrets


@register
class Bearer(AuthKind):
    name = "bearer"
    label = _("Bearer token")
    summary = _("A fixed token, sent in the header Authorization.")
    icon = "badge"
    secret_forms = (SecretForm("token", _("Token"), _("Without the word “Bearer”.")),)

    def check(self, settings: Any, secrets: Secrets) -> Errors:
        return header_errors(secrets)

    async def apply(self, request: OutgoingRequest, credential: Credential, fetch: Fetch) -> Applied:
        return bearing(request, credential.secrets["token"])


def bearing(request: OutgoingRequest, token: str) -> Applied:
    return Applied(replace(request, headers=with_header(request, "Authorization", f"Bearer {token}")), (token,))
