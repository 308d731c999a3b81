"""What the model is asked for when it transfers: a name, nothing, or words to search a directory for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from actions.contract import JSON
from transfers.choices import Choice
from transfers.directory import Match
from transfers.params import TransferParams

LONGEST_QUERY = 200
LONGEST_NAME = 300
MOST_MATCHES = 8


def schema_of(params: TransferParams) -> dict[str, JSON]:
    """JSON Schema of the arguments, described in the active language."""
    whom, required = _destination(params)
    why = _("Why the call is transferred, in one sentence.")
    return {
        "type": "object",
        "properties": {**whom, "reason": {"type": "string", "maxLength": 500, "description": why}},
        "required": required,
        "additionalProperties": False,
    }


def choice_of(match: Match) -> Choice:
    """A row of a directory as a destination like the others."""
    return Choice(
        name=match.name,
        type=match.type,  # type: ignore[arg-type]  # pydantic checks it
        value=match.value,
        description=match.description,
        ring_time_s=match.ring_time_s,
        schedule_id=match.schedule_id,
        time_slots=tuple(match.time_slots),
    )


def matches_result(query: str, matches: Sequence[Match]) -> dict[str, JSON]:
    """What a search found; nothing is rung by it."""
    if matches:
        message = _(
            "Nobody is rung yet. Call this tool again with one of these destinations, exactly as it is written here. "
            "If none is surely meant, ask the caller."
        )
    else:
        message = _(
            "Nothing fits “%(query)s”. The call is not transferred. Search for other words, or ask the caller to say "
            "it differently."
        ) % {"query": query}
    return {"status": "matches", "matches": [_match_json(match) for match in matches], "message": message}


def _match_json(match: Match) -> dict[str, JSON]:
    return {"destination": match.name, "description": match.description}


def _destination(params: TransferParams) -> tuple[dict[str, Any], list[str]]:
    if params.is_directory:
        query = _("What or whom the caller looks for: a department, a place, a name. Gives matches; nobody is rung.")
        name = _("Where to transfer the call: a destination exactly as an earlier search gave it.")
        return {
            "query": {"type": "string", "minLength": 1, "maxLength": LONGEST_QUERY, "description": query},
            "destination": {"type": "string", "minLength": 1, "maxLength": LONGEST_NAME, "description": name},
        }, []
    if not params.is_chosen or not params.destinations:
        return {}, []
    names = [choice.name for choice in params.destinations]
    whom = {"type": "string", "enum": names, "description": _("Where to transfer the call.")}
    return {"destination": whom}, ["destination"] if len(names) > 1 else []


def asked(arguments: Mapping[str, JSON], name: str) -> str:
    value = arguments.get(name)
    return value.strip() if isinstance(value, str) else ""
