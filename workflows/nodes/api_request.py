"""Node ``api_request``: sends one HTTP request and maps the JSON of its answer to variables."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from actions.contract import JSON
from outbound.http import IncomingResponse, OutboundError, OutgoingRequest, send
from workflows.http.config import ApiRequestConfig
from workflows.http.mapping import read_all
from workflows.http.shown import request_shown, response_shown
from workflows.nodes.base import ERROR, NEXT, FieldForm, NodeContext, NodeError, NodeKind, NodeResult
from workflows.nodes.registry import register

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from actions.contract import Moment

RETRIED_STATUSES = frozenset({408, 425, 429})
"""Of the 4xx, those that say "later" rather than "never" (RFC 9110, RFC 6585, RFC 8470)."""

BACKOFF_S = 0.1


@register
class ApiRequestNode(NodeKind[ApiRequestConfig]):
    name = "api_request"
    label = _("API request")
    summary = _("Asks another system over HTTP and keeps parts of its answer in variables.")
    icon = "http"
    Config = ApiRequestConfig
    waits = True
    fields = (
        FieldForm("method", _("Method"), "choice"),
        FieldForm("url", _("Address"), "template", _("Variables are possible after the host; they are encoded.")),
        FieldForm("query", _("Query parameters"), "template_pairs", _("A parameter without a value is left out.")),
        FieldForm("headers", _("Headers"), "template_pairs", _("A header without a value is left out.")),
        FieldForm("body", _("Body"), "template_json", _("JSON; not for GET and HEAD.")),
        FieldForm("timeout_s", _("Time limit"), "seconds", _("In seconds, for each attempt: 30 at most.")),
        FieldForm(
            "expected_status",
            _("Expected statuses"),
            "statuses",
            _("For example 200, 404 or 2xx. Empty: any 2xx. All others are failures."),
        ),
        FieldForm("mapping", _("Response mapping"), "mapping", _("From a path in the answer's JSON to a variable.")),
        FieldForm(
            "idempotency_key",
            _("Idempotency key"),
            "switch",
            _("Sends the header Idempotency-Key, the same whenever the request is repeated."),
        ),
        FieldForm("retries", _("Retries"), "number", _("How often a failed request is sent again: 3 times at most.")),
    )

    def outputs(self, config: ApiRequestConfig) -> tuple[str, ...]:
        return (NEXT, ERROR)

    def variables(self, config: ApiRequestConfig) -> tuple[str, ...]:
        return tuple(dict.fromkeys(mapped.variable for mapped in config.mapping))

    def names(self, config: ApiRequestConfig) -> Mapping[str, frozenset[str]]:
        return config.names

    def check(self, config: ApiRequestConfig, moment: Moment | None) -> list[tuple[str, StrOrPromise]]:
        return config.problems()

    async def run(self, config: ApiRequestConfig, context: NodeContext) -> NodeResult:
        request, body = config.request(context)
        context.input = request_shown(request, body)
        retries = config.retries if config.repeatable else 0
        attempt = 0
        while True:
            try:
                return await _attempt(config, context, request, attempt)
            except NodeError as error:
                attempt += 1
                delay_s = BACKOFF_S * 2 ** (attempt - 1) * random.uniform(0.5, 1.5)  # noqa: S311
                if error.permanent or attempt > retries or delay_s >= context.deadline.remaining_s():
                    raise
            await asyncio.sleep(delay_s)


async def _attempt(config: ApiRequestConfig, context: NodeContext, request: OutgoingRequest, retry: int) -> NodeResult:
    """Send it once; raises :class:`NodeError`."""
    deadline_s = min(config.timeout_s, context.deadline.remaining_s())
    try:
        response = await send(request, account_id=context.call.account_id, deadline_s=deadline_s)
    except OutboundError as error:
        raise NodeError(error.message, code=error.code, permanent=error.permanent, data={"retries": retry}) from error
    data = response_shown(response, retry)
    if response.status not in config.expected:
        raise _unexpected(response, data)
    variables = read_all(config.mapping, _json(config, response, data), context.warnings)
    return NodeResult(variables=variables, data={**data, "variables": variables} if variables else data)


def _json(config: ApiRequestConfig, response: IncomingResponse, data: dict[str, JSON]) -> JSON:
    """What the mapping reads; an empty body reads as null. Raises :class:`NodeError`."""
    if not config.mapping or not response.body.strip():
        return None
    try:
        return response.json()
    except OutboundError as error:
        message = gettext("The answer (status %(status)d, %(type)s) is not JSON: nothing can be mapped.") % {
            "status": response.status,
            "type": response.headers.get("content-type", "").partition(";")[0] or "?",
        }
        raise NodeError(message, code=error.code, permanent=False, status=response.status, data=data) from error


def _unexpected(response: IncomingResponse, data: dict[str, JSON]) -> NodeError:
    status = response.status
    return NodeError(
        gettext("The answer has the status %(status)d, which is not expected.") % {"status": status},
        code="unexpected_status",
        permanent=not (status >= 500 or status in RETRIED_STATUSES),
        status=status,
        data=data,
    )
