"""Kind ``workflow``: runs a workflow before, during or after the call."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_scopes import ScopedManager
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator
from pydantic import ValidationError as InvalidError

from actions.contract import BEFORE_LIMIT_S, JSON, CallContext, FreezeError, Kind, Moment, Outcome, Params
from actions.models import Action
from actions.registry import register
from workflows.engine import execute
from workflows.fields import ParameterName, VariableName
from workflows.graph import CompiledGraph, compile_graph, returned_parameters
from workflows.graph.messages import sentences

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

LONGEST_S = int(BEFORE_LIMIT_S)


class Argument(BaseModel):
    """An argument that the model gives when it calls the workflow as a tool; a variable of that name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: VariableName
    description: str = Field(default="", max_length=1000)
    type: Literal["string", "integer", "number", "boolean"] = "string"
    required: bool = False


_ARGUMENTS: TypeAdapter[tuple[Argument, ...]] = TypeAdapter(tuple[Argument, ...])
_PARAMETERS: TypeAdapter[dict[str, JSON]] = TypeAdapter(dict[ParameterName, Any])


def read_arguments(value: JSON) -> tuple[Argument, ...]:
    """Raises Django's ValidationError with every mistake."""
    arguments: tuple[Argument, ...] = _read(_ARGUMENTS, value)
    names = [argument.name for argument in arguments]
    if doubled := {name for name in names if names.count(name) > 1}:
        raise ValidationError(_("Declared twice: %(names)s.") % {"names": ", ".join(sorted(doubled))})
    return arguments


def read_parameters(value: JSON) -> dict[str, JSON]:
    """Raises Django's ValidationError with every mistake."""
    parameters: dict[str, JSON] = _read(_PARAMETERS, value)
    return parameters


def _read(adapter: TypeAdapter[Any], value: JSON) -> Any:
    try:
        return adapter.validate_python(value)
    except InvalidError as error:
        texts = [": ".join(filter(None, [".".join(map(str, path)), text])) for path, text in sentences(error)]
        raise ValidationError(texts) from error


def validate_arguments(value: JSON) -> None:
    read_arguments(value)


def validate_parameters(value: JSON) -> None:
    read_parameters(value)


class WorkflowAction(Action):
    """Which workflow runs, for how long at most, and what it is given."""

    KIND = "workflow"

    workflow = models.ForeignKey(
        "workflows.Workflow", models.PROTECT, verbose_name=gettext_lazy("workflow"), related_name="actions"
    )
    timeout_s = models.PositiveSmallIntegerField(
        gettext_lazy("time limit (s)"),
        default=5,
        validators=[MinValueValidator(1), MaxValueValidator(LONGEST_S)],
        help_text=gettext_lazy("In seconds, from 1 to 30. Before the call the caller hears ringing meanwhile."),
    )
    parameters = models.JSONField(
        gettext_lazy("arguments"),
        default=list,
        blank=True,
        validators=[validate_arguments],
        help_text=gettext_lazy(
            "During the call: what the agent has to give, as a list of name, description, type (string, integer, "
            "number, boolean) and required."
        ),
    )
    default_parameters = models.JSONField(
        gettext_lazy("default parameters"),
        default=dict,
        blank=True,
        validators=[validate_parameters],
        help_text=gettext_lazy("Before the call: given to the call when the workflow fails or is too slow."),
    )

    objects: ClassVar[models.Manager[WorkflowAction]] = ScopedManager(account="agent__account")

    class Meta:
        verbose_name = gettext_lazy("workflow action")
        verbose_name_plural = gettext_lazy("workflow actions")

    def clean(self) -> None:
        super().clean()
        if not self.in_account:
            raise ValidationError({"workflow": _("This workflow does not exist.")})

    @property
    def in_account(self) -> bool:
        """Whether the workflow, if there is one yet, belongs to the agent's account."""
        return not self.workflow_id or self.workflow.account_id == self.agent.account_id


