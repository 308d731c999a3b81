"""Who would ring, in which order, or why not: one pure function, which a call and the what-if page share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from schedules.hours import Hours, OpenState
from transfers.choices import Choice
from transfers.numbers import is_same_number
from transfers.params import TransferParams

Why = Literal["closed", "loop", "gone"]


@dataclass(frozen=True, slots=True)
class KnownAgent:
    """Another agent as it is now; ``numbers`` are those that it answers."""

    id: int
    slug: str
    numbers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Situation:
    """What a decision needs besides the clock.

    ``own_addresses`` reach the call's own agent (the dialled number first of all), ``schedules`` are by id,
    ``agents`` by the choice's ``agent_id`` or, without one, its short name; one that is missing is gone.
    """

    time_zone: str
    own_agent_id: int | None = None
    own_addresses: tuple[str, ...] = ()
    schedules: Mapping[int, Hours] = field(default_factory=dict)
    agents: Mapping[int | str, KnownAgent] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Skipped:
    """A destination that does not ring; ``state`` says when it opens, where it is closed."""

    choice: Choice
    why: Why
    state: OpenState | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """``closed``: the transfer as a whole is, until then. Else ``rings`` in their order, and who does not ring."""

    closed: OpenState | None
    rings: tuple[Choice, ...]
    skipped: tuple[Skipped, ...]


def decide(params: TransferParams, destinations: Sequence[Choice], situation: Situation, at: datetime) -> Decision:
    """Who of ``destinations`` (all, or the one chosen) rings at ``at``, an aware instant. Asks no database."""
    state = own_state(params, situation, at)
    if state is not None and not state.now:
        return Decision(state, (), ())
    rings: list[Choice] = []
    skipped: list[Skipped] = []
    for choice in destinations:
        obstacle = _obstacle(choice, situation, at)
        if obstacle is None:
            rings.append(_as_of_now(choice, situation))
        else:
            skipped.append(obstacle)
    return Decision(None, tuple(rings), tuple(skipped))


def own_state(params: TransferParams, situation: Situation, at: datetime) -> OpenState | None:
    """Whether the transfer itself is open; None: it is not restricted."""
    if not params.restricted:
        return None
    return _state(params.schedule_id, params.time_slots, situation, at)


def ring_time_s(params: TransferParams, choices: Iterable[Choice]) -> int:
    """How long these ring together: as long as the most patient of them."""
    return max((choice.ring_time_s or params.ring_time_s for choice in choices), default=params.ring_time_s)


def _obstacle(choice: Choice, situation: Situation, at: datetime) -> Skipped | None:
    if choice.type == "agent" and _agent_of(choice, situation) is None:
        return Skipped(choice, "gone")
    if _leads_back(choice, situation):
        return Skipped(choice, "loop")
    state = _state(choice.schedule_id, choice.time_slots, situation, at)
    return None if state is None or state.now else Skipped(choice, "closed", state)


def _leads_back(choice: Choice, situation: Situation) -> bool:
    """Whether the call would come back to the agent that it is with."""
    if choice.type == "agent":
        agent = _agent_of(choice, situation)
        assert agent is not None
        reached: Iterable[str] = agent.numbers
        if agent.id == situation.own_agent_id:
            return True
    elif choice.type == "sip_uri":
        return choice.value.lower() in {address.strip().lower() for address in situation.own_addresses}
    else:
        reached = (choice.value,)
    return any(is_same_number(number, own) for number in reached for own in situation.own_addresses if own)


def _agent_of(choice: Choice, situation: Situation) -> KnownAgent | None:
    return situation.agents.get(choice.value if choice.agent_id is None else choice.agent_id)


def _as_of_now(choice: Choice, situation: Situation) -> Choice:
    agent = _agent_of(choice, situation) if choice.type == "agent" else None
    if agent is None or agent.slug == choice.value:
        return choice
    return replace(choice, value=agent.slug)


def _state(
    schedule_id: int | None, time_slots: Sequence[Mapping[str, Any]], situation: Situation, at: datetime
) -> OpenState | None:
    """Open while the schedule or one of the slots is; None: always. A schedule that is gone is never open."""
    states: list[OpenState] = []
    if schedule_id is not None:
        hours = situation.schedules.get(schedule_id) or Hours(time_zone=situation.time_zone)
        states.append(hours.state_at(at))
    if time_slots:
        states.append(Hours.from_slots(time_slots, situation.time_zone).state_at(at))
    if not states:
        return None
    opening = [state for state in states if state.now]
    return opening[0] if opening else min(states, key=_next_opening)


def _next_opening(state: OpenState) -> float:
    return state.next.timestamp() if state.next else float("inf")
