"""Node ``set_variable``: sets variables, in order; each value may read those set before it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from django.utils.translation import gettext_lazy as _
from pydantic import BaseModel, ConfigDict, Field

from actions.contract import JSON
from actions.expressions.templates import CompiledJSON, compile_json
from workflows.fields import TemplateJSON, VariableName, root
from workflows.nodes.base import FieldForm, NodeConfig, NodeContext, NodeKind, NodeResult
from workflows.nodes.registry import register


class Assignment(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    variable: VariableName
    value: TemplateJSON = None


class SetVariableConfig(NodeConfig):
    variables: tuple[Assignment, ...] = Field(min_length=1, max_length=100)

    @cached_property
    def compiled(self) -> tuple[tuple[str, CompiledJSON], ...]:
        return tuple((assignment.variable, compile_json(assignment.value)) for assignment in self.variables)


@register
class SetVariableNode(NodeKind[SetVariableConfig]):
    name = "set_variable"
    label = _("Set variables")
    summary = _("Gives variables a value: fixed, or made from other variables.")
    icon = "edit_note"
    Config = SetVariableConfig
    default_config = {"variables": [{"variable": "name", "value": ""}]}
    fields = (
        FieldForm(
            "variables",
            _("Variables"),
            "variable-rows",
            _("Set in this order; a value may use those set above it."),
            required=True,
        ),
    )

    def variables(self, config: SetVariableConfig) -> tuple[str, ...]:
        return tuple(dict.fromkeys(assignment.variable for assignment in config.variables))

    def names(self, config: SetVariableConfig) -> Mapping[str, frozenset[str]]:
        names: dict[str, frozenset[str]] = {}
        earlier: set[str] = set()
        for index, (variable, value) in enumerate(config.compiled):
            names[f"variables.{index}.value"] = frozenset(name for name in value.names if root(name) not in earlier)
            earlier.add(variable)
        return names

    async def run(self, config: SetVariableConfig, context: NodeContext) -> NodeResult:
        scope, variables = dict(context.scope), dict[str, JSON]()
        for variable, value in config.compiled:
            scope[variable] = variables[variable] = value.value(scope, context.warnings)
        return NodeResult(variables=variables, data=variables)