class WorkflowParams(Params):
    """``graph`` is the workflow's own as it was when the release was published."""

    graph: dict[str, Any]
    timeout_s: int = Field(default=5, ge=1, le=LONGEST_S)
    arguments: tuple[Argument, ...] = ()
    default_parameters: dict[str, Any] = Field(default_factory=dict)

    @cached_property
    def compiled(self) -> CompiledGraph:
        return compile_graph(self.graph)

    @model_validator(mode="after")
    def _compile_now(self) -> WorkflowParams:
        """When a plan is loaded, not when somebody is on the phone."""
        _ready = self.compiled
        return self


@register
class WorkflowKind(Kind[WorkflowParams]):
    name = "workflow"
    label = gettext_lazy("Workflow")
    summary = gettext_lazy("Runs steps that you draw: requests to other systems, decisions, variables.")
    icon = "account_tree"
    moments = frozenset(Moment)
    Params = WorkflowParams
    model = WorkflowAction
    fields = ("workflow", "timeout_s", "parameters", "default_parameters")
    admin_class = "workflows.admin.WorkflowActionAdmin"

    def freeze(self, action: WorkflowAction) -> WorkflowParams:
        errors = _field_errors(action)
        during = action.moment == Moment.DURING
        arguments = read_arguments(action.parameters) if during and "parameters" not in errors else ()
        if not action.in_account:
            errors["workflow"] = [_("This workflow does not exist.")]
        elif "parameters" not in errors and (
            problems := action.workflow.check_for(action.moment, _flat_names(action, arguments))
        ):
            errors["workflow"] = [*action.workflow.sentences(problems)]
        if errors:
            raise FreezeError(errors)
        return WorkflowParams(
            graph=deepcopy(action.workflow.graph),
            timeout_s=action.timeout_s,
            arguments=arguments,
            default_parameters=action.default_parameters,
        )

    def arguments_schema(self, params: WorkflowParams, language: str) -> dict[str, JSON]:
        return {
            "type": "object",
            "properties": {argument.name: _property(argument) for argument in params.arguments},
            "required": [argument.name for argument in params.arguments if argument.required],
            "additionalProperties": False,
        }

    async def run(self, params: WorkflowParams, context: CallContext, arguments: Mapping[str, JSON]) -> Outcome:
        # An argument that the model left out is what the call knows by that name, otherwise null.
        names = [argument.name for argument in params.arguments]
        given = {name: arguments.get(name, context.scope.get(name)) for name in names}
        result = await execute(params.compiled, context, given)
        if context.moment == Moment.DURING:
            told = result.parameters if result.result is None else result.result
            return Outcome(result=told, variables=result.parameters)
        return Outcome(variables=result.parameters, agent_configuration=result.agent_configuration)

    def time_limit_s(self, params: WorkflowParams) -> float:
        return params.timeout_s

    def defaults_on_failure(self, params: WorkflowParams) -> Mapping[str, JSON]:
        return params.default_parameters


def _field_errors(action: WorkflowAction) -> dict[str, list[StrOrPromise]]:
    """Rows may have been saved without a form: what a release stores is checked again."""
    checked = {"timeout_s", "parameters", "default_parameters"}
    try:
        action.clean_fields(exclude={field.name for field in action._meta.fields} - checked)
    except ValidationError as error:
        return {name: [*texts] for name, texts in error.message_dict.items()}
    return {}


def _flat_names(action: WorkflowAction, arguments: Iterable[Argument]) -> set[str]:
    """The flat names that a run may begin with: its arguments, and what any workflow of the agent returns."""
    names = {argument.name for argument in arguments}
    for other in WorkflowAction.objects.filter(agent=action.agent, enabled=True).select_related("workflow"):
        names |= returned_parameters(other.workflow.graph)
        if isinstance(other.default_parameters, dict):
            names |= other.default_parameters.keys()
    return names


def _property(argument: Argument) -> dict[str, JSON]:
    described = {"description": argument.description} if argument.description else {}
    return {"type": argument.type, **described}
