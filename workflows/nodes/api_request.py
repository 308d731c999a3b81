"""Node ``api_request``: sends one HTTP request and maps the JSON of its answer to variables."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, get_args

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from actions.contract import JSON
from outbound import credentials
from outbound.http import IncomingResponse, OutboundError, OutgoingRequest, send
from outbound.retry_after import retry_after_s
from workflows.http.config import ApiRequestConfig, Method
from workflows.http.mapping import TYPE_OPTIONS, read_all
from workflows.http.pinned import pinned_response
from workflows.http.retrying import wait_s
from workflows.http.shown import meta_shown, request_shown, response_shown
from workflows.nodes.base import ERROR, NEXT, FieldForm, NodeContext, NodeError, NodeKind, NodeResult
from workflows.nodes.registry import register

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from actions.contract import Moment

RETRIED_STATUSES = frozenset({408, 425, 429})
"""Of the 4xx, those that say "later" rather than "never" (RFC 9110, RFC 6585, RFC 8470)."""


def _profiles(account_id: int) -> list[tuple[str, str]]:
    return [(name, name) for name in sorted(credentials.names(account_id))]


@register
class ApiRequestNode(NodeKind[ApiRequestConfig]):
    name = "api_request"
    label = _("API request")
    summary = _("Asks another system over HTTP and keeps parts of its answer in variables.")
    icon = "http"
    Config = ApiRequestConfig
    waits = True
    acts = True
    default_config = {"method": "GET", "url": "https://"}
    fields = (
        FieldForm("method", _("Method"), "select", options=tuple((name, name) for name in get_args(Method))),
        FieldForm(
            "url",
            _("Address"),
            "template",
            _("Variables are possible after the host; they are encoded."),
            placeholder="https://crm.example/customers/{{ interaction.ANI }}",
            required=True,
        ),
        FieldForm(
            "auth_profile",
            _("Credentials"),
            "auth-profile-select",
            _("Added to the request when it is sent; never shown."),
            options_for=_profiles,
        ),
        FieldForm("query", _("Query parameters"), "key-value", _("A parameter without a value is left out.")),
        FieldForm("headers", _("Headers"), "key-value", _("A header without a value is left out.")),
        FieldForm("body", _("Body"), "json-template", _("JSON; not for GET and HEAD.")),
        FieldForm(
            "timeout_s",
            _("Time limit"),
            "number",
            _("In seconds, for each attempt: 30 at most."),
            minimum=0.1,
            maximum=30,
            unit="s",
        ),
        FieldForm(
            "expected_status",
            _("Expected statuses"),
            "status-list",
            _("For example 200, 404 or 2xx. Empty: any 2xx. All others are failures."),
        ),
        FieldForm(
            "mapping",
            _("Response mapping"),
            "mapping-rows",
            _("From a path in the answer's JSON to a variable."),
            options=TYPE_OPTIONS,
        ),
        FieldForm(
            "idempotency_key",
            _("Idempotency key"),
            "boolean",
            _("Sends the header Idempotency-Key, the same whenever the request is repeated."),
        ),
        FieldForm(
            "retries",
            _("Retries"),
            "number",
            _("How often a failed request is sent again: 3 times at most."),
            minimum=0,
            maximum=3,
        ),
    )

    def outputs(self, config: ApiRequestConfig) -> tuple[str, ...]:
        return (NEXT, ERROR)

    def variables(self, config: ApiRequestConfig) -> tuple[str, ...]:
        return tuple(dict.fromkeys(mapped.variable for mapped in config.mapping))

    def names(self, config: ApiRequestConfig) -> Mapping[str, frozenset[str]]:
        return config.names

    def check(self, config: ApiRequestConfig, moment: Moment | None) -> list[tuple[str, StrOrPromise]]:
        return config.problems()

    def auth_profiles(self, config: ApiRequestConfig) -> tuple[str, ...]:
        return (config.auth_profile,) if config.auth_profile else ()

    def check_in_account(self, config: ApiRequestConfig, account_id: int) -> list[tuple[str, StrOrPromise]]:
        if not config.auth_profile or config.auth_profile in credentials.names(account_id):
            return []
        text = gettext("There are no credentials called “%(name)s”.") % {"name": config.auth_profile}
        return [("auth_profile", text)]

    async def run(self, config: ApiRequestConfig, context: NodeContext) -> NodeResult:
        request, body = config.request(context)
        context.input = request_shown(request, body, config.auth_profile)
        retries = config.retries if config.repeatable else 0
        attempt = 0
        while True:
            try:
                return await _attempt(config, context, request, attempt)
            except UpstreamError as error:
                attempt += 1
                pause_s = wait_s(attempt, error.retry_after_s)
                if error.permanent or attempt > retries or pause_s >= context.deadline.remaining_s():
                    raise
            await asyncio.sleep(pause_s)

    def replay(self, config: ApiRequestConfig, context: NodeContext, data: JSON) -> NodeResult:
        """The answer is read as if it had come just now: status, mapping and all."""
        return _read(config, context, pinned_response(data), 0)


class UpstreamError(NodeError):
    """``retry_after_s`` is what the answer's Retry-After asks for, or None."""

    retry_after_s: float | None = None


async def _attempt(config: ApiRequestConfig, context: NodeContext, request: OutgoingRequest, retry: int) -> NodeResult:
    """Send it once; raises :class:`UpstreamError`."""
    deadline_s = min(config.timeout_s, context.deadline.remaining_s())
    try:
        response = await send(
            request,
            account_id=context.call.account_id,
            deadline_s=deadline_s,
            auth_profile=config.auth_profile or None,
        )
    except OutboundError as error:
        raise UpstreamError(
            error.message, code=error.code, permanent=error.permanent, data={"retries": retry}
        ) from error
    return _read(config, context, response, retry)


def _read(config: ApiRequestConfig, context: NodeContext, response: IncomingResponse, retry: int) -> NodeResult:
    """What an answer comes to; raises :class:`UpstreamError`."""
    data = response_shown(response, retry)
    if context.rehearsal is not None:
        context.meta = meta_shown(context.input or {}, response)
    if response.status not in config.expected:
        raise _unexpected(response, data)
    variables = read_all(config.mapping, _json(config, response, data), context.warnings)
    return NodeResult(variables=variables, data={**data, "variables": variables} if variables else data)


def _json(config: ApiRequestConfig, response: IncomingResponse, data: dict[str, JSON]) -> JSON:
    """What the mapping reads; an empty body reads as null. Raises :class:`UpstreamError`."""
    if not config.mapping or not response.body.strip():
        return None
    try:
        return response.json()
    except OutboundError as error:
        message = gettext("The answer (status %(status)d, %(type)s) is not JSON: nothing can be mapped.") % {
            "status": response.status,
            "type": response.headers.get("content-type", "").partition(";")[0] or "?",
        }
        raise UpstreamError(message, code=error.code, permanent=False, status=response.status, data=data) from error


def _unexpected(response: IncomingResponse, data: dict[str, JSON]) -> UpstreamError:
    status = response.status
    error = UpstreamError(
        gettext("The answer has the status %(status)d, which is not expected.") % {"status": status},
        code="unexpected_status",
        permanent=not (status >= 500 or status in RETRIED_STATUSES),
        status=status,
        data=data,
    )
    error.retry_after_s = retry_after_s(response.headers.get("retry-after", ""))
    return error
