"""What a row of this application must be before it is saved, told at its fields."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from actions.phones import validate_e164
from transfers.sip_headers import publishing_errors
from transfers.sip_uris import is_host, normalise_sip_uri, validate_sip_uri

if TYPE_CHECKING:
    from transfers.models import SipConnection, TransferDestination

LONGEST_PASSWORD = 200

_UNSAFE = re.compile(r"[\s\x00-\x1f\x7f\"<>@:;?#\\]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_COLUMNS = {"number": "phone", "sip_uri": "sip_uri", "agent": "agent"}

Errors = dict[str, Any]


def check_destination(row: TransferDestination) -> None:
    """One of number, SIP address and agent, as the type says; normalised. Raises ValidationError."""
    errors: Errors = {}
    row.phone = row.phone or None
    row.sip_uri = normalise_sip_uri(row.sip_uri) if row.sip_uri else None
    column = _COLUMNS.get(row.type, "phone")
    if not _is_given(row, column):
        errors[column] = [_("This field is required.")]
    for other in _COLUMNS.values():
        if other != column and _is_given(row, other):
            errors[other] = [_("Leave this empty: the destination is of another type.")]
    if row.sip_uri:
        _collect(errors, "sip_uri", validate_sip_uri, row.sip_uri)
    if row.agent_id is not None and hasattr(row, "action") and row.agent_id == row.action.agent_id:
        errors["agent"] = [_("The call is with this agent already: choose another one.")]
    if errors:
        raise ValidationError(errors)


def check_connection(row: SipConnection, stored: SipConnection | None) -> None:
    """``stored`` is the row as it is in the database. Raises ValidationError; ``password`` is no column."""
    errors: Errors = {}
    row.name = row.name.strip()
    if "/" in row.name or row.name in {"", ".", ".."}:
        errors["name"] = [_("A name cannot hold a slash.") if "/" in row.name else _("This field is required.")]
    row.host = row.host.strip().lower().removeprefix("[").removesuffix("]")
    if not is_host(f"[{row.host}]" if ":" in row.host else row.host):
        errors["host"] = [_("Give a host name or an IP address alone, for example sip.example.com.")]
    if _UNSAFE.search(row.user):
        errors["user"] = [_("A user name has no spaces and no signs like : and @.")]
    if row.caller_id:
        row.caller_id = "".join(row.caller_id.split())
        _collect(errors, "caller_id", validate_e164, row.caller_id)
    if texts := publishing_errors(row.headers):
        errors["headers"] = texts
    entered = row.new_password
    if entered and (_CONTROL.search(entered) or len(entered) > LONGEST_PASSWORD):
        errors["password"] = [_("A password is one line of %(most)d characters at most.") % {"most": LONGEST_PASSWORD}]
    elif stored is not None and stored.secrets and not entered and stored.host != row.host:
        errors["password"] = [_("The host is another one: enter the password again, so that nobody else gets it.")]
    if errors:
        raise ValidationError(errors)


def _is_given(row: TransferDestination, column: str) -> bool:
    return bool(row.agent_id if column == "agent" else getattr(row, column))


def _collect(errors: Errors, field: str, check: Callable[[Any], None], value: Any) -> None:
    try:
        check(value)
    except ValidationError as error:
        errors[field] = list(error.messages)
