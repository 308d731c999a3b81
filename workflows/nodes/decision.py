"""Node ``decision``: takes the way out of the first case that holds, or ``else``."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from actions.expressions.conditions import Condition
from workflows.fields import ConditionText, values_of
from workflows.nodes.base import FieldForm, NodeConfig, NodeContext, NodeKind, NodeResult
from workflows.nodes.registry import register

ELSE = "else"


class Case(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")
    title: str = Field(default="", max_length=100)
    when: ConditionText


def _distinct(cases: tuple[Case, ...]) -> tuple[Case, ...]:
    ids = [case.id for case in cases]
    if ELSE in ids or len(set(ids)) < len(ids):
        raise ValueError(gettext("Each case needs an id of its own, other than “else”."))
    return cases


class DecisionConfig(NodeConfig):
    cases: Annotated[tuple[Case, ...], AfterValidator(_distinct)] = Field(min_length=1, max_length=50)

    @cached_property
    def compiled(self) -> tuple[tuple[str, Condition], ...]:
        return tuple((case.id, Condition.parse(case.when)) for case in self.cases)

    @cached_property
    def read(self) -> tuple[str, ...]:
        """The names that the conditions read."""
        return tuple(
            sorted({name for _id, condition in self.compiled for name in condition.names | condition.optional})
        )


@register
class DecisionNode(NodeKind[DecisionConfig]):
    name = "decision"
    label = _("Decision")
    summary = _("Goes on with the first case whose condition holds, otherwise with “else”.")
    icon = "alt_route"
    Config = DecisionConfig
    fields = (FieldForm("cases", _("Cases"), "cases", _("Checked in this order.")),)

    def outputs(self, config: DecisionConfig) -> tuple[str, ...]:
        return (*(case.id for case in config.cases), ELSE)

    def names(self, config: DecisionConfig) -> Mapping[str, frozenset[str]]:
        return {f"cases.{index}.when": condition.names for index, (_id, condition) in enumerate(config.compiled)}

    async def run(self, config: DecisionConfig, context: NodeContext) -> NodeResult:
        context.input = values_of(config.read, context.scope)
        for output, condition in config.compiled:
            if condition.holds(context.scope, context.warnings):
                return NodeResult(output)
        return NodeResult(ELSE)
