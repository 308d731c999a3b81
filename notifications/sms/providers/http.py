"""Any provider with an HTTP API: the request, and where its answers and reports say what, are settings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import urlencode

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from pydantic import Field

from actions.contract import ActionError
from actions.expressions.errors import ExpressionError
from actions.expressions.paths import MISSING, Path
from actions.expressions.templates import CompiledJSON, compile_json
from notifications.sms.providers.base import (
    Answer,
    Errors,
    IncomingReport,
    IncomingText,
    OutgoingSms,
    Provider,
    ProviderSettings,
    Refused,
    SettingForm,
    Status,
)
from notifications.sms.retrying import is_permanent, said
from outbound.errors import OutboundError
from outbound.messages import IncomingResponse, OutgoingRequest
from outbound.retry_after import retry_after_s
from outbound.secrets import Secrets
from outbound.targets import parse_target

NAMES = ("to", "sender", "text", "key", "report_url")
"""What the body’s templates know."""

DEFAULT_BODY = {"to": "{{ to }}", "from": "{{ sender }}", "text": "{{ text }}"}
PATHS = (
    "id_path",
    "error_path",
    "report_id_path",
    "report_status_path",
    "report_reason_path",
    "answer_number_path",
    "answer_text_path",
)
_BODY = 64 * 1024


class HttpSettings(ProviderSettings):
    url: str = Field(min_length=1, max_length=2000)
    method: Literal["POST", "PUT", "GET"] = "POST"
    format: Literal["json", "form"] = "json"
    body: dict[str, Any] = DEFAULT_BODY
    key_header: str = Field(default="Idempotency-Key", max_length=60, pattern=r"^[A-Za-z0-9-]*$")
    id_path: str = Field(default="", max_length=200)
    error_path: str = Field(default="", max_length=200)
    permanent_statuses: str = Field(default="", max_length=200)
    retried_statuses: str = Field(default="", max_length=200)
    report_id_path: str = Field(default="", max_length=200)
    report_status_path: str = Field(default="", max_length=200)
    report_reason_path: str = Field(default="", max_length=200)
    delivered_values: str = Field(default="delivered", max_length=300)
    failed_values: str = Field(default="failed, undelivered, rejected, expired", max_length=300)
    answer_number_path: str = Field(default="", max_length=200)
    answer_text_path: str = Field(default="", max_length=200)


class HttpProvider(Provider):
    name = "http"
    label = _("Another provider, by HTTP")
    summary = _("Any provider that takes a message as an HTTP request.")
    icon = "api"
    Settings = HttpSettings
    setting_forms = (
        SettingForm("url", _("Address"), _("Where a message is sent to."), widget="url", required=True),
        SettingForm("method", _("Method"), widget="choice", choices=(("POST", "POST"), ("PUT", "PUT"), ("GET", "GET"))),
        SettingForm(
            "format",
            _("Form of the fields"),
            _("With GET, the fields stand in the address."),
            widget="choice",
            choices=(("json", "JSON"), ("form", _("Form"))),
        ),
        SettingForm(
            "body",
            _("Fields"),
            _("A JSON object. It may hold {{ to }}, {{ sender }}, {{ text }}, {{ key }} and {{ report_url }}."),
            widget="json",
        ),
        SettingForm(
            "key_header",
            _("Header with the key of the message"),
            _("The same for each attempt of one message, so that the provider sends it once. Empty: none."),
        ),
        SettingForm("id_path", _("Where the answer has the id"), _("A path into JSON, for example messages[0].id.")),
        SettingForm("error_path", _("Where the answer has the error"), _("Of an answer that is no success.")),
        SettingForm(
            "permanent_statuses",
            _("HTTP statuses that are final"),
            _("Besides 4xx, which are, but for 401, 403, 408, 409, 423, 425 and 429. For example: 503."),
        ),
        SettingForm("retried_statuses", _("HTTP statuses to try again"), _("Of those that would be final: 404, 422.")),
        SettingForm(
            "report_id_path",
            _("Where a receipt has the id"),
            _("Paths into JSON, or names of form fields. Not needed where {{ report_url }} is sent along."),
        ),
        SettingForm("report_status_path", _("Where a receipt has the status"), _("Empty: there are no receipts.")),
        SettingForm("report_reason_path", _("Where a receipt has the reason")),
        SettingForm("delivered_values", _("Statuses that mean: delivered"), _("Separated by commas.")),
        SettingForm("failed_values", _("Statuses that mean: not delivered"), _("Separated by commas.")),
        SettingForm("answer_number_path", _("Where an answer by SMS has the number"), _("For STOP and START.")),
        SettingForm("answer_text_path", _("Where an answer by SMS has the text")),
    )

    report_settings = frozenset(
        {
            *("report_id_path", "report_status_path", "report_reason_path", "delivered_values", "failed_values"),
            *("answer_number_path", "answer_text_path"),
        }
    )

    def check(self, settings: HttpSettings, sender: str) -> Errors:
        errors: Errors = {}
        try:
            parse_target(settings.url)
        except OutboundError as error:
            errors["settings.url"] = [error.message]
        if wrong := _body_errors(settings):
            errors["settings.body"] = wrong
        for name in PATHS:
            if source := getattr(settings, name):
                try:
                    Path.parse(source)
                except ExpressionError as error:
                    errors[f"settings.{name}"] = [error.message]
        for name in ("permanent_statuses", "retried_statuses"):
            if any(
                not (each.isascii() and each.isdigit() and len(each) == 3) for each in _list(getattr(settings, name))
            ):
                errors[f"settings.{name}"] = [gettext("Give statuses of three digits, separated by commas.")]
        if len(sender) > 20:
            errors["sender"] = [gettext("At most %(most)d characters are possible.") % {"most": 20}]
        return errors

    def destination(self, settings: HttpSettings) -> str:
        try:
            return str(parse_target(settings.url).url.origin())
        except OutboundError:
            return ""

    def request(
        self, message: OutgoingSms, settings: HttpSettings, secrets: Secrets, *, has_profile: bool
    ) -> OutgoingRequest:
        fields = _filled(settings, message)
        headers = {"Accept": "application/json"}
        if settings.key_header:
            headers[settings.key_header] = message.key
        if settings.method == "GET":
            return OutgoingRequest("GET", settings.url, headers, query=_flat(fields))
        if settings.format == "form":
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            return OutgoingRequest(settings.method, settings.url, headers, body=urlencode(_flat(fields)).encode())
        headers["Content-Type"] = "application/json"
        return OutgoingRequest(
            settings.method, settings.url, headers, body=json.dumps(fields, ensure_ascii=False).encode()
        )

    def read(self, response: IncomingResponse, settings: HttpSettings) -> Answer | Refused:
        try:
            answer = response.json()
        except OutboundError:
            answer = None
        if 200 <= response.status < 300:
            return Answer(_text_at(settings.id_path, answer)[:255])
        words = _text_at(settings.error_path, answer) or response.text()
        reason = " ".join(filter(None, [str(response.status), said(words)]))
        status = str(response.status)
        permanent = is_permanent(response.status) or status in _list(settings.permanent_statuses)
        permanent = permanent and status not in _list(settings.retried_statuses)
        return Refused(reason, permanent, retry_after_s(response.headers.get("retry-after", "")))

    def parse_status(self, report: IncomingReport, settings: HttpSettings) -> Status | None:
        given = _in_report(settings.report_status_path, report)
        if not given:
            return None
        word = given.casefold()
        state = "sent"
        if word in _list(settings.delivered_values.casefold()):
            state = "delivered"
        elif word in _list(settings.failed_values.casefold()):
            state = "failed"
        reason = said(_in_report(settings.report_reason_path, report)) if state == "failed" else ""
        return Status(_in_report(settings.report_id_path, report)[:255], state, reason)

    def parse_text(self, report: IncomingReport, settings: HttpSettings) -> IncomingText | None:
        number = _in_report(settings.answer_number_path, report)
        text = _in_report(settings.answer_text_path, report)
        return IncomingText(number, text) if number and text else None


def _body_errors(settings: HttpSettings) -> list[str]:
    if len(json.dumps(settings.body)) > _BODY:
        return [gettext("The fields are too large.")]
    try:
        compiled = compile_json(settings.body)
    except ExpressionError as error:
        return [error.message]
    unknown = sorted(name for name in compiled.names if name not in NAMES)
    if unknown:
        return [gettext("Unknown: %(names)s.") % {"names": ", ".join(unknown)}]
    if "text" not in compiled.names or "to" not in compiled.names:
        return [gettext("The fields must hold {{ to }} and {{ text }}.")]
    if settings.format == "form" or settings.method == "GET":
        nested = [name for name, value in settings.body.items() if isinstance(value, dict | list)]
        if nested:
            return [gettext("A form has no lists or objects: %(names)s.") % {"names": ", ".join(nested)}]
    return []


def _filled(settings: HttpSettings, message: OutgoingSms) -> dict[str, Any]:
    scope = {name: getattr(message, name) for name in NAMES}
    compiled: CompiledJSON = compile_json(settings.body)
    try:
        return dict(compiled.value(scope, []))
    except ExpressionError as error:
        raise ActionError(error.message, code="expression_error", permanent=True) from error


def _flat(fields: Mapping[str, Any]) -> dict[str, str]:
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in fields.items()}


def _list(text: str) -> list[str]:
    return [each.strip() for each in text.split(",") if each.strip()]


def _in_report(path: str, report: IncomingReport) -> str:
    """In the JSON body, else the form field or the parameter of the address that is called so."""
    if not path:
        return ""
    if report.data is not None:
        return _text_at(path, report.data)
    return report.field(path) or report.query.get(path, "")


def _text_at(path: str, data: Any) -> str:
    """As text; '' where there is none, or something that is no single value."""
    if not path:
        return ""
    try:
        found = Path.parse(path).first(data)
    except ExpressionError:
        return ""
    if found is MISSING or found is None or isinstance(found, dict | list):
        return ""
    return str(found).strip()
