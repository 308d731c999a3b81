"""How the admin shows the three moments of a call."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from actions.contract import Kind, Moment
from actions.models import Action, Agent
from actions.registry import kinds

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


@dataclass(frozen=True)
class MomentFace:
    """Symbol and explanation of a moment."""

    icon: str
    summary: StrOrPromise


FACES = {
    Moment.BEFORE: MomentFace(
        "ring_volume",
        _("While the phone rings: recognise the caller, fetch data, adapt the agent. At most 30 seconds."),
    ),
    Moment.DURING: MomentFace(
        "record_voice_over",
        _("While the agent talks: what it may do when the conversation calls for it."),
    ),
    Moment.AFTER: MomentFace(
        "task_alt",
        _("Once the call has ended: report, notify, pass on. Tried again when it fails."),
    ),
}


@dataclass(frozen=True)
class Panel:
    """One of the three panels of an agent: a moment with its actions."""

    moment: Moment
    face: MomentFace
    actions: list[Action]
    add_url: str


def list_url(moment: Moment | str) -> str:
    return reverse(f"admin:actions_action_{moment}")


def choose_url(moment: Moment | str, agent: Agent | None = None) -> str:
    """The page on which the kind of a new action is chosen."""
    chosen = {"moment": str(moment), **({"agent": agent.pk} if agent else {})}
    return f"{reverse('admin:actions_action_choose')}?{urlencode(chosen)}"


def add_url(kind: Kind[Any], moment: Moment | str, agent_id: int) -> str:
    meta = kind.model._meta
    address = reverse(f"admin:{meta.app_label}_{meta.model_name}_add")
    return f"{address}?{urlencode({'moment': str(moment), 'agent': agent_id})}"


def change_url(action: Action, back: str = "") -> str:
    """The page of the action's own kind; ``back`` is where saving leads."""
    meta = kinds.get(action.kind).model._meta
    address = reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[action.pk])
    return f"{address}?{urlencode({'back': back})}" if back else address


def panels(agent: Agent, actions: Iterable[Action]) -> list[Panel]:
    actions = list(actions)
    return [
        Panel(moment, FACES[moment], [row for row in actions if row.moment == moment], choose_url(moment, agent))
        for moment in Moment
    ]
