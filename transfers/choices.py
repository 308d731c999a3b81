"""The few destinations that a model chooses between, and the names under which it does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import KW_ONLY
from typing import Any, Literal

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

MOST_CHOICES = 50
"""With more of them a model chooses badly; docs/decisions/0004-transfer-destinations.md."""


@dataclass(frozen=True, slots=True, config=ConfigDict(extra="forbid"))
class Choice:
    """One destination; ``name`` is what the model says to choose it.

    ``value`` is a number in E.164, a SIP address, or an agent's short name as it was when published: ``agent_id``
    finds the one of now. ``time_slots`` are frozen, ``schedule_id`` names a schedule that is read at each call.

    A process holds fifty of them for each agent: they have no dictionaries of their own.
    """

    name: str
    _: KW_ONLY
    type: Literal["number", "sip_uri", "agent"] = "number"
    value: str
    description: str = ""
    agent_id: int | None = None
    ring_time_s: int | None = Field(default=None, ge=1)
    schedule_id: int | None = None
    time_slots: tuple[dict[str, Any], ...] = ()


def choice_names(destinations: Sequence[tuple[str, str]]) -> list[str]:
    """One name for each (address, description), all different: the description, or the address where there is none.

    Destinations with one description are told apart by their addresses, which never repeat.
    """
    plain = [" ".join(description.split()) or address for address, description in destinations]
    taken = Counter(plain)
    names = [
        f"{name} ({address})" if taken[name] > 1 and name != address else name
        for name, (address, _description) in zip(plain, destinations, strict=True)
    ]
    return names if len(set(names)) == len(names) else [address for address, _description in destinations]
