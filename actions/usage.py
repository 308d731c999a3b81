"""Who uses a connection that actions name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.usage import Use
from actions.models import Action, Agent
from actions.releases import load_plan


def uses_through(
    kind: type[Action], params: type[Any], column: str, rows: Iterable[models.Model]
) -> dict[Any, list[Use]]:
    """By primary key of ``rows``: actions as they are edited, then agents whose published version still uses one.

    ``column`` is the foreign key of ``kind``; ``params`` of a release hold its id by the same name.
    """
    uses: dict[Any, list[Use]] = {row.pk: [] for row in rows}
    by_id = f"{column}_id"
    drawn: set[tuple[Any, int]] = set()
    actions = kind._default_manager.filter(**{f"{column}__in": uses}).select_related("agent").order_by("agent", "name")
    page = f"admin:{kind._meta.app_label}_{kind._meta.model_name}_change"
    for action in actions:
        drawn.add((getattr(action, by_id), action.agent_id))
        label = _("%(agent)s: %(action)s") % {"agent": action.agent, "action": action.name}
        uses[getattr(action, by_id)].append(Use(label, reverse(page, args=[action.pk])))
    for agent, pk in _published(params, by_id, set(uses)):
        if (pk, agent.pk) not in drawn:
            label = _("%(agent)s, as published") % {"agent": agent}
            uses[pk].append(Use(label, reverse("admin:actions_agent_change", args=[agent.pk])))
    return uses


def _published(params: type[Any], by_id: str, wanted: set[Any]) -> Iterator[tuple[Agent, Any]]:
    if not wanted:
        return
    for agent in Agent.objects.filter(current_release__isnull=False):
        assert agent.current_release_id is not None
        plan = load_plan(agent.current_release_id)
        used = {getattr(action.params, by_id) for action in plan.actions if isinstance(action.params, params)}
        for pk in used & wanted:
            yield agent, pk
