"""The directive of a transfer: through which line, with which number shown, which headers and which briefing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from actions.contract import JSON
from actions.directives import Briefing, Destination, SipConnectionRef, Transfer
from actions.expressions.errors import ExpressionError
from actions.expressions.templates import Template
from actions.phones import E164
from schedules.hours import OpenState
from schedules.names import open_names
from transfers.attempts import Attempt
from transfers.briefing import briefing_of, header_value
from transfers.models import SipConnection
from transfers.params import TransferParams
from transfers.sip_headers import merged, render_headers


def order_of(
    params: TransferParams,
    connection: SipConnection | None,
    scope: Mapping[str, JSON],
    reason: str,
    language: str,
    warnings: list[str],
) -> dict[str, Any]:
    """Everything of the directive that stays the same while one destination is rung after the other."""
    briefing = briefing_of(params, scope, reason, language, warnings)
    own = dict(render_headers(params.header_templates, scope, warnings))
    lines = dict(render_headers(_templates(connection, warnings), scope, warnings)) if connection else {}
    return {
        "mode": "cold" if params.mode == "cold" else "warm",
        "caller_id": _caller_id(params, connection, scope),
        "sip_connection": _reference(connection).model_dump() if connection else None,
        "sip_headers": merged(lines, own, _summary_header(briefing)),
        "briefing": briefing.model_dump() if briefing else None,
    }


def directive_of(order: Mapping[str, Any], attempt: Attempt) -> Transfer:
    destinations = tuple(
        Destination(type=target.type, value=target.value, description=target.description)
        for target in attempt.destinations
    )
    return Transfer(**order, destinations=destinations, ring_time_s=attempt.ring_time_s, attempt=attempt.attempt)


def with_own_hours(
    scope: Mapping[str, JSON], state: OpenState | None, at: datetime, language: str
) -> Mapping[str, JSON]:
    """In the texts of a restricted transfer, ``open`` speaks of its own hours."""
    return scope if state is None else {**scope, "open": open_names(state, at, language)}


def connection_uri(connection: SipConnection) -> str:
    """The address of the line itself, rung where a transfer has no destination."""
    host = f"[{connection.host}]" if ":" in connection.host else connection.host
    return f"sip:{host}:{connection.port};transport={connection.transport}"


def _reference(connection: SipConnection) -> SipConnectionRef:
    return SipConnectionRef(
        name=connection.name,
        host=connection.host,
        port=connection.port,
        transport=connection.transport,
        user=connection.user,
    )


def _caller_id(params: TransferParams, connection: SipConnection | None, scope: Mapping[str, JSON]) -> str:
    """E.164, or '' for the caller's own number: also where the number that should be shown is none."""
    match params.caller_id:
        case "dialled":
            shown = str(scope["interaction"].get("DNIS") or "")
        case "connection":
            shown = connection.caller_id if connection else ""
        case "fixed":
            shown = params.caller_id_number
        case _:
            shown = ""
    return shown if E164.fullmatch(shown) else ""


def _templates(connection: SipConnection, warnings: list[str]) -> dict[str, Template]:
    templates: dict[str, Template] = {}
    for name, value in _pairs(connection.headers):
        try:
            templates[name] = Template.parse(value)
        except ExpressionError as error:
            warnings.append(_("The SIP header %(name)s was left out: %(error)s") % {"name": name, "error": error})
    return templates


def _pairs(headers: Iterable[Mapping[str, str]]) -> list[tuple[str, str]]:
    return [(header["name"], header["value"]) for header in headers]


def _summary_header(briefing: Briefing | None) -> dict[str, str]:
    if briefing is None or not briefing.header or not (value := header_value(briefing.text)):
        return {}
    return {briefing.header: value}
