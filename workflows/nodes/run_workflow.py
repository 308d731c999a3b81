"""Node ``run_workflow``: runs another workflow as one step, frozen with the release like this one."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Annotated

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from pydantic import Field

from actions.contract import JSON
from actions.expressions.templates import CompiledJSON, compile_json
from workflows.fields import ParameterName, TemplateJSON
from workflows.http.mapping import TYPE_OPTIONS, Mapped, read_all
from workflows.nodes.base import (
    ERROR,
    NEXT,
    FieldForm,
    NestedUse,
    NodeConfig,
    NodeContext,
    NodeKind,
    NodeResult,
    ReturnValue,
)
from workflows.nodes.registry import register

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class RunWorkflowConfig(NodeConfig):
    """``parameters`` go in, ``mapping`` takes out of what the workflow returns."""

    workflow: str = Field(min_length=1, max_length=100)
    parameters: Annotated[dict[ParameterName, TemplateJSON], Field(max_length=100)] = Field(default_factory=dict)
    mapping: tuple[Mapped, ...] = Field(default=(), max_length=100)

    @cached_property
    def compiled(self) -> dict[str, CompiledJSON]:
        return {name: compile_json(value) for name, value in self.parameters.items()}


def _workflows(account_id: int) -> list[tuple[str, StrOrPromise]]:
    from workflows.models import Workflow

    return [(name, name) for name in Workflow.objects.filter(account_id=account_id).values_list("name", flat=True)]


@register
class RunWorkflowNode(NodeKind[RunWorkflowConfig]):
    name = "run_workflow"
    label = _("Run a workflow")
    summary = _("Runs another workflow and keeps parts of what it returns in variables.")
    icon = "account_tree"
    Config = RunWorkflowConfig
    waits = True
    fields = (
        FieldForm("workflow", _("Workflow"), "workflow-select", options_for=_workflows, required=True),
        FieldForm(
            "parameters",
            _("Parameters"),
            "key-value",
            _("What the workflow begins with, besides the call's own names."),
        ),
        FieldForm(
            "mapping",
            _("Result mapping"),
            "mapping-rows",
            _("From a path in what the workflow returns to a variable."),
            options=TYPE_OPTIONS,
        ),
    )

    def outputs(self, config: RunWorkflowConfig) -> tuple[str, ...]:
        return (NEXT, ERROR)

    def variables(self, config: RunWorkflowConfig) -> tuple[str, ...]:
        return tuple(dict.fromkeys(mapped.variable for mapped in config.mapping))

    def names(self, config: RunWorkflowConfig) -> Mapping[str, frozenset[str]]:
        return {f"parameters.{name}": value.names for name, value in config.compiled.items()}

    def nested(self, config: RunWorkflowConfig) -> NestedUse:
        return NestedUse(config.workflow, tuple(config.parameters))

    async def run(self, config: RunWorkflowConfig, context: NodeContext) -> NodeResult:
        given = {name: value.value(context.scope, context.warnings) for name, value in config.compiled.items()}
        context.input = {"workflow": config.workflow, "parameters": given}
        assert context.run_nested is not None, "the engine has compiled the workflow with this one"
        result = await context.run_nested(given)
        returned = result.returned
        if returned.agent_configuration is not None:
            context.warnings.append(
                gettext("The agent configuration that “%(name)s” returns counts only where it runs by itself.")
                % {"name": config.workflow}
            )
        variables = read_all(config.mapping, result.told, context.warnings)
        data: dict[str, JSON] = {"returned": result.told, "variables": variables}
        return NodeResult(
            variables=variables,
            data=data,
            directives=result.directives,
            returned=ReturnValue(fail_over=returned.fail_over) if returned.fail_over else None,
        )

    def replay(self, config: RunWorkflowConfig, context: NodeContext, data: JSON) -> NodeResult:
        told = data["returned"] if isinstance(data, Mapping) and "returned" in data else data
        variables = read_all(config.mapping, told, context.warnings)
        return NodeResult(variables=variables, data={"returned": told, "variables": variables})
