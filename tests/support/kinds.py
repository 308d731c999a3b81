"""A kind that does what the test says; it is in no registry."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from actions.arguments import Arguments
from actions.contract import CallContext, CallEvent, Kind, Moment, Outcome, Params
from actions.releases import PlannedAction, ToolDefinition

Behaviour = Callable[[CallContext], Awaitable[Outcome]]


class ScriptedKind(Kind[Params]):
    name = "scripted"
    model = None  # type: ignore[assignment]

    def __init__(self, behaviour: Behaviour, defaults: Mapping[str, Any], limit_s: float) -> None:
        self.behaviour, self.defaults, self.limit_s = behaviour, defaults, limit_s

    def freeze(self, action: Any) -> Params:
        return Params()

    async def run(self, params: Params, context: CallContext, arguments: Mapping[str, Any]) -> Outcome:
        return await self.behaviour(context)

    def defaults_on_failure(self, params: Params) -> Mapping[str, Any]:
        return self.defaults

    def time_limit_s(self, params: Params) -> float:
        return self.limit_s

    def observe(self, params: Params, context: CallContext, event: CallEvent) -> Outcome | None:
        return Outcome(result={"seen": event.type}) if event.type.startswith("scripted.") else None


def scripted(
    behaviour: Behaviour,
    *,
    name: str = "scripted",
    moment: Moment = Moment.DURING,
    defaults: Mapping[str, Any] | None = None,
    limit_s: float = 5,
) -> PlannedAction:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "additionalProperties": False}
    return PlannedAction(
        name=name,
        kind=ScriptedKind(behaviour, defaults or {}, limit_s),
        moment=moment,
        description="",
        params=Params(),
        tool=ToolDefinition(name, "", schema),
        arguments=Arguments(schema),
    )
