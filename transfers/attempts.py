"""What became of each attempt to reach somebody: a state machine that only goes forward. Knows no database.

requested → ringing → bridged | no_answer | busy | rejected | unreachable | failed | caller_hung_up | cancelled

The first final report about an attempt stands. What comes late, twice, out of order or about another attempt
changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict

from actions.contract import JSON, CallEvent
from transfers.models import SHORTEST_RING_S

PREFIX = "transfer."
GRACE_S = 15
"""How long after its ring time an attempt may still be reported on. Then it counts as over: a runtime that died
must not keep the agent from ever transferring the call again."""

Outcome = Literal[
    "requested", "ringing", "bridged", "no_answer", "busy", "rejected", "unreachable", "failed", "caller_hung_up",
    "cancelled",
]  # fmt: skip
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
UNDER_WAY = frozenset({"requested", "ringing"})
UNANSWERED = frozenset({"no_answer", "busy", "rejected", "unreachable", "failed"})
"""After one of these another destination may be rung."""

_OUTCOME_OF_CODE: Mapping[int, Outcome] = {
    **dict.fromkeys((486, 600), "busy"),
    **dict.fromkeys((403, 603, 607, 608), "rejected"),
    **dict.fromkeys((404, 410, 484, 502, 604), "unreachable"),
}
_CODES_OF_SILENCE = frozenset({408, 480, 487})
"""After ringing: nobody answered. Without: nobody was reached."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Target(_Frozen):
    """A destination under the name that the model knows it by; the other members are the directive's."""

    name: str
    type: Literal["number", "sip_uri", "agent"]
    value: str
    description: str = ""
    ring_time_s: int


class Attempt(_Frozen):
    """One directive. ``out`` holds, of several that ring together, those that gave up before the others.

    ``answered`` is the value of the destination that took the call, where the runtime said which.
    """

    attempt: int
    destinations: tuple[Target, ...]
    ring_time_s: int
    requested_at: datetime
    ringing_at: datetime | None = None
    ended_at: datetime | None = None
    outcome: Outcome = "requested"
    sip_code: int | None = None
    out: dict[str, Outcome] = {}
    answered: str = ""

    @property
    def is_under_way(self) -> bool:
        return self.outcome in UNDER_WAY

    @property
    def due_at(self) -> datetime:
        """When it must have been reported on."""
        return self.requested_at + timedelta(seconds=self.ring_time_s + GRACE_S)


class NotRung(_Frozen):
    """A destination that was left out: closed (and when it opens), a loop, or gone."""

    name: str
    value: str
    why: Literal["closed", "loop", "gone"]
    opens_at: datetime | None = None


class Hunt(_Frozen):
    """A transfer from its order to its end; kept as the run's progress.

    ``status`` is the outcome of the last attempt; ``rest`` would be rung next; ``order`` is the directive
    without what changes from one attempt to the next.
    """

    status: Outcome = "requested"
    attempts: tuple[Attempt, ...]
    rest: tuple[Target, ...] = ()
    skipped: tuple[NotRung, ...] = ()
    total_ring_time_s: int | None = None
    order: dict[str, Any] = {}

    @property
    def current(self) -> Attempt:
        return self.attempts[-1]

    def is_under_way(self, at: datetime) -> bool:
        """Whether somebody may be ringing still."""
        return self.current.is_under_way and at <= self.current.due_at


@dataclass(frozen=True, slots=True)
class Report:
    """What a runtime said of an attempt; ``attempt`` None: the current one."""

    outcome: Outcome
    attempt: int | None = None
    sip_code: int | None = None
    destination: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """The hunt after a report. ``has_changed`` False: the report said nothing new. ``has_next``: order an attempt."""

    hunt: Hunt
    has_changed: bool = False
    has_next: bool = False


def hunt_of(progress: JSON) -> Hunt | None:
    """What a run remembers; None: it ordered nothing."""
    return Hunt.model_validate(progress) if isinstance(progress, Mapping) and progress.get("attempts") else None


def report_of(event: CallEvent) -> Report | None:
    """None for an event that says nothing about a transfer; members of a wrong type count as not given."""
    name = event.type.removeprefix(PREFIX)
    if not event.type.startswith(PREFIX) or name not in OUTCOMES:
        return None
    code, attempt, destination = (event.data.get(key) for key in ("sip_code", "attempt", "destination"))
    return Report(
        outcome=name,
        attempt=_integer(attempt),
        sip_code=_sip_code(code),
        destination="".join(destination.split()) if isinstance(destination, str) else "",
    )


