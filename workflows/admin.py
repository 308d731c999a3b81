"""Workflows: a graph as readable JSON until there is an editor for it, its errors by step and field."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
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
        ),
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
    fields = ("name", "description", "graph", "used_by")
    readonly_fields = ("used_by",)
    list_display = ("name", "description", "uses", "updated_at")
    search_fields = ("name", "description")
    change_form_outer_before_template = "triptyque/workflow_errors.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Workflow]:
        workflows: QuerySet[Workflow] = super().get_queryset(request)
        return workflows.annotate(use_count=Count("actions"))

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[str]:
        return self.fields if obj else ("name", "description", "graph")

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
        only_at = {"parameters": Moment.DURING, "default_parameters": Moment.BEFORE}
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
