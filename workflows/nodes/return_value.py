"""Node ``return``: ends the workflow and gives its values back."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Annotated

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from pydantic import AfterValidator, Field, StringConstraints

from actions.contract import JSON, ActionError, Moment
from actions.expressions.templates import CompiledJSON, compile_json
from actions.storable import storable_text
from workflows.agent_configuration import check_configuration, configuration_problems
from workflows.fields import ObjectTemplate, ParameterName, TemplateJSON, TemplateText
from workflows.http.text import as_text
from workflows.nodes.base import FieldForm, NodeConfig, NodeContext, NodeKind, NodeResult, ReturnValue
from workflows.nodes.registry import register

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


LONGEST_ID = 200

SystemName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=63)]


class ReturnConfig(NodeConfig):
    """``fail_over``, if not empty, is the reason why the agent must not take this call. ``external_ids``: what other
    systems call the call, by name of the system.
    """

    parameters: Annotated[dict[ParameterName, TemplateJSON], Field(max_length=200)] = Field(default_factory=dict)
    result: TemplateJSON = None
    agent_configuration: Annotated[ObjectTemplate, AfterValidator(check_configuration)] = None
    fail_over: TemplateText = Field(default="", max_length=1000)
    external_ids: Annotated[dict[SystemName, TemplateJSON], Field(max_length=20)] = Field(default_factory=dict)

    @cached_property
    def compiled(self) -> dict[str, CompiledJSON]:
        """By the path of the field that the value comes from."""
        fields = {f"parameters.{name}": value for name, value in self.parameters.items()}
        fields |= {"result": self.result, "agent_configuration": self.agent_configuration}
        fields |= {"fail_over": self.fail_over}
        fields |= {f"external_ids.{name}": value for name, value in self.external_ids.items()}
        return {path: compile_json(value) for path, value in fields.items()}


@register
class ReturnNode(NodeKind[ReturnConfig]):
    name = "return"
    label = _("Return")
    summary = _("Ends the workflow and gives parameters back to the call.")
    icon = "keyboard_return"
    Config = ReturnConfig
    fields = (
        FieldForm("parameters", _("Parameters"), "key-value", _("Merged into the parameters of the call.")),
        FieldForm(
            "result",
            _("Result"),
            "json-template",
            _("During the call: what the agent is told. Empty: it is told the parameters."),
            moments=frozenset({Moment.DURING}),
        ),
        FieldForm(
            "agent_configuration",
            _("Agent configuration"),
            "json-template",
            _("Before the call only: the parts of the agent's configuration that this call replaces."),
            moments=frozenset({Moment.BEFORE}),
        ),
        FieldForm(
            "fail_over",
            _("Fail-over"),
            "template",
            _("Before the call only: the reason why the agent does not take this call. Empty: it does."),
            moments=frozenset({Moment.BEFORE}),
        ),
        FieldForm(
            "external_ids",
            _("External ids"),
            "key-value",
            _("After the call only: what other systems call it, for example ticket. Calls are found by them."),
            moments=frozenset({Moment.AFTER}),
        ),
    )

    def outputs(self, config: ReturnConfig) -> tuple[str, ...]:
        return ()

    def parameters(self, config: ReturnConfig) -> tuple[str, ...]:
        return tuple(config.parameters)

    def names(self, config: ReturnConfig) -> Mapping[str, frozenset[str]]:
        return {path: value.names for path, value in config.compiled.items()}

    def check(self, config: ReturnConfig, moment: Moment | None) -> list[tuple[str, StrOrPromise]]:
        if config.agent_configuration is not None and moment not in (None, Moment.BEFORE):
            return [("agent_configuration", _("The agent's configuration can be changed before the call only."))]
        if config.fail_over and moment not in (None, Moment.BEFORE):
            return [("fail_over", _("A fail-over is possible before the call only."))]
        if config.external_ids and moment not in (None, Moment.AFTER):
            return [("external_ids", _("External ids can be given after the call only."))]
        return []

    async def run(self, config: ReturnConfig, context: NodeContext) -> NodeResult:
        values = {path: value.value(context.scope, context.warnings) for path, value in config.compiled.items()}
        agent_configuration = values["agent_configuration"]
        if agent_configuration is not None and not isinstance(agent_configuration, dict):
            message = gettext("The agent configuration to return is not a JSON object.")
            raise ActionError(message, code="invalid_configuration", permanent=True)
        for problem in configuration_problems(agent_configuration or {}):
            raise ActionError(problem, code="invalid_configuration", permanent=True)
        returned = ReturnValue(
            parameters={name: values[f"parameters.{name}"] for name in config.parameters},
            result=values["result"],
            agent_configuration=agent_configuration,
            fail_over=_reason(values["fail_over"]) if config.fail_over else "",
            external_ids=_ids({name: values[f"external_ids.{name}"] for name in config.external_ids}),
        )
        return NodeResult(returned=returned, data=_shown(returned))


def _reason(value: JSON) -> str:
    """Empty where the template comes out empty: then the call is taken, so a template may decide."""
    return as_text(value).strip()[:500]


def _ids(values: Mapping[str, JSON]) -> dict[str, str]:
    """Texts; what comes out empty is no id."""
    texts = {name: storable_text(as_text(value)).strip()[:LONGEST_ID] for name, value in values.items()}
    return {name: text for name, text in texts.items() if text and values[name] is not None}


def _shown(returned: ReturnValue) -> dict[str, JSON]:
    shown: dict[str, JSON] = {"parameters": returned.parameters}
    if returned.result is not None:
        shown["result"] = returned.result
    if returned.agent_configuration is not None:
        shown["agent_configuration"] = returned.agent_configuration
    if returned.fail_over:
        shown["fail_over"] = returned.fail_over
    if returned.external_ids:
        shown["external_ids"] = dict(returned.external_ids)
    return shown
