"""Classifications of an agent: what is asked of each finished call, and the possible answers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import ManyToManyRel, QuerySet
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import RelatedDropdownFilter
from unfold.decorators import display
from unfold.forms import PaginationInlineFormSet

from accounts.admin_base import AccountAdmin, PartInline, badge, breadcrumbs
from actions.models import Agent, Classifier, Label


def labels_in_use(labels: Iterable[Label]) -> list[str]:
    """Names of the labels that actions are conditioned by: without them, those actions would run always."""
    rows = list(labels)
    used: set[int] = set()
    for relation in Label._meta.get_fields(include_hidden=True):
        if isinstance(relation, ManyToManyRel):
            column = relation.field.m2m_reverse_field_name()
            through = relation.through._base_manager.filter(**{f"{column}__in": rows})  # type: ignore[union-attr]
            used |= set(through.values_list(column, flat=True))
    return [label.name for label in rows if label.pk in used]


class LabelFormSet(PaginationInlineFormSet, BaseInlineFormSet):
    def clean(self) -> None:
        super().clean()
        going = [form.instance for form in self.deleted_forms if form.instance.pk]
        if names := labels_in_use(going):
            raise forms.ValidationError(
                _("Actions are conditioned by these labels, take them out there first: %(names)s.")
                % {"names": ", ".join(names)}
            )
        staying = [form for form in self.forms if form not in self.deleted_forms and hasattr(form, "cleaned_data")]
        if sum(bool(form.cleaned_data.get("is_default")) for form in staying) > 1:
            raise forms.ValidationError(_("Only one label can be the one of calls that get no other."))


class LabelInline(PartInline):
    model = Label
    formset = LabelFormSet
    fields = ("name", "description", "rule", "is_default", "position")
    ordering_field = "position"
    hide_ordering_field = True
    extra = 1


@admin.register(Classifier)
class ClassifierAdmin(AccountAdmin):
    fields = ("name", "description", "is_main")
    inlines = (LabelInline,)
    list_display = ("name", "agent", "is_main", "label_names")
    list_filter = (("agent", RelatedDropdownFilter),)
    list_select_related = ("agent",)
    search_fields = ("name", "labels__name")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Classifier]:
        classifiers: QuerySet[Classifier] = super().get_queryset(request)
        return classifiers.prefetch_related("labels")

    @display(description=gettext_lazy("labels"))
    def label_names(self, classifier: Classifier) -> SafeString:
        badges = format_html_join(" ", "{}", ((badge("default", label.name),) for label in classifier.labels.all()))
        return format_html('<span class="tq-badges">{}</span>', badges)

    def preset(self, request: HttpRequest, obj: Any) -> Mapping[str, Any]:
        return {"agent": obj.agent if obj else self._asked_agent(request)}

    def _asked_agent(self, request: HttpRequest) -> Agent | None:
        asked = request.GET.get("agent", "")
        if asked.isdecimal():
            return Agent.objects.filter(pk=asked).first()
        agents = list(Agent.objects.all()[:2])
        return agents[0] if len(agents) == 1 else None

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Begins on an agent's page: a classification is nothing without its agent."""
        agent = self._asked_agent(request)
        if agent is None:
            return HttpResponseRedirect(reverse("admin:actions_agent_changelist"))
        _show_agent(request, agent, _("Add a classification"))
        return super().add_view(request, form_url, extra_context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if classifier := self.get_object(request, object_id):
            _show_agent(request, classifier.agent, classifier.name)
        return super().change_view(request, object_id, form_url, extra_context)

    def get_deleted_objects(
        self, objs: QuerySet[Classifier] | Collection[Classifier], request: HttpRequest
    ) -> tuple[list[Any], dict[str, int], set[str], list[Any]]:
        deleted, counts, missing, protected = super().get_deleted_objects(objs, request)
        labels = Label.objects.filter(classifier__in=[classifier.pk for classifier in objs])
        in_use = [_("Label “%(name)s”, which conditions actions") % {"name": name} for name in labels_in_use(labels)]
        return deleted, counts, missing, [*protected, *in_use]

    def response_post_save_add(self, request: HttpRequest, obj: Any) -> HttpResponseRedirect:
        return HttpResponseRedirect(_agent_url(obj.agent))

    def response_post_save_change(self, request: HttpRequest, obj: Any) -> HttpResponseRedirect:
        return HttpResponseRedirect(_agent_url(obj.agent))


def _agent_url(agent: Agent) -> str:
    return reverse("admin:actions_agent_change", args=[agent.pk])


def _show_agent(request: HttpRequest, agent: Agent, title: str) -> None:
    breadcrumbs(
        request, (reverse("admin:actions_agent_changelist"), _("Agents")), (_agent_url(agent), agent.name), ("", title)
    )
