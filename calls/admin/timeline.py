"""A call as people read it: three sections with their runs, and what the telephone reported, in time order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from actions.admin.moments import FACES, MomentFace
from actions.contract import JSON, Moment
from actions.registry import kinds
from calls.admin import words
from calls.admin.attempts import AttemptLine, LeftOut, attempts_of, left_out_of
from calls.models import Call, Event, Run, RunState

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

TRANSCRIPT = "transcript"


@dataclass(frozen=True)
class Step:
    """One step of a workflow's run."""

    title: str
    state: StrOrPromise
    badge: str
    duration: str
    branch: str
    input: JSON
    output: JSON
    error: str


@dataclass(frozen=True)
class RunCard:
    """One run; ``essence`` says in one line what came of it."""

    run: Run
    at: datetime
    label: StrOrPromise
    icon: str
    badge: str
    duration: str
    essence: str
    directives: list[str]
    steps: list[Step]
    attempts: list[AttemptLine]
    left_out: list[LeftOut]
    is_run: bool = True

    @property
    def has_failed(self) -> bool:
        return self.run.state in {RunState.FAILED, RunState.DEAD}

    @property
    def may_be_retried(self) -> bool:
        return self.run.state == RunState.DEAD


@dataclass(frozen=True)
class EventLine:
    """Something that the telephone system reported; a piece of transcript has ``role`` and ``text``."""

    at: datetime
    icon: str
    title: StrOrPromise
    meaning: str
    data: Mapping[str, JSON]
    role: StrOrPromise = ""
    text: str = ""
    directives: tuple[str, ...] = ()
    is_run: bool = False


@dataclass(frozen=True)
class Bubble:
    role: str
    who: StrOrPromise
    text: str
    at: str


@dataclass(frozen=True)
class Section:
    moment: Moment
    face: MomentFace
    items: list[RunCard | EventLine] = field(default_factory=list)


def sections(runs: Iterable[Run], events: Iterable[Event], *, with_transcript: bool) -> list[Section]:
    """``with_transcript``: show pieces of it where they came in; else the call's own transcript holds them."""
    cards = [run_card(run) for run in runs]
    lines = [event_line(event) for event in events if with_transcript or event.type != TRANSCRIPT]
    found = []
    for moment in Moment:
        items: list[RunCard | EventLine] = [card for card in cards if card.run.moment == moment]
        if moment == Moment.DURING:
            items = sorted([*items, *lines], key=lambda item: item.at)
        found.append(Section(moment, FACES[moment], items))
    return found


def run_card(run: Run) -> RunCard:
    kind = kinds.get(run.kind) if run.kind in kinds else None
    directives = [words.directive(given) for given in run.directives]
    return RunCard(
        run=run,
        at=run.started_at or run.created_at,
        label=kind.label if kind else run.kind,
        icon=kind.icon if kind else "extension",
        badge=words.RUN_BADGES[RunState(run.state)],
        duration=words.milliseconds(run.duration_ms),
        essence=_essence(run, directives),
        directives=directives,
        steps=[_step(entry) for entry in run.trace if isinstance(entry, Mapping) and "state" in entry],
        attempts=attempts_of(run.progress),
        left_out=left_out_of(run.progress),
    )


def _essence(run: Run, directives: list[str]) -> str:
    if run.error_message:
        return run.error_message
    if run.skipped_reason:
        return run.skipped_reason
    if directives:
        return " · ".join(directives)
    if isinstance(run.result, Mapping) and isinstance(run.result.get("message"), str):
        return str(run.result["message"])
    return ", ".join(f"{name} = {_short(value)}" for name, value in list(run.variables.items())[:4])


def _short(value: JSON) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    text = "…" if isinstance(value, Mapping | list) else str(value)
    return text if len(text) <= 40 else f"{text[:39]}…"


def _step(entry: Mapping[str, Any]) -> Step:
    state, badge = words.STEP_STATES.get(entry["state"], (entry["state"], "default"))
    error = entry.get("error")
    return Step(
        title=str(entry.get("title") or entry.get("node", "")),
        state=state,
        badge=badge,
        duration=words.milliseconds(entry.get("duration_ms")) if entry["state"] != "not_taken" else "",
        branch=str(entry["branch"]) if entry.get("branch") not in {None, "next"} else "",
        input=entry.get("input"),
        output=entry.get("output"),
        error=str(error.get("message", "")) if isinstance(error, Mapping) else "",
    )


def event_line(event: Event) -> EventLine:
    icon, title = words.event(event.type)
    if event.type == TRANSCRIPT:
        role = str(event.data.get("role", ""))
        return EventLine(
            at=event.received_at,
            icon="chat_bubble",
            title="",
            meaning="",
            data={},
            role=words.ROLES.get(role, role),
            text=str(event.data.get("text", "")),
        )
    result = event.result if isinstance(event.result, Mapping) else {}
    directives = tuple(words.directive(given) for given in event.directives)
    meaning, data = str(result.get("message", "")), words.event_facts(event.data)
    return EventLine(event.received_at, icon, title, meaning, data, directives=directives)


def bubbles(call: Call) -> list[Bubble]:
    return [
        Bubble(
            role=str(piece.get("role", "")),
            who=words.ROLES.get(str(piece.get("role", "")), str(piece.get("role", ""))),
            text=str(piece.get("text", "")),
            at=_clock(piece.get("time_ms")),
        )
        for piece in call.transcript
        if isinstance(piece, Mapping)
    ]


def _clock(time_ms: Any) -> str:
    """``1:05`` since the call began."""
    if not isinstance(time_ms, int | float):
        return ""
    minutes, seconds = divmod(int(time_ms // 1000), 60)
    return f"{minutes}:{seconds:02d}"
