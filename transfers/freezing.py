"""From the row that people edit to what a release keeps, with every error at its field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from actions.contract import FreezeError, Moment
from actions.expressions.errors import ExpressionError
from actions.expressions.scope import unknown_names
from actions.expressions.templates import Template
from actions.messages import said
from actions.phones import E164
from transfers.action import CallerId, Strategy, TransferAction, TransferMode
from transfers.choices import MOST_CHOICES, Choice, choice_names
from transfers.models import LONGEST_RING_S, SHORTEST_RING_S, DestinationType, TransferDestination
from transfers.numbers import number_errors
from transfers.params import TransferParams
from transfers.sip_headers import header_name_errors, publishing_errors
from transfers.sip_uris import sip_uri_errors

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


def freeze(action: TransferAction) -> TransferParams:
    """Raises FreezeError."""
    rows = list(action.destinations.filter(enabled=True).select_related("agent")[: MOST_CHOICES + 1])
    is_directory = len(rows) > MOST_CHOICES
    errors = _errors(action, rows)
    if errors:
        raise FreezeError(errors)
    is_warm, is_header = action.mode != TransferMode.COLD, action.mode == TransferMode.WARM_HEADER
    return TransferParams(
        strategy=action.strategy,
        ring_time_s=action.ring_time_s,
        total_ring_time_s=action.total_ring_time_s,
        mode=action.mode,
        summary=action.summary.strip() if is_warm else "",
        summary_header=action.summary_header if is_header else "",
        caller_id=action.caller_id,
        caller_id_number=action.caller_id_number if action.caller_id == CallerId.FIXED else "",
        sip_connection_id=action.sip_connection_id,
        sip_headers={header["name"]: header["value"] for header in action.sip_headers},
        restricted=action.restricted,
        schedule_id=action.schedule_id if action.restricted else None,
        time_slots=tuple(action.time_slots) if action.restricted else (),
        failure_texts=said(action.failure_texts),
        message_before=action.message_before(),
        destinations=() if is_directory else _choices(rows),
        directory_action_id=action.pk if is_directory else None,
    )


def address_of(row: TransferDestination) -> str:
    """Number, SIP address or short name of the agent; '' where the row lacks what its type demands."""
    match row.type:
        case DestinationType.SIP_URI:
            return row.sip_uri or ""
        case DestinationType.AGENT:
            return row.agent.slug if row.agent else ""
        case _:
            return row.phone or ""


def _choices(rows: Sequence[TransferDestination]) -> tuple[Choice, ...]:
    names = choice_names([(address_of(row), row.description) for row in rows])
    return tuple(
        Choice(
            name=name,
            type=row.type,  # type: ignore[arg-type]  # pydantic checks it
            value=address_of(row),
            description=row.description,
            agent_id=row.agent_id if row.type == DestinationType.AGENT else None,
            ring_time_s=row.ring_time_s,
            schedule_id=row.schedule_id,
            time_slots=tuple(row.time_slots),
        )
        for name, row in zip(names, rows, strict=True)
    )


def _errors(action: TransferAction, rows: Sequence[TransferDestination]) -> dict[str, list[StrOrPromise]]:
    checks: Mapping[str, list[Any]] = {
        "destinations": _destination_errors(action, rows),
        "strategy": _strategy_errors(action, rows),
        "ring_time_s": _ring_time_errors(action.ring_time_s),
        "total_ring_time_s": _total_errors(action),
        "sip_headers": publishing_errors(action.sip_headers),
        "summary": _summary_errors(action),
        "summary_header": _summary_header_errors(action),
        "caller_id": _caller_id_errors(action),
        "caller_id_number": _fixed_number_errors(action),
        "time_slots": _time_errors(action),
        **action.message_errors(),
    }
    return {field: texts for field, texts in checks.items() if texts}


def _destination_errors(action: TransferAction, rows: Sequence[TransferDestination]) -> list[str]:
    if not rows and action.sip_connection_id is None:
        return [_("Give at least one destination to transfer the call to, or a SIP connection.")]
    if len(rows) > MOST_CHOICES:
        return []  # a directory: its numbers were checked when they were entered
    return [text for row in rows for text in _row_errors(action, row)]


def _row_errors(action: TransferAction, row: TransferDestination) -> list[str]:
    match row.type:
        case DestinationType.SIP_URI:
            return sip_uri_errors(row.sip_uri or "")
        case DestinationType.AGENT:
            if row.agent is None:
                return [_("Choose the agent that takes the call over.")]
            if row.agent_id == action.agent_id:
                return [_("The call is with this agent already: choose another one.")]
            return []
        case _:
            return number_errors(row.phone or "")


def _strategy_errors(action: TransferAction, rows: Sequence[TransferDestination]) -> list[str]:
    if action.strategy == Strategy.CHOICE or len(rows) <= MOST_CHOICES:
        return []
    return [
        _("Of more than %(most)d destinations, the agent has to choose one: they cannot all be rung.")
        % {"most": MOST_CHOICES}
    ]


def _ring_time_errors(ring_time_s: int) -> list[str]:
    if SHORTEST_RING_S <= ring_time_s <= LONGEST_RING_S:
        return []
    return [_("Choose a ring time from 5 to 45 seconds.")]


def _total_errors(action: TransferAction) -> list[str]:
    if action.strategy != Strategy.IN_ORDER or action.total_ring_time_s >= action.ring_time_s:
        return []
    return [_("The overall limit cannot be shorter than the ring time of one destination.")]


def _summary_errors(action: TransferAction) -> list[str]:
    if action.mode == TransferMode.COLD:
        return []
    try:
        template = Template.parse(action.summary)
    except ExpressionError as error:
        return [error.message]
    return [str(unknown) for unknown in unknown_names(template.names, Moment.DURING)]


def _summary_header_errors(action: TransferAction) -> list[str]:
    if action.mode != TransferMode.WARM_HEADER:
        return []
    if not action.summary_header:
        return [_("Name the SIP header that carries the summary.")]
    taken = {header["name"].lower() for header in action.sip_headers if isinstance(header, dict)}
    if action.summary_header.lower() in taken:
        return [_("The SIP header %(name)s is there twice.") % {"name": action.summary_header}]
    return header_name_errors(action.summary_header)


def _caller_id_errors(action: TransferAction) -> list[str]:
    if action.caller_id != CallerId.CONNECTION:
        return []
    if action.sip_connection is None:
        return [_("Choose a SIP connection, or another number to show.")]
    return [] if action.sip_connection.caller_id else [_("This SIP connection has no caller id: enter it there.")]


def _fixed_number_errors(action: TransferAction) -> list[str]:
    if action.caller_id != CallerId.FIXED or E164.fullmatch(action.caller_id_number):
        return []
    return [_("Give the number to show in international form, for example +33199000001.")]


def _time_errors(action: TransferAction) -> list[str]:
    if not action.restricted or action.schedule_id is not None or action.time_slots:
        return []
    return [_("Choose a schedule or add a time slot, or do not restrict the transfer.")]
