"""Freezing an agent's configuration into JSON, with every error at once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from actions.before_call import BeforeCall
from actions.classification import analysis_problems, frozen_analysis
from actions.conditions import AFTER_FIELDS, AFTER_ONLY, conditions_of, label_errors
from actions.contract import JSON, FreezeError, Moment, Params, Tool
from actions.kinds.hang_up import DEFAULT_NAME as DEFAULT_HANG_UP_NAME
from actions.kinds.hang_up import HangUpParams
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
    frozen, problems = _frozen_actions(agent)
    analysis = frozen_analysis(agent)
    problems += [PublishProblem(None, field, message) for field, message in analysis_problems(analysis)]
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
            "opening_hours": agent.opening_hours_id,
        },
        **analysis,
        "actions": frozen,
    }


def _frozen_actions(agent: Agent) -> tuple[list[JSON], list[PublishProblem]]:
    """Each enabled action as JSON, and what is wrong with any of them, by itself or beside the others."""
    problems: list[PublishProblem] = []
    ready: list[tuple[Action, Params]] = []
    frozen: list[JSON] = []
    tools: dict[str, Tool] = {}
    for action in _configured_actions(agent):
        params = None
        try:
            params, as_json = _freeze(action)
        except FreezeError as error:
            problems += _problems(action, error.errors)
        else:
            ready.append((action, params))
            frozen.append(as_json)
        if action.moment == Moment.DURING:
            tools[action.name] = _tool(action, params)
    if not any(tool.kind == "hang_up" for tool in tools.values()):
        tools[DEFAULT_HANG_UP_NAME] = _default_tool(agent)
    for action, params in ready:
        problems += _problems(action, action.kind_object.neighbour_errors(params, action.name, tools))
    return frozen, problems


def _problems(action: Action, errors: Mapping[str, Sequence[StrOrPromise]]) -> list[PublishProblem]:
    return [PublishProblem(action, field, message) for field, texts in errors.items() for message in texts]


def _tool(action: Action, params: Params | None) -> Tool:
    kind = action.kind_object
    if params is None:
        return Tool(kind.name, None)
    menu = kind.menu(params)
    return Tool(kind.name, kind.arguments_schema(params, action.agent.language), menu.keys if menu else ())


def _default_tool(agent: Agent) -> Tool:
    kind = kinds.get("hang_up")
    return Tool(kind.name, kind.arguments_schema(HangUpParams(), agent.language))


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
    enabled = {row.pk: row for row in agent.actions.filter(enabled=True).prefetch_related("labels__classifier")}
    rows: list[Action] = []
    for name in {row.kind for row in enabled.values()}:
        rows += kinds.get(name).model.objects.filter(pk__in=[pk for pk, row in enabled.items() if row.kind == name])
    for row in rows:
        row.agent = agent
        # Labels hang on the action whatever its kind: they are read once for all kinds.
        row._prefetched_objects_cache = dict(enabled[row.pk]._prefetched_objects_cache)  # type: ignore[attr-defined]
    order = list(Moment.values)
    return sorted(rows, key=lambda row: (order.index(row.moment), row.position, row.pk))


def _freeze(action: Action) -> tuple[Params, dict[str, JSON]]:
    kind = action.kind_object
    errors: dict[str, list[Any]] = {}
    description = action.description.strip() or kind.default_description(action.agent.language)
    if action.moment == Moment.DURING and not description:
        errors["description"] = [_("Say when the agent should use this action.")]
    if action.name == DEFAULT_HANG_UP_NAME and kind.name != "hang_up":
        errors["name"] = [_("This name is kept for hanging up; choose another one.")]
    if action.moment not in kind.moments:
        errors["moment"] = [_("This kind of action does not exist at that moment of the call.")]
    errors |= _condition_errors(action)
    if before := _before_columns(action):
        errors |= before.before_errors()
    try:
        params = kind.freeze(action)
    except FreezeError as error:
        errors = {**error.errors, **errors}
    if errors:
        raise FreezeError(errors)
    return params, {
        "id": action.pk,
        "kind": kind.name,
        "moment": action.moment,
        "name": action.name,
        "description": description,
        "params": params.model_dump(mode="json"),
        **_frozen_conditions(action),
        **({"before": before.before_settings().model_dump(mode="json")} if before else {}),
    }


def _before_columns(action: Action) -> BeforeCall | None:
    row: Any = action
    return row if action.moment == Moment.BEFORE and isinstance(row, BeforeCall) else None


def _condition_errors(action: Action) -> dict[str, list[Any]]:
    labels = list(action.labels.all())
    if action.moment != Moment.AFTER:
        found = [*action.after_fields_set(), *(["labels"] if labels else [])]
        return {name: [AFTER_ONLY] for name in AFTER_FIELDS if name in found}
    errors = label_errors(labels, action.agent_id)
    return {"labels": [*errors]} if errors else {}


def _frozen_conditions(action: Action) -> dict[str, JSON]:
    if action.moment != Moment.AFTER:
        return {}
    return {"conditions": conditions_of(action).model_dump(mode="json"), "on_failure": action.on_failure}
