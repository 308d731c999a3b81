"""Workflows: the page of the editor, which falls back to JSON with its errors by step and field."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from accounts.admin_base import AccountAdmin
from accounts.admin_widgets import Column, RowsField
from actions.admin.actions import KindAdmin
from actions.admin.moments import change_url
from actions.contract import Moment
from actions.messages import MESSAGE_FIELDS
from workflows.editor import GraphWidget
from workflows.kinds.workflow import WorkflowAction
from workflows.library import run_by
from workflows.models import Workflow

ARGUMENT_COLUMNS = (
    Column("name", _("name"), placeholder="contract_number"),
    Column("description", _("description"), placeholder=_("what the agent has to give")),
    Column(
        "type",
        _("type"),
        choices=(
            ("string", _("Text")),
            ("integer", _("Whole number")),
            ("number", _("Number")),
            ("boolean", _("Yes or no")),
            ("list", _("List of texts")),
            ("enum", _("One of the values")),
        ),
    ),
    Column(
        "values",
        _("values"),
        placeholder=_("small, large"),
        read=lambda text: [value.strip() for value in text.split(",") if value.strip()],
        show=lambda values: ", ".join(map(str, values)) if isinstance(values, list) else "",
    ),
    Column(
        "required",
        _("required"),
        choices=(("no", _("Optional")), ("yes", _("Required"))),
        read=lambda text: text == "yes",
        show=lambda value: "yes" if value else "no",
    ),
)


@admin.register(Workflow)
class WorkflowAdmin(AccountAdmin):
    fields = (("name", "description"), "graph", "used_by")
    readonly_fields = ("used_by",)
    list_display = ("name", "description", "uses", "updated_at")
    search_fields = ("name", "description")
    change_form_outer_before_template = "triptyque/workflow_errors.html"

    def get_deleted_objects(
        self, objs: QuerySet[Any] | Collection[Any], request: HttpRequest
    ) -> tuple[list[Any], dict[str, int], set[str], list[Any]]:
        deleted, counts, missing, protected = super().get_deleted_objects(objs, request)
        kept = Workflow.objects.exclude(pk__in=[workflow.pk for workflow in objs]).values_list("name", "graph")
        uses = [f"{workflow}: {user}" for workflow in objs for user in run_by(workflow.name, kept)]
        return deleted, counts, missing, [*protected, *uses]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Workflow]:
        workflows: QuerySet[Workflow] = super().get_queryset(request)
        return workflows.annotate(use_count=Count("actions"))

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[str | Sequence[str]]:
        return self.fields if obj else self.fields[:-1]

    def get_urls(self) -> list[Any]:
        of_action = path(
            "of-action/<int:agent>/<str:moment>/<str:name>/",
            self.admin_site.admin_view(self.of_action),
            name="workflows_workflow_of_action",
        )
        return [of_action, *super().get_urls()]

    def of_action(self, request: HttpRequest, agent: int, moment: str, name: str) -> HttpResponse:
        """To the editor of the workflow that an action runs, with the query of this address (``run``)."""
        action = WorkflowAction.objects.filter(agent=agent, moment=moment, name=name).first()
        if action is None:
            raise Http404
        address = reverse("admin:workflows_workflow_change", args=[action.workflow_id])
        return HttpResponseRedirect(f"{address}?{request.GET.urlencode()}")

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        if "graph" in form.base_fields:
            widget = GraphWidget()
            widget.workflow = obj
            widget.drawn = "json" not in request.GET
            widget.run = request.GET.get("run", "")
            form.base_fields["graph"].widget = widget
            form.base_fields["graph"].help_text = ""
        return form

    def save_model(self, request: HttpRequest, obj: Workflow, form: Any, change: bool) -> None:
        obj.changed_by = request.user  # type: ignore[assignment]
        super().save_model(request, obj, form, change)

    @display(description=_("used by (actions)"), ordering="use_count")
    def uses(self, workflow: Any) -> int:
        return workflow.use_count  # type: ignore[no-any-return]

    @display(description=_("used by"))
    def used_by(self, workflow: Workflow) -> SafeString | str:
        actions = workflow.actions.select_related("agent").order_by("agent__name", "name")
        rows = [(change_url(row), row.agent.name, row.get_moment_display(), row.name) for row in actions]
        if not rows:
            return ""
        items = format_html_join("", '<li><a class="tq-strong" href="{}">{} › {} › {}</a></li>', rows)
        return format_html('<ul class="tq-list">{}</ul>', items)


class WorkflowActionAdmin(KindAdmin):
    """Arguments as rows; each setting only at the moment at which it means something."""

    def kind_fields(self, moment: Moment | None) -> Sequence[str]:
        only_at = dict.fromkeys(("parameters", "raw_schema", *MESSAGE_FIELDS), Moment.DURING)
        only_at["default_parameters"] = Moment.BEFORE
        return [name for name in self.kind.fields if only_at.get(name, moment) == moment]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "parameters":
            return RowsField(
                columns=ARGUMENT_COLUMNS,
                add_label=_("Add an argument"),
                label=capfirst(str(db_field.verbose_name)),
                help_text=_("What the agent has to ask for or know when it uses this action."),
            )
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "default_parameters":
            field.help_text = _(
                "What the call goes on with when the workflow fails or is too slow. For example: "
                '{"vip": false, "firstName": ""}'
            )
        return field
