"""The actions that run a workflow, and the flat names that it may begin with because of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from actions.contract import Moment
from actions.kinds.collect_digits import CollectDigitsAction
from workflows.graph import returned_parameters
from workflows.kinds.arguments import property_names

if TYPE_CHECKING:
    from actions.models import Agent
    from workflows.models import Workflow


@dataclass(frozen=True, slots=True)
class Callers:
    """``names`` None: nobody runs the workflow, so it cannot be known what it begins with."""

    arguments: frozenset[str]
    parameters: frozenset[str]
    found: bool

    @property
    def names(self) -> frozenset[str] | None:
        return self.arguments | self.parameters if self.found else None


def callers_of(workflow: Workflow, moment: Moment | None) -> Callers:
    """What actions at ``moment`` (None: at any) may give to the workflow. Call it inside the account's scope."""
    actions: Any = workflow.actions.select_related("agent")
    actions = list(actions.filter(moment=moment) if moment else actions)
    arguments = {name for action in actions for name in declared_names(action)}
    parameters: set[str] = set()
    for agent in {action.agent for action in actions}:
        parameters |= parameters_of(agent)
    return Callers(frozenset(arguments), frozenset(parameters - arguments), bool(actions))


def parameters_of(agent: Agent) -> set[str]:
    """The parameters that the calls of an agent may hold: what any of its workflows returns, what callers type."""
    from workflows.kinds.workflow import WorkflowAction

    typed = CollectDigitsAction.objects.filter(agent=agent, enabled=True)
    names: set[str] = {*typed.values_list("variable", flat=True)}
    for action in WorkflowAction.objects.filter(agent=agent, enabled=True).select_related("workflow"):
        names |= returned_parameters(action.workflow.graph)
        if isinstance(action.default_parameters, dict):
            names |= action.default_parameters.keys()
    return names


def declared_names(action: Any) -> Iterable[str]:
    """The names of the arguments that an action declares, as far as its row makes sense."""
    if isinstance(action.raw_schema, dict) and action.raw_schema:
        return property_names(action.raw_schema)
    rows = action.parameters if isinstance(action.parameters, list) else []
    return [row["name"] for row in rows if isinstance(row, dict) and isinstance(row.get("name"), str)]
