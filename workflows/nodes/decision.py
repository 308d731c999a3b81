"""Node ``decision``: takes the way out of the first case that holds, or ``else``."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Literal

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from actions.expressions.conditions import Condition
from workflows.fields import ConditionText, values_of
from workflows.nodes.base import FieldForm, NodeConfig, NodeContext, NodeKind, NodeResult
from workflows.nodes.registry import register
from workflows.rows import OPERATORS, Row, Rows

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from actions.contract import Moment

ELSE = "else"


class Case(BaseModel):
    """Holds if its expression (``when``) does, or else ``all`` or ``any`` of its ``rows``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")
    title: str = Field(default="", max_length=100)
    when: ConditionText | None = None
    match: Literal["all", "any"] = "all"
    rows: tuple[Row, ...] = Field(default=(), max_length=50)

    @property
    def condition(self) -> Condition | Rows:
        return Condition.parse(self.when) if self.when else Rows(self.rows, self.match)

    @property
    def names(self) -> Mapping[str, frozenset[str]]:
        """By path of the field within the case."""
        if self.when:
            return {"when": Condition.parse(self.when).names}
        paths: dict[str, frozenset[str]] = {}
        for index, row in enumerate(self.rows):
            paths[f"rows.{index}.variable"] = row.left.names
            paths[f"rows.{index}.value"] = row.right.names
        return paths


def _distinct(cases: tuple[Case, ...]) -> tuple[Case, ...]:
    ids = [case.id for case in cases]
    if ELSE in ids or len(set(ids)) < len(ids):
        raise ValueError(gettext("Each case needs an id of its own, other than “else”."))
    return cases


class DecisionConfig(NodeConfig):
    cases: Annotated[tuple[Case, ...], AfterValidator(_distinct)] = Field(min_length=1, max_length=50)

    @cached_property
    def compiled(self) -> tuple[tuple[str, Condition | Rows], ...]:
        return tuple((case.id, case.condition) for case in self.cases)

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
    outputs_vary = True
    default_config = {"cases": [{"id": "case-1", "title": "", "match": "all", "rows": []}]}
    fields = (FieldForm("cases", _("Cases"), "cases", _("Checked in this order."), options=OPERATORS, required=True),)

    def outputs(self, config: DecisionConfig) -> tuple[str, ...]:
        return (*(case.id for case in config.cases), ELSE)

    def names(self, config: DecisionConfig) -> Mapping[str, frozenset[str]]:
        return {
            f"cases.{index}.{path}": names
            for index, case in enumerate(config.cases)
            for path, names in case.names.items()
        }

    def check(self, config: DecisionConfig, moment: Moment | None) -> list[tuple[str, StrOrPromise]]:
        problems: list[tuple[str, StrOrPromise]] = []
        for index, case in enumerate(config.cases):
            if not case.when and not case.rows:
                problems.append((f"cases.{index}", _("This case needs a condition.")))
            elif case.when and case.rows:
                problems.append((f"cases.{index}.when", _("Give either an expression or rows, not both.")))
        return problems

    async def run(self, config: DecisionConfig, context: NodeContext) -> NodeResult:
        context.input = values_of(config.read, context.scope)
        for output, condition in config.compiled:
            if condition.holds(context.scope, context.warnings):
                return NodeResult(output)
        return NodeResult(ELSE)
