"""Agents: what they are, their three panels of actions, and publishing."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.forms import PaginationInlineFormSet

from accounts.admin_base import AccountAdmin, PartInline, badge
from actions.admin import publishing
from actions.admin.drafts import draft_state
from actions.admin.moments import change_url, panels
from actions.admin.tools import tools_view
from actions.contract import Moment
from actions.models import Agent, AgentNumber, CollectedField


class NumberFormSet(PaginationInlineFormSet, BaseInlineFormSet):
    def clean(self) -> None:
        """The account's column, which makes a number unique, is not part of the form: repeats are seen here."""
        super().clean()
        numbers = [form.cleaned_data.get("number") for form in self.forms if form not in self.deleted_forms]
        if twice := {number for number in numbers if number and numbers.count(number) > 1}:
            raise forms.ValidationError(_("Written twice: %(numbers)s.") % {"numbers": ", ".join(sorted(twice))})


class NumberInline(PartInline):
    model = AgentNumber
    formset = NumberFormSet
    fields = ("number",)


class CollectedFieldInline(PartInline):
    model = CollectedField
    fields = ("name", "description", "type", "position")
    ordering_field = "position"
    hide_ordering_field = True
    verbose_name_plural = gettext_lazy("Information to collect from finished calls")


@admin.register(Agent)
class AgentAdmin(AccountAdmin):
    list_display = ("name", "published_version", "direction", "language", "number_list", "before", "during", "after")
    search_fields = ("name", "slug", "numbers__number")
    prepopulated_fields = {"slug": ("name",)}
    fieldsets = (
        (None, {"fields": ("name", "slug", "direction", "language", "time_zone", "opening_hours")}),
        (gettext_lazy("Analysis of finished calls"), {"fields": ("analysis_model", "analysis_wait_s")}),
    )
    inlines = (NumberInline, CollectedFieldInline)
    actions = None
    actions_detail = ("publish", "versions", "tools")
    change_form_template = "triptyque/agent_form.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Agent]:
        agents: QuerySet[Agent] = super().get_queryset(request)
        if request.resolver_match and request.resolver_match.url_name != "actions_agent_changelist":
            return agents.select_related("current_release__published_by")
        counts = {
            f"{moment}_count": Count("actions", filter=Q(actions__moment=moment, actions__enabled=True), distinct=True)
            for moment in Moment
        }
        return (
            agents.select_related("current_release")
            .defer("current_release__snapshot")
            .prefetch_related("numbers")
            .annotate(**counts)
        )

    @display(description=gettext_lazy("published version"))
    def published_version(self, agent: Agent) -> SafeString:
        release = agent.current_release
        if release is None:
            return badge("warning", _("Not published"))
        return badge("success", _("Version %(number)d") % {"number": release.number})

    @display(description=gettext_lazy("numbers answered"))
    def number_list(self, agent: Agent) -> str:
        return ", ".join(number.number for number in agent.numbers.all())

    @display(description=Moment.BEFORE.label)
    def before(self, agent: Any) -> int:
        return agent.before_count

    @display(description=Moment.DURING.label)
    def during(self, agent: Any) -> int:
        return agent.during_count

    @display(description=Moment.AFTER.label)
    def after(self, agent: Any) -> int:
        return agent.after_count

    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> dict[str, Any]:
        """Programs know an existing agent by its short name: a new name must not change it."""
        may_change = self.has_change_permission(request, obj)
        return {} if obj or not may_change else super().get_prepopulated_fields(request, obj)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        agent: Agent | None = self.get_object(request, object_id)
        context = dict(extra_context or {})
        if agent is not None:
            here = reverse("admin:actions_agent_change", args=[agent.pk])
            rows = list(agent.actions.order_by("position", "pk"))
            for row in rows:
                row.url = change_url(row, back=here)  # type: ignore[attr-defined]
            context |= {
                "title": agent.name,
                "subtitle": None,
                "draft": draft_state(agent),
                "panels": panels(agent, rows),
                "classifiers": agent.classifiers.prefetch_related("labels"),
                "may_edit": self.has_change_permission(request, agent),
            }
        return super().change_view(request, object_id, form_url, context)

    def has_publish_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_change_permission(request)

    @action(description=gettext_lazy("Publish"), permissions=["publish"], icon="publish", variant=ActionVariant.PRIMARY)
    def publish(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return publishing.publish_view(self, request, self.row_or_404(request, object_id))

    @action(description=gettext_lazy("Versions"), permissions=["view"], icon="history")
    def versions(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return publishing.versions_view(self.row_or_404(request, object_id))

    @action(description=gettext_lazy("Tools"), permissions=["view"], icon="build")
    def tools(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return tools_view(self, request, self.row_or_404(request, object_id))
