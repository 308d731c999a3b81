"""What a transfer would do at some other time: who would ring, in which order, and what the agent would be told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override

from actions.contract import ActionError, FreezeError, Moment
from actions.models import Agent
from actions.releases import load_plan
from schedules.words import sentence
from transfers import directory, outcomes
from transfers.action import TransferAction
from transfers.asking import choice_of
from transfers.choices import Choice
from transfers.freezing import address_of, freeze
from transfers.hunting import Decision, Situation, Skipped, decide, ring_time_s
from transfers.kinds.transfer import first_hunt, nobody_rings
from transfers.ordering import connection_uri
from transfers.params import TransferParams
from transfers.situation import connection_of, situation_of

MOST_SHOWN = 50

WHY = {
    "closed": gettext_lazy("closed"),
    "loop": gettext_lazy("leads back to this agent"),
    "gone": gettext_lazy("this agent is gone, or not published"),
    "disabled": gettext_lazy("switched off"),
}


@dataclass(frozen=True, slots=True)
class Question:
    """``at`` is aware. ``words`` look destinations up where there are too many to show."""

    at: datetime
    dialled: str = ""
    caller: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One destination. ``order`` counts from 1, None: it does not ring, and ``why`` says so (``closed``, ``loop``,
    ``gone``, ``disabled``) with ``hours`` in words. ``told`` is what the agent would be told if it chose this one.
    """

    name: str
    value: str
    order: int | None = None
    ring_time_s: int | None = None
    why: str = ""
    hours: str = ""
    told: str = ""

    @property
    def why_text(self) -> str:
        return str(WHY.get(self.why, ""))


@dataclass(frozen=True, slots=True)
class Answer:
    """``told`` is what the agent would be told; '' where it has to choose: each line says it then. ``errors`` keep
    the draft from being published, and there is nothing else then. ``hours`` says when the transfer as a whole opens.
    """

    lines: tuple[Line, ...] = ()
    told: str = ""
    is_chosen: bool = False
    is_directory: bool = False
    hours: str = ""
    errors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answers:
    """Of the saved draft and of the published version; ``published`` None: it is not in it. ``number`` is the
    version's.
    """

    draft: Answer
    published: Answer | None
    number: int | None
    is_same: bool


def what_if(action: TransferAction, question: Question) -> Answers:
    """Inside the account's scope. Nobody is rung."""
    agent = action.agent
    draft_params, draft = _draft(action, question)
    published_params = _published(action)
    is_same = published_params is not None and published_params == draft_params and action.enabled
    published = None
    if published_params is not None:
        published = draft if is_same else _answer(published_params, agent, question, ())
    number = agent.current_release.number if agent.current_release else None
    return Answers(draft, published, number, is_same)


def _draft(action: TransferAction, question: Question) -> tuple[TransferParams | None, Answer]:
    try:
        params = freeze(action)
    except FreezeError as error:
        return None, Answer(errors=tuple(str(text) for texts in error.errors.values() for text in texts))
    return params, _answer(params, action.agent, question, _disabled(action))


def _published(action: TransferAction) -> TransferParams | None:
    release_id = action.agent.current_release_id
    planned = load_plan(release_id).find(Moment.DURING, action.name) if release_id else None
    return planned.params if planned is not None and isinstance(planned.params, TransferParams) else None


def _disabled(action: TransferAction) -> tuple[Line, ...]:
    rows = action.destinations.filter(enabled=False).select_related("agent")[:MOST_SHOWN]
    return tuple(Line(row.description or address_of(row), address_of(row), why="disabled") for row in rows)


def _answer(params: TransferParams, agent: Agent, question: Question, disabled: tuple[Line, ...]) -> Answer:
    choices = _choices(params, agent, question.words)
    own = (question.dialled, question.caller if agent.direction == "outbound" else "")
    situation = situation_of(
        params,
        choices,
        account_id=agent.account_id,
        time_zone=agent.time_zone,
        own_agent_id=agent.pk,
        own_addresses=tuple(filter(None, own)),
    )
    decision = decide(params, choices, situation, question.at)
    is_chosen = params.is_chosen and bool(params.destinations or params.is_directory)
    with override(agent.language):
        each = _each_told(params, choices, situation, question.at, agent) if is_chosen and not decision.closed else {}
        told = "" if each or (params.is_directory and not choices) else _told(params, decision, question.at, agent)
        hours = sentence(decision.closed, question.at, agent.language) if decision.closed else ""
        skipped = tuple(_skipped(one, question.at, agent, each) for one in decision.skipped)
        if decision.closed:
            skipped = tuple(Line(one.name, one.value, why="closed", hours=hours) for one in choices)
    rings = tuple(
        Line(one.name, one.value, _order(params, number), ring_time_s(params, [one]), told=each.get(one.name, ""))
        for number, one in enumerate(decision.rings, 1)
    )
    return Answer((*rings, *skipped, *disabled), told, is_chosen, params.is_directory, hours)


def _order(params: TransferParams, number: int) -> int:
    """Only one after the other is there a second."""
    return number if params.strategy == "in_order" else 1


def _choices(params: TransferParams, agent: Agent, words: str) -> list[Choice]:
    if params.directory_action_id is not None:
        found = directory.search(params.directory_action_id, words, language=agent.language) if words else []
        return [choice_of(match) for match in found]
    if params.destinations:
        return list(params.destinations)
    connection = connection_of(params)
    if connection is None:
        return []
    return [Choice(name=connection.name, type="sip_uri", value=connection_uri(connection))]


def _each_told(
    params: TransferParams, choices: Sequence[Choice], situation: Situation, at: datetime, agent: Agent
) -> dict[str, str]:
    return {choice.name: _told(params, decide(params, [choice], situation, at), at, agent) for choice in choices}


def _told(params: TransferParams, decision: Decision, at: datetime, agent: Agent) -> str:
    """In the active language."""
    if decision.closed is not None:
        return str(outcomes.closed(decision.closed, at, agent.language)["message"])
    if decision.rings:
        return str(outcomes.requested(first_hunt(params, decision, {}, at))["message"])
    if not decision.skipped:
        return _("The SIP connection of this transfer is gone.")
    try:
        return str(nobody_rings(decision, at, agent.language)["message"])
    except ActionError as error:
        return error.spoken or error.message


def _skipped(one: Skipped, at: datetime, agent: Agent, told: dict[str, str]) -> Line:
    hours = sentence(one.state, at, agent.language) if one.state else ""
    return Line(one.choice.name, one.choice.value, why=one.why, hours=hours, told=told.get(one.choice.name, ""))
