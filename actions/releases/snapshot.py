"""Freezing an agent's configuration into JSON, with every error at once."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from actions.contract import JSON, FreezeError, Moment
from actions.kinds.hang_up import DEFAULT_NAME as DEFAULT_HANG_UP_NAME
from actions.registry import kinds

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from actions.models import Action, Agent

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class PublishProblem:
    """One reason why an agent cannot be published; ``action`` None: it concerns the agent itself."""

    action: Action | None
    field: str
    message: StrOrPromise


class PublishError(Exception):
    """Everything that keeps an agent from being published."""

    def __init__(self, problems: list[PublishProblem]) -> None:
        super().__init__("; ".join(f"{p.action}.{p.field}: {p.message}" for p in problems))
        self.problems = problems


def take_snapshot(agent: Agent) -> dict[str, JSON]:
    """The agent's enabled actions as JSON; raises :class:`PublishError` with all problems."""
    problems: list[PublishProblem] = []
    frozen: list[dict[str, JSON]] = []
    for action in _configured_actions(agent):
        try:
            frozen.append(_freeze(action))
        except FreezeError as error:
            problems += [
                PublishProblem(action, field, message) for field, texts in error.errors.items() for message in texts
            ]
    if problems:
        raise PublishError(problems)
    return {
        "schema": SCHEMA,
        "agent": {
            "slug": agent.slug,
            "name": agent.name,
            "language": agent.language,
            "time_zone": agent.time_zone,
            "direction": agent.direction,
        },
        "classifiers": [
            {
                "name": classifier.name,
                "is_main": classifier.is_main,
                "labels": [x.name for x in classifier.labels.all()],
            }
            for classifier in agent.classifiers.prefetch_related("labels")
        ],
        "actions": frozen,
    }


def digest(snapshot: dict[str, JSON]) -> str:
    canonical = json.dumps(snapshot, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def draft_digest(agent: Agent) -> str | None:
    """Digest of what publishing would store now; None when it cannot be published."""
    try:
        return digest(take_snapshot(agent))
    except PublishError:
        return None


def _configured_actions(agent: Agent) -> list[Action]:
    """Enabled actions as rows of their kinds' models: one query for each kind in use."""
    used = set(agent.actions.filter(enabled=True).values_list("kind", flat=True))
    rows: list[Action] = []
    for name in used:
        rows += kinds.get(name).model.objects.filter(agent=agent, enabled=True)
    order = list(Moment.values)
    return sorted(rows, key=lambda row: (order.index(row.moment), row.position, row.pk))


def _freeze(action: Action) -> dict[str, JSON]:
    kind = action.kind_object
    errors: dict[str, list[Any]] = {}
    description = action.description.strip() or kind.default_description(action.agent.language)
    if action.moment == Moment.DURING and not description:
        errors["description"] = [_("Say when the agent should use this action.")]
    if action.name == DEFAULT_HANG_UP_NAME and kind.name != "hang_up":
        errors["name"] = [_("This name is kept for hanging up; choose another one.")]
    if action.moment not in kind.moments:
        errors["moment"] = [_("This kind of action does not exist at that moment of the call.")]
    try:
        params = kind.freeze(action)
    except FreezeError as error:
        errors = {**error.errors, **errors}
    if errors:
        raise FreezeError(errors)
    return {
        "id": action.pk,
        "kind": kind.name,
        "moment": action.moment,
        "name": action.name,
        "description": description,
        "params": params.model_dump(mode="json"),
    }