def told(hunt: Hunt, report: Report, at: datetime, looked_over: Callable[[Hunt], Hunt] = lambda hunt: hunt) -> Step:
    """What ``report``, received at ``at``, makes of the hunt.

    ``looked_over`` is asked before somebody else is rung: it gives the hunt without those who cannot be, any more.
    """
    attempt = hunt.current
    if not attempt.is_under_way or not _is_about(report, hunt):
        return Step(hunt)
    match report.outcome:
        case "requested":
            return Step(hunt)
        case "ringing":
            return _rings(hunt, at)
        case "bridged" | "caller_hung_up" | "cancelled":
            return _ended(hunt, report, report.outcome, at)
    outcome = _outcome_of(report, attempt)
    if (others := _without_leg(attempt, report, outcome)) is not None:
        return Step(_with(hunt, others), has_changed=others != attempt)
    step = _ended(hunt, report, _worst_known(attempt, outcome), at)
    ended = looked_over(step.hunt) if hunt.rest else step.hunt
    following = _next_attempt(ended, at) if at <= attempt.due_at else None
    if following is None:
        return Step(ended, has_changed=True)
    attempts = (*ended.attempts, following)
    ordered = ended.model_copy(update={"attempts": attempts, "rest": ended.rest[1:], "status": "requested"})
    return Step(ordered, has_changed=True, has_next=True)


def _is_about(report: Report, hunt: Hunt) -> bool:
    """Whether it is about the current attempt. A caller who hangs up ends whatever rings."""
    if report.outcome == "caller_hung_up":
        return True
    if report.attempt is not None:
        return report.attempt == hunt.current.attempt
    if not report.destination or report.destination in _values(hunt.current):
        return True
    return all(report.destination not in _values(earlier) for earlier in hunt.attempts[:-1])


def _rings(hunt: Hunt, at: datetime) -> Step:
    if hunt.current.outcome == "ringing":
        return Step(hunt)
    return Step(_with(hunt, hunt.current.model_copy(update={"outcome": "ringing", "ringing_at": at})), has_changed=True)


def _ended(hunt: Hunt, report: Report, outcome: Outcome, at: datetime) -> Step:
    values = _values(hunt.current)
    answered = next(iter(values)) if len(values) == 1 else report.destination if report.destination in values else ""
    ended = hunt.current.model_copy(
        update={
            "outcome": outcome,
            "ended_at": at,
            "sip_code": report.sip_code,
            "answered": answered if outcome == "bridged" else "",
        }
    )
    return Step(_with(hunt, ended), has_changed=True)


def _outcome_of(report: Report, attempt: Attempt) -> Outcome:
    """A runtime that only knows that it failed may know the SIP answer (RFC 3261 section 21)."""
    if report.outcome != "failed" or report.sip_code is None:
        return report.outcome
    if report.sip_code in _CODES_OF_SILENCE:
        return "no_answer" if attempt.outcome == "ringing" else "unreachable"
    return _OUTCOME_OF_CODE.get(report.sip_code, "failed")


def _without_leg(attempt: Attempt, report: Report, outcome: Outcome) -> Attempt | None:
    """The attempt that goes on with the others, where one of several gave up; None: nobody is left."""
    values = _values(attempt)
    if len(values) < 2 or report.destination not in values:
        return None
    out = {report.destination: outcome, **attempt.out}
    return attempt.model_copy(update={"out": out}) if values - out.keys() else None


def _worst_known(attempt: Attempt, outcome: Outcome) -> Outcome:
    """Of several that rang together: nobody answered, if that is true of one of them."""
    return "no_answer" if "no_answer" in attempt.out.values() else outcome


def _next_attempt(hunt: Hunt, at: datetime) -> Attempt | None:
    if not hunt.rest:
        return None
    target = hunt.rest[0]
    ring_time_s = target.ring_time_s
    if hunt.total_ring_time_s is not None:
        passed_s = (at - hunt.attempts[0].requested_at).total_seconds()
        left_s = int(hunt.total_ring_time_s - max(0.0, passed_s))
        if left_s < SHORTEST_RING_S:
            return None
        ring_time_s = min(ring_time_s, left_s)
    return Attempt(attempt=hunt.current.attempt + 1, destinations=(target,), ring_time_s=ring_time_s, requested_at=at)


def _with(hunt: Hunt, attempt: Attempt) -> Hunt:
    return hunt.model_copy(update={"attempts": (*hunt.attempts[:-1], attempt), "status": attempt.outcome})


def _values(attempt: Attempt) -> frozenset[str]:
    return frozenset(target.value for target in attempt.destinations)


def _sip_code(value: JSON) -> int | None:
    code = _integer(value)
    return code if code is not None and 300 <= code <= 699 else None


def _integer(value: JSON) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
