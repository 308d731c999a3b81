"""The facts of a call, as the names that templates and conditions see."""

from __future__ import annotations

import zoneinfo
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING

import phonenumbers
from django.utils import timezone
from django.utils.dates import WEEKDAYS
from django.utils.translation import override

from accounts.database import in_database
from actions.contract import JSON, AgentFacts
from actions.expressions import scope as expression_scope
from actions.releases import load_plan
from contacts.merging import contact_json, find_contact
from schedules.hours import Hours
from schedules.live import hours_of
from schedules.live import known as known_hours
from schedules.models import Schedule
from schedules.names import always_open, open_names

if TYPE_CHECKING:
    from actions.releases import Plan
    from calls.models import Call


@dataclass(frozen=True, slots=True)
class Known:
    """What costs a look-up: the contact, and the agent's opening hours as the name ``open`` has them."""

    contact: JSON = None
    opening: JSON = None


def scope_of(call: Call, plan: Plan, known: Known | None = None) -> Mapping[str, JSON]:
    """Names in scope for a run of this call, at this moment of it; ``known`` as :func:`known_of` gives it."""
    known = known or Known()
    return expression_scope.build(
        system=_system(call, plan.agent),
        interaction=_interaction(call, plan),
        sip=call.sip_headers,
        context=call.context,
        params=call.parameters,
        contact=known.contact,
        open_hours=known.opening,
    )


def known_of(call: Call, *, contact: bool = True, opening: bool = True) -> Known:
    """As much of it as is wanted. Asks the database."""
    return Known(
        contact=contact_of(call) if contact else None,
        opening=opening_of(load_plan(call.release_id).agent, call.account_id) if opening else None,
    )


async def opening_soon(agent: AgentFacts, account_id: int) -> JSON:
    """:func:`opening_of`; does not leave the event loop where its hours were read a moment ago."""
    hours = known_hours.fresh((agent.opening_hours_id, account_id)) if agent.opening_hours_id is not None else None
    if hours is None and agent.opening_hours_id is not None:
        return await in_database(opening_of)(agent, account_id)
    return _opening(hours, agent.language)


def opening_of(agent: AgentFacts, account_id: int) -> JSON:
    """The name ``open``: without opening hours, or where these are gone, the agent is always open."""
    hours = None
    if agent.opening_hours_id is not None:
        with suppress(Schedule.DoesNotExist):
            hours = hours_of(agent.opening_hours_id, account_id)
    return _opening(hours, agent.language)


def _opening(hours: Hours | None, language: str) -> JSON:
    if hours is None:
        return always_open(language)
    at = timezone.now()
    return open_names(hours.state_at(at), at, language)


def contact_of(call: Call) -> JSON:
    """What the account knows of the other end of the call, or None. Asks the database."""
    found = find_contact(other_end(call))
    return None if found is None else contact_json(found)


def other_end(call: Call) -> str:
    return call.from_number if call.direction == "inbound" else call.to_number


def _system(call: Call, agent: AgentFacts) -> dict[str, JSON]:
    now = timezone.now().astimezone(zoneinfo.ZoneInfo(agent.time_zone))
    e164, national = phone_forms(other_end(call))
    return {
        "callId": str(call.id),
        "agentId": agent.slug,
        "now": now.isoformat(timespec="seconds"),
        "dayOfWeek": _day_of_week(now.weekday(), agent.language),
        "phone": national,
        "phoneE164": e164,
    }


@cache
def _day_of_week(weekday: int, language: str) -> str:
    with override(language):
        return str(WEEKDAYS[weekday])


def _interaction(call: Call, plan: Plan) -> dict[str, JSON]:
    return {
        "ANI": call.from_number,
        "DNIS": call.to_number,
        "DIRECTION": call.direction,
        "SUMMARY": call.summary,
        "TRANSCRIPT": transcript_text(call.transcript),
        "DISPOSITION": call.classifications.get(plan.analysis.main_classifier or "", ""),
        "CLASSIFICATIONS": call.classifications,
        "DURATION": call.duration_s,
        "ENDED_REASON": call.ended_reason,
        "BEGUN_AT": call.begun_at.astimezone(zoneinfo.ZoneInfo(plan.agent.time_zone)).isoformat(timespec="seconds"),
        "RECORDING_URL": call.recording_url,
    }


def transcript_text(pieces: list[Mapping[str, JSON]]) -> str:
    """One line a piece: ``role: text``."""
    return "\n".join(f"{piece.get('role', '')}: {piece.get('text', '')}" for piece in pieces)


@lru_cache(maxsize=4096)
def phone_forms(number: str) -> tuple[str, str]:
    """(E.164, national form with spaces); what is no number (``anonymous``) is given back as it is."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return number, number
    return (
        phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164),
        phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL),
    )
