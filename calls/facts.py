"""The facts of a call, as the names that templates and conditions see."""

from __future__ import annotations

import zoneinfo
from collections.abc import Mapping
from typing import TYPE_CHECKING

import phonenumbers
from django.utils import timezone
from django.utils.dates import WEEKDAYS
from django.utils.translation import override

from actions.contract import JSON, AgentFacts
from actions.expressions import scope as expression_scope
from contacts.merging import contact_json, find_contact

if TYPE_CHECKING:
    from actions.releases import Plan
    from calls.models import Call


def scope_of(call: Call, plan: Plan, contact: JSON = None) -> Mapping[str, JSON]:
    """Names in scope for a run of this call, at this moment of it; ``contact`` as :func:`contact_of` gives it."""
    return expression_scope.build(
        system=_system(call, plan.agent),
        interaction=_interaction(call, plan),
        sip=call.sip_headers,
        context=call.context,
        params=call.parameters,
        contact=contact,
    )


def contact_of(call: Call) -> JSON:
    """What the account knows of the other end of the call, or None. Asks the database."""
    found = find_contact(_other_end(call))
    return None if found is None else contact_json(found)


def _other_end(call: Call) -> str:
    return call.from_number if call.direction == "inbound" else call.to_number


def _system(call: Call, agent: AgentFacts) -> dict[str, JSON]:
    now = timezone.now().astimezone(zoneinfo.ZoneInfo(agent.time_zone))
    with override(agent.language):
        day_of_week = str(WEEKDAYS[now.weekday()])
    e164, national = _phone(_other_end(call))
    return {
        "callId": str(call.pk),
        "agentId": agent.slug,
        "now": now.isoformat(timespec="seconds"),
        "dayOfWeek": day_of_week,
        "phone": national,
        "phoneE164": e164,
    }


def _interaction(call: Call, plan: Plan) -> dict[str, JSON]:
    return {
        "ANI": call.from_number,
        "DNIS": call.to_number,
        "DIRECTION": call.direction,
        "SUMMARY": call.summary,
        "TRANSCRIPT": transcript_text(call.transcript),
        "DISPOSITION": call.classifications.get(plan.main_classifier or "", ""),
        "CLASSIFICATIONS": call.classifications,
        "DURATION": call.duration_s,
        "ENDED_REASON": call.ended_reason,
    }


def transcript_text(pieces: list[Mapping[str, JSON]]) -> str:
    """One line a piece: ``role: text``."""
    return "\n".join(f"{piece.get('role', '')}: {piece.get('text', '')}" for piece in pieces)


def _phone(number: str) -> tuple[str, str]:
    """(E.164, national form with spaces); what is no number (``anonymous``) is given back as it is."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return number, number
    return (
        phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164),
        phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL),
    )
