"""Plans: what a release holds in memory, typed, compiled, ready to run."""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from actions.arguments import Arguments
from actions.before_call import BeforeSettings
from actions.classification import NOTHING, Analysis, compile_analysis
from actions.conditions import ALWAYS, Conditions, OnFailure
from actions.contract import JSON, AgentFacts, KeyMenu, Kind, Moment, Params
from actions.expressions.paths import Path
from actions.kinds.hang_up import DEFAULT_NAME, HangUpParams
from actions.messages import MessageBefore
from actions.registry import kinds

if TYPE_CHECKING:
    from actions.models import Release

PLANS_KEPT = 2048
"""Of 20 to 100 KiB each; the one that was asked for the longest time ago goes first, and takes 2 ms to come back."""


@dataclass(frozen=True, slots=True)
class ToolDefinition:
    """What the model is offered: ``parameters`` is a JSON Schema (draft 2020-12).

    ``message_before``: what the agent says before it uses the tool; None: nothing. ``reads_only``: using it changes
    nothing.
    """

    name: str
    description: str
    parameters: Mapping[str, JSON]
    message_before: MessageBefore | None = None
    reads_only: bool = False


@dataclass(frozen=True, slots=True)
class PlannedBefore:
    """What a before-action has besides its kind's own: ``paths`` are those of its cache key, in order.

    ``digest`` changes with whatever of the release its result may depend on, and with nothing else.
    """

    action_id: int
    digest: str
    settings: BeforeSettings
    paths: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class PlannedAction:
    """One action of a release, ready to run.

    ``conditions`` and ``stops_on_failure`` (the next ones wait for it, or are skipped) are for the time after the call,
    ``before`` for the time before it.
    """

    name: str
    kind: Kind[Any]
    moment: Moment
    description: str
    params: Params
    tool: ToolDefinition | None
    arguments: Arguments | None
    reads_contact: bool = False
    reads_open: bool = False
    conditions: Conditions = ALWAYS
    stops_on_failure: bool = False
    before: PlannedBefore | None = None

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
    analysis: Analysis = NOTHING

    def of(self, moment: Moment) -> tuple[PlannedAction, ...]:
        return tuple(action for action in self.actions if action.moment == moment)

    def find(self, moment: Moment, name: str) -> PlannedAction | None:
        return next((action for action in self.of(moment) if action.name == name), None)

    @property
    def tools(self) -> tuple[ToolDefinition, ...]:
        return tuple(action.tool for action in self.actions if action.tool is not None)

    @property
    def menus(self) -> tuple[KeyMenu, ...]:
        found = (action.kind.menu(action.params) for action in self.of(Moment.DURING))
        return tuple(menu for menu in found if menu is not None)


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
        opening_hours_id=facts.get("opening_hours"),
    )
    actions = [_compile_action(frozen, agent) for frozen in snapshot["actions"]]
    if not any(action.kind.name == "hang_up" for action in actions):
        actions.append(_default_hang_up(agent.language))
    return Plan(
        release_id=release.pk,
        number=release.number,
        agent=agent,
        actions=tuple(actions),
        analysis=compile_analysis(snapshot),
    )


class Plans:
    """The plans of stored releases, compiled once per process.

    Whoever asks has found the release inside its account's scope; its content never changes, so that a plan needs no
    invalidation.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[int, Plan] = OrderedDict()
        self._lock = Lock()

    def __call__(self, release_id: int) -> Plan:
        """Raises Release.DoesNotExist."""
        from actions.models import Release

        plan = self.known(release_id)
        if plan is None:
            plan = compile_plan(Release.objects.get(pk=release_id))
            with self._lock:
                self._kept[release_id] = plan
                if len(self._kept) > self._most:
                    self._kept.popitem(last=False)
        return plan

    def known(self, release_id: int) -> Plan | None:
        """Without asking the database."""
        with self._lock:
            plan = self._kept.get(release_id)
            if plan is not None:
                self._kept.move_to_end(release_id)
            return plan

    def cache_clear(self) -> None:
        with self._lock:
            self._kept.clear()


load_plan = Plans(PLANS_KEPT)


def _compile_action(frozen: Mapping[str, Any], agent: AgentFacts) -> PlannedAction:
    kind = kinds.get(frozen["kind"])
    return _plan_action(
        kind,
        _params_of(kind, frozen["params"]),
        name=frozen["name"],
        moment=Moment(frozen["moment"]),
        description=frozen["description"],
        language=agent.language,
        conditions=Conditions.model_validate(frozen.get("conditions", {})),
        stops_on_failure=frozen.get("on_failure") == OnFailure.STOP,
        before=_compile_before(frozen, agent) if frozen["moment"] == Moment.BEFORE else None,
    )


_params: WeakValueDictionary[tuple[str, bytes], Params] = WeakValueDictionary()
_arguments: WeakValueDictionary[bytes, Arguments] = WeakValueDictionary()
"""What many plans have in common is there once: agents run the same workflows, and are copies of each other."""


def _params_of(kind: Kind[Any], frozen: Mapping[str, Any]) -> Params:
    """Raises pydantic.ValidationError."""
    content = json.dumps(frozen, sort_keys=True, separators=(",", ":"))
    key = (kind.name, hashlib.sha256(content.encode()).digest())
    params = _params.get(key)
    if params is None:
        params = _params[key] = kind.Params.model_validate(frozen)
    return params


def _arguments_of(schema: Mapping[str, JSON]) -> Arguments:
    key = hashlib.sha256(json.dumps(schema, separators=(",", ":")).encode()).digest()
    arguments = _arguments.get(key)
    if arguments is None:
        arguments = _arguments[key] = Arguments(schema)
    return arguments


def _compile_before(frozen: Mapping[str, Any], agent: AgentFacts) -> PlannedBefore:
    settings = BeforeSettings.model_validate(frozen.get("before", {}))
    cache = settings.cache.model_dump(mode="json") if settings.cache else None
    around = [agent.slug, agent.name, agent.language, agent.time_zone, agent.opening_hours_id]
    content = json.dumps([around, frozen["kind"], frozen["params"], cache], sort_keys=True, separators=(",", ":"))
    paths = tuple(Path.parse(source) for source in settings.cache.keys) if settings.cache else ()
    return PlannedBefore(frozen["id"], hashlib.sha256(content.encode()).hexdigest(), settings, paths)


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
    kind: Kind[Any],
    params: Params,
    *,
    name: str,
    moment: Moment,
    description: str,
    language: str,
    conditions: Conditions = ALWAYS,
    stops_on_failure: bool = False,
    before: PlannedBefore | None = None,
) -> PlannedAction:
    tool = validator = None
    if moment == Moment.DURING:
        validator = _arguments_of(kind.arguments_schema(params, language))
        if kind.offers_tool(params):
            message = kind.message_before(params, language)
            tool = ToolDefinition(name, description, validator.schema, message, kind.reads_only)
    return PlannedAction(
        name=name,
        kind=kind,
        moment=moment,
        description=description,
        params=params,
        tool=tool,
        arguments=validator,
        reads_contact=kind.reads_contact(params),
        reads_open=kind.reads_open(params),
        conditions=conditions,
        stops_on_failure=stops_on_failure,
        before=before,
    )
