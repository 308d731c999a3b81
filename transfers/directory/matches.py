"""What a search of a directory answers with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from actions.contract import JSON
from transfers.models import TransferDestination


@dataclass(frozen=True, slots=True)
class Match:
    """One enabled destination of a directory, as it is now.

    ``name`` is what the model says to choose it: the description, with the address where another destination
    of the directory has the same one. ``type`` is number, sip_uri or agent; ``value`` the E.164 number, the SIP
    address or the agent's slug. ``ring_time_s`` None: that of the transfer. ``score`` is 0 to 1.
    """

    destination_id: int
    name: str
    type: str
    value: str
    description: str
    ring_time_s: int | None
    schedule_id: int | None
    time_slots: JSON = field(default_factory=list)
    score: float = 1.0


def value_of(row: TransferDestination) -> str:
    """The address of a destination: its number, its SIP address, or the slug of its agent."""
    if row.type == "agent":
        return row.agent.slug if row.agent else ""
    return str(row.sip_uri if row.type == "sip_uri" else row.phone)


def to_matches(
    rows: Sequence[TransferDestination], scores: Sequence[float], *, ambiguous: Collection[str] = ()
) -> list[Match]:
    """``ambiguous`` holds descriptions that rows elsewhere in the directory have, too."""
    plain = [" ".join(row.description.split()) or value_of(row) for row in rows]
    taken = Counter(plain)
    return [
        Match(
            destination_id=row.pk,
            name=f"{name} ({value_of(row)})" if row.description and (taken[name] > 1 or name in ambiguous) else name,
            type=row.type,
            value=value_of(row),
            description=row.description,
            ring_time_s=row.ring_time_s,
            schedule_id=row.schedule_id,
            time_slots=row.time_slots,
            score=round(score, 3),
        )
        for row, name, score in zip(rows, plain, scores, strict=True)
    ]
