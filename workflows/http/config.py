"""The settings of an API request, and the request that they make."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Literal

from django.utils.translation import gettext as _
from pydantic import AfterValidator, Field

from actions.contract import JSON, ActionError
from actions.expressions.errors import ExpressionError
from actions.expressions.templates import CompiledJSON, Template, compile_json
from outbound.http import OutboundError, OutgoingRequest
from workflows.fields import TemplateJSON, TemplateText
from workflows.http.address import AddressTemplate
from workflows.http.mapping import Mapped
from workflows.http.text import as_text, header_text
from workflows.nodes.base import NodeConfig, NodeContext

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"]
BODILESS = frozenset({"GET", "HEAD"})
IDEMPOTENT = frozenset({"GET", "HEAD", "PUT", "DELETE"})
"""RFC 9110, section 9.2.2."""

KEY_HEADER = "Idempotency-Key"


def _check_address(source: str) -> str:
    try:
        AddressTemplate.parse(source)
    except ExpressionError as error:
        raise ValueError(error.message) from error
    return source


def _check_header_name(name: str) -> str:
    try:
        OutgoingRequest("GET", "", {name: ""}).check()
    except OutboundError as error:
        raise ValueError(error.message) from error
    return name


def _check_status(value: Any) -> int | str:
    text = str(value).strip().lower()
    if len(text) == 3 and text[0] in "12345":
        if text.isdecimal():
            return int(text)
        if text.endswith("xx"):
            return text
    raise ValueError(_("“%(value)s” is no HTTP status: write for example 200, 404 or 2xx.") % {"value": text[:20]})


HeaderName = Annotated[str, AfterValidator(_check_header_name)]
Status = Annotated[Any, AfterValidator(_check_status)]


class ApiRequestConfig(NodeConfig):
    """``idempotency_key`` None: for every method but GET and HEAD. ``expected_status`` empty: any 2xx."""

    method: Method = "GET"
    url: Annotated[str, AfterValidator(_check_address)]
    auth_profile: str = Field(default="", max_length=100)
    query: dict[str, TemplateText] = Field(default_factory=dict, max_length=100)
    headers: dict[HeaderName, TemplateText] = Field(default_factory=dict, max_length=50)
    body: TemplateJSON = None
    timeout_s: float = Field(default=5, gt=0, le=30)
    expected_status: tuple[Status, ...] = Field(default=(), max_length=50)
    mapping: tuple[Mapped, ...] = Field(default=(), max_length=100)
    idempotency_key: bool | None = None
    retries: int = Field(default=0, ge=0, le=3)

    @cached_property
    def address(self) -> AddressTemplate:
        return AddressTemplate.parse(self.url)

    @cached_property
    def query_templates(self) -> dict[str, Template]:
        return {name: Template.parse(source) for name, source in self.query.items()}

    @cached_property
    def header_templates(self) -> dict[str, Template]:
        return {name: Template.parse(source) for name, source in self.headers.items()}

    @cached_property
    def body_template(self) -> CompiledJSON:
        return compile_json(self.body)

    @cached_property
    def expected(self) -> frozenset[int]:
        ranges = [
            range(int(status[0]) * 100, int(status[0]) * 100 + 100) if isinstance(status, str) else (status,)
            for status in self.expected_status or ("2xx",)
        ]
        return frozenset(status for statuses in ranges for status in statuses)

    @property
    def sends_key(self) -> bool:
        return self.method not in BODILESS if self.idempotency_key is None else self.idempotency_key

    @property
    def repeatable(self) -> bool:
        """Whether a second request has no effect beyond the first one's."""
        return self.method in IDEMPOTENT or self.sends_key

    @property
    def names(self) -> Mapping[str, frozenset[str]]:
        """The names that each field reads, by its path."""
        return {
            "url": self.address.names,
            **{f"query.{name}": template.names for name, template in self.query_templates.items()},
            **{f"headers.{name}": template.names for name, template in self.header_templates.items()},
            "body": self.body_template.names,
        }

    def problems(self) -> list[tuple[str, StrOrPromise]]:
        """What is wrong between the fields."""
        problems: list[tuple[str, StrOrPromise]] = []
        if self.body is not None and self.method in BODILESS:
            problems.append(("body", _("A %(method)s request has no body.") % {"method": self.method}))
        if self.retries and not self.repeatable:
            problems.append(("retries", _("A repeated %(method)s needs an idempotency key.") % {"method": self.method}))
        return problems

    def request(self, context: NodeContext) -> tuple[OutgoingRequest, JSON]:
        """The request for these names, and its body as JSON. Raises ActionError, or ExpressionError."""
        scope, warnings = context.scope, context.warnings
        url = self.address.render(scope, warnings)
        query = {name: template.value(scope, warnings) for name, template in self.query_templates.items()}
        headers = {name: template.value(scope, warnings) for name, template in self.header_templates.items()}
        body = None if self.body is None else self.body_template.value(scope, warnings)
        outgoing = OutgoingRequest(
            self.method,
            url,
            headers=self._headers(headers, context),
            query={name: as_text(value) for name, value in query.items() if value is not None},
            body=None if self.body is None else _encoded(body),
        )
        return outgoing, body

    def _headers(self, values: Mapping[str, JSON], context: NodeContext) -> dict[str, str]:
        headers = {name: header_text(value) for name, value in values.items() if value is not None}
        given = {name.lower() for name in headers}
        if self.body is not None and "content-type" not in given:
            headers["Content-Type"] = "application/json"
        if self.sends_key and KEY_HEADER.lower() not in given:
            headers[KEY_HEADER] = f"{context.call.idempotency_key}-{context.node_id}"
        return headers


def _encoded(body: JSON) -> bytes:
    try:
        return json.dumps(body, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        message = _("The body holds a value that JSON cannot express.")
        raise ActionError(message, code="invalid_body", permanent=True) from error
