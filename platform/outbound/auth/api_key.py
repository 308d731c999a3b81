"""Kind ``api_key``: one or more keys, each in a header, the query or the body."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal
from urllib.parse import parse_qsl, urlencode

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from pydantic import ConfigDict, Field, field_validator
from yarl import URL

from outbound.auth.base import (
    Applied,
    AuthKind,
    Credential,
    Errors,
    Fetch,
    KindSettings,
    SettingForm,
    header_errors,
    with_header,
)
from outbound.auth.registry import register
from outbound.errors import OutboundError
from outbound.messages import OutgoingRequest
from outbound.secrets import Secrets

FORM = "application/x-www-form-urlencoded"
PLACES = (("header", _("Header")), ("query", _("Query parameter")), ("body", _("Member of the body")))


class Item(KindSettings):
    """The secret of the same name goes to ``place`` (written ``in``, as in OpenAPI)."""

    model_config = ConfigDict(populate_by_name=True)

    name: str = Field(min_length=1, max_length=100)
    place: Literal["header", "query", "body"] = Field(default="header", alias="in")

    @field_validator("name")
    @classmethod
    def _visible(cls, name: str) -> str:
        if not name.isprintable():
            raise ValueError(gettext("The name contains a control character."))
        return name


class ApiKeySettings(KindSettings):
    items: tuple[Item, ...] = Field(min_length=1, max_length=10)

    @field_validator("items")
    @classmethod
    def _check(cls, items: tuple[Item, ...]) -> tuple[Item, ...]:
        names = [item.name.lower() for item in items]
        if len(set(names)) < len(names):
            raise ValueError(gettext("Two keys have the same name."))
        for item in items:
            if item.place == "header":
                try:
                    OutgoingRequest("GET", "", {item.name: ""}).check()
                except OutboundError as error:
                    raise ValueError(error.message) from None
        return items


@register
class ApiKey(AuthKind):
    name = "api_key"
    label = _("API key")
    summary = _("One or more keys, each in a header, the query or the body.")
    icon = "key"
    Settings = ApiKeySettings
    setting_forms = (
        SettingForm(
            "items", _("Keys"), _("The name is what the other system calls it, for example X-Api-Key."), "rows", PLACES
        ),
    )

    def secret_names(self, settings: ApiKeySettings) -> Mapping[str, bool]:
        return {item.name: True for item in settings.items}

    def check(self, settings: ApiKeySettings, secrets: Secrets) -> Errors:
        return header_errors({item.name: secrets[item.name] for item in settings.items if item.place == "header"})

    async def apply(self, request: OutgoingRequest, credential: Credential, fetch: Fetch) -> Applied:
        settings: ApiKeySettings = credential.settings
        members: dict[str, str] = {}
        for item in settings.items:
            value = credential.secrets[item.name]
            if item.place == "header":
                request = replace(request, headers=with_header(request, item.name, value))
            elif item.place == "query":
                request = _with_parameter(request, item.name, value)
            else:
                members[item.name] = value
        if members:
            request = _with_members(request, members, credential)
        return Applied(request, tuple(credential.secrets.values()))


def _with_parameter(request: OutgoingRequest, name: str, value: str) -> OutgoingRequest:
    """In the place of any parameter of this name, also of one that is written in the URL."""
    pairs = [(key, text) for key, text in request.query_pairs() if key != name]
    try:
        url = str(URL(request.url).without_query_params(name)) if "?" in request.url else request.url
    except (ValueError, IndexError):
        url = request.url
    return replace(request, url=url, query=[*pairs, (name, value)])


def _with_members(request: OutgoingRequest, members: dict[str, str], credential: Credential) -> OutgoingRequest:
    """Into a form, else into a JSON object."""
    if request.method in {"GET", "HEAD"}:
        raise credential.failed(gettext("its key belongs in the body, but this request has none."))
    declared = next((text for name, text in request.headers.items() if name.lower() == "content-type"), "")
    if re.match(FORM, declared, re.IGNORECASE):
        pairs = parse_qsl((request.body or b"").decode("utf-8", "replace"), keep_blank_values=True)
        kept = [(name, value) for name, value in pairs if name not in members]
        return replace(request, body=urlencode([*kept, *members.items()]).encode())
    try:
        body: Any = json.loads(request.body) if request.body else {}
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise credential.failed(gettext("its key belongs in the body, which must be a JSON object or a form."))
    headers = request.headers if declared else with_header(request, "Content-Type", "application/json")
    return replace(request, headers=headers, body=json.dumps({**body, **members}).encode())
