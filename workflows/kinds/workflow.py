"""Kind ``workflow``: runs a workflow before, during or after the call."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_scopes import ScopedManager
from pydantic import Field, model_validator

from actions.before_call import BeforeCall
from actions.contract import BEFORE_LIMIT_S, JSON, CallContext, FreezeError, Kind, Moment, Outcome, Params
from actions.messages import MESSAGE_FIELDS, MessageBefore, SpeaksBefore
from actions.models import Action
from actions.registry import register
from outbound import credentials
from workflows.callers import parameters_of
from workflows.engine import execute
from workflows.graph import CompiledGraph, compile_graph
from workflows.graph.packed import Packed, PackedGraph
from workflows.kinds.arguments import (
    Argument,
    property_names,
    read_arguments,
    schema_of,
    validate_arguments,
    validate_parameters,
    validate_schema,
)
from workflows.library import Draft, check_draft, release_graph, used_names
from workflows.nodes.base import Rehearsal
from workflows.rehearsing import play

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

LONGEST_S = int(BEFORE_LIMIT_S)


class WorkflowAction(BeforeCall, SpeaksBefore, Action):
    """Which workflow runs, for how long at most, and what it is given."""

    KIND = "workflow"

    workflow = models.ForeignKey(
        "workflows.Workflow", models.RESTRICT, verbose_name=gettext_lazy("workflow"), related_name="actions"
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
            "number, boolean, list, enum with values) and required."
        ),
    )
    raw_schema = models.JSONField(
        gettext_lazy("JSON Schema of the arguments"),
        default=dict,
        blank=True,
        validators=[validate_schema],
        help_text=gettext_lazy("During the call, for those who need more: draft 2020-12, in place of the arguments."),
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
    """``graph`` is the workflow's own as it was when the release was published, ``workflows`` are the graphs
    of those that it runs, by name.
    """

    graph: PackedGraph
    workflows: dict[str, PackedGraph] = Field(default_factory=dict)
    timeout_s: int = Field(default=5, ge=1, le=LONGEST_S)
    arguments: tuple[Argument, ...] = ()
    raw_schema: dict[str, Any] = Field(default_factory=dict)
    message_before: MessageBefore | None = None
    default_parameters: dict[str, Any] = Field(default_factory=dict)

    @cached_property
    def compiled(self) -> CompiledGraph:
        return compile_graph(self.graph.graph(), {name: packed.graph() for name, packed in self.workflows.items()})

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
    fields = (
        *("workflow", "timeout_s", "parameters", "raw_schema"),
        *(*MESSAGE_FIELDS, "default_parameters"),
    )
    admin_class = "workflows.admin.WorkflowActionAdmin"
    rehearses = True

    def freeze(self, action: WorkflowAction) -> WorkflowParams:
        during = action.moment == Moment.DURING
        errors = _field_errors(action) | (action.message_errors() if during else {})
        arguments = read_arguments(action.parameters) if during and "parameters" not in errors else ()
        raw_schema = action.raw_schema or {} if during and "raw_schema" not in errors else {}
        graphs: dict[str, dict[str, Any]] = {}
        if not action.in_account:
            errors["workflow"] = [_("This workflow does not exist.")]
        elif not errors.keys() & {"parameters", "raw_schema"}:
            draft = _checked(action, [argument.name for argument in arguments] + property_names(raw_schema))
            graphs = draft.graphs
            if draft.errors:
                errors["workflow"] = [*action.workflow.sentences(draft.errors)]
        if errors:
            raise FreezeError(errors)
        return WorkflowParams(
            graph=Packed(release_graph(action.workflow.graph)),
            workflows={name: Packed(graph) for name, graph in graphs.items()},
            timeout_s=action.timeout_s,
            arguments=arguments,
            raw_schema=raw_schema,
            message_before=action.message_before() if during else None,
            default_parameters=action.default_parameters,
        )

    def missing(self, params: WorkflowParams, account_id: int) -> list[str]:
        known = credentials.names(account_id)
        needed = {
            name
            for packed in (params.graph, *params.workflows.values())
            for name in used_names(packed.graph())["auth_profiles"]
        }
        return [
            _("There are no credentials called “%(name)s”.") % {"name": name}
            for name in sorted(needed.difference(known))
        ]

    def draft(self, action: WorkflowAction, changes: JSON = None) -> WorkflowParams:
        """``changes``: the graph as it is being drawn, in place of the saved one; None: the saved one."""
        if changes is not None:
            action.workflow.graph = changes
        return self.freeze(action)

    def arguments_schema(self, params: WorkflowParams, language: str) -> dict[str, JSON]:
        return params.raw_schema or schema_of(params.arguments)

    def message_before(self, params: WorkflowParams, language: str) -> MessageBefore | None:
        return params.message_before

    async def run(self, params: WorkflowParams, context: CallContext, arguments: Mapping[str, JSON]) -> Outcome:
        result = await execute(params.compiled, context, _given(params, context, arguments))
        returned = result.returned
        if context.moment == Moment.DURING:
            return Outcome(result=result.told, variables=returned.parameters, directives=result.directives)
        return Outcome(
            variables=returned.parameters,
            agent_configuration=returned.agent_configuration,
            fail_over=returned.fail_over,
            external_ids=returned.external_ids,
        )

    async def rehearse(
        self, params: WorkflowParams, context: CallContext, arguments: Mapping[str, JSON]
    ) -> dict[str, JSON]:
        return await play(params.compiled, context, _given(params, context, arguments), Rehearsal(live=True))

    def time_limit_s(self, params: WorkflowParams) -> float:
        return params.timeout_s

    def defaults_on_failure(self, params: WorkflowParams) -> Mapping[str, JSON]:
        return params.default_parameters


def _field_errors(action: WorkflowAction) -> dict[str, list[StrOrPromise]]:
    """Rows may have been saved without a form: what a release stores is checked again."""
    checked = {"timeout_s", "parameters", "raw_schema", *MESSAGE_FIELDS, "default_parameters"}
    try:
        action.clean_fields(exclude={field.name for field in action._meta.fields} - checked)
    except ValidationError as error:
        return {name: [*texts] for name, texts in error.message_dict.items()}
    return {}


def _given(params: WorkflowParams, context: CallContext, arguments: Mapping[str, JSON]) -> dict[str, JSON]:
    """The variables to begin with; an argument left out is what the call knows by that name, otherwise null."""
    names = property_names(params.raw_schema) or [argument.name for argument in params.arguments]
    return {name: arguments.get(name, context.scope.get(name)) for name in names}


def _checked(action: WorkflowAction, arguments: Iterable[str]) -> Draft:
    """The workflow at the action's moment, with the names that a run may begin with."""
    workflow = action.workflow
    return check_draft(
        workflow.graph,
        account_id=workflow.account_id,
        name=workflow.name,
        moment=action.moment,
        flat_names={*arguments, *parameters_of(action.agent)},
    )
