"""Plans: what a release holds in memory, typed, compiled, ready to run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from actions.arguments import Arguments
from actions.contract import JSON, AgentFacts, Kind, Moment, Params
from actions.kinds.hang_up import DEFAULT_NAME, HangUpParams
from actions.registry import kinds

if TYPE_CHECKING:
    from actions.models import Release

PLANS_KEPT = 4096


@dataclass(frozen=True, slots=True)
class ToolDefinition:
    """What the model is offered: ``parameters`` is a JSON Schema (draft 2020-12).

    ``message_before``: the agent says something before it uses the tool, such as this, by language; None:
    it does not.
    """

    name: str
    description: str
    parameters: Mapping[str, JSON]
    message_before: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class PlannedAction:
    """One action of a release, ready to run."""

    name: str
    kind: Kind[Any]
    moment: Moment
    description: str
    params: Params
    tool: ToolDefinition | None
    arguments: Arguments | None
    reads_contact: bool = False

    def argument_errors(self, arguments: Mapping[str, JSON]) -> list[tuple[str, str]]:
        """(path, message) of everything that does not fit the tool's schema."""
        return [] if self.arguments is None else self.arguments.errors(arguments)


@dataclass(frozen=True, slots=True)
class Plan:
    """A release in memory; shared by every call that pinned it, so nothing in it may change."""

    release_id: int
    number: int
    agent: AgentFacts
    actions: tuple[PlannedAction, ...]
    main_classifier: str | None = None

    def of(self, moment: Moment) -> tuple[PlannedAction, ...]:
        return tuple(action for action in self.actions if action.moment == moment)

    def find(self, moment: Moment, name: str) -> PlannedAction | None:
        return next((action for action in self.of(moment) if action.name == name), None)

    @property
    def tools(self) -> tuple[ToolDefinition, ...]:
        return tuple(action.tool for action in self.actions if action.tool is not None)


def compile_plan(release: Release) -> Plan:
    """Raises pydantic.ValidationError or KeyError when the snapshot does not fit the kinds of this version."""
    snapshot = release.snapshot
    facts = snapshot["agent"]
    agent = AgentFacts(
        id=release.agent_id,
        slug=facts["slug"],
        name=facts["name"],
        language=facts["language"],
        time_zone=facts["time_zone"],
    )
    actions = [_compile_action(frozen, agent.language) for frozen in snapshot["actions"]]
    if not any(action.kind.name == "hang_up" for action in actions):
        actions.append(_default_hang_up(agent.language))
    return Plan(
        release_id=release.pk,
        number=release.number,
        agent=agent,
        actions=tuple(actions),
        main_classifier=_main_classifier(snapshot["classifiers"]),
    )


@lru_cache(maxsize=PLANS_KEPT)
def load_plan(release_id: int) -> Plan:
    """The plan of a stored release, compiled once per process. Raises Release.DoesNotExist.

    The caller has found ``release_id`` inside its account's scope; a release's content never changes, so
    the plan needs no invalidation.
    """
    from actions.models import Release

    return compile_plan(Release.objects.get(pk=release_id))


def _main_classifier(classifiers: list[Mapping[str, Any]]) -> str | None:
    """The one marked as main, else the first: its label is the call's disposition."""
    ordered = sorted(classifiers, key=lambda classifier: not classifier["is_main"])
    return ordered[0]["name"] if ordered else None


def _compile_action(frozen: Mapping[str, Any], language: str) -> PlannedAction:
    kind = kinds.get(frozen["kind"])
    return _plan_action(
        kind,
        kind.Params.model_validate(frozen["params"]),
        name=frozen["name"],
        moment=Moment(frozen["moment"]),
        description=frozen["description"],
        language=language,
    )


def _default_hang_up(language: str) -> PlannedAction:
    """The hang-up that every agent has until somebody configures one."""
    kind = kinds.get("hang_up")
    return _plan_action(
        kind,
        HangUpParams(),
        name=DEFAULT_NAME,
        moment=Moment.DURING,
        description=kind.default_description(language),
        language=language,
    )


def _plan_action(
    kind: Kind[Any], params: Params, *, name: str, moment: Moment, description: str, language: str
) -> PlannedAction:
    tool = validator = None
    if moment == Moment.DURING:
        schema = kind.arguments_schema(params, language)
        before = kind.message_before(params, language)
        tool = ToolDefinition(name=name, description=description, parameters=schema, message_before=before)
        validator = Arguments(schema)
    return PlannedAction(
        name=name,
        kind=kind,
        moment=moment,
        description=description,
        params=params,
        tool=tool,
        arguments=validator,
        reads_contact=kind.reads_contact(params),
    )
