"""The lists of actions by moment, and the page on which the kind of a new one is chosen."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.contrib.filters.admin import DropdownFilter, RelatedDropdownFilter
from unfold.decorators import display

from accounts.admin_base import AccountAdmin, breadcrumbs, with_icon
from actions.admin.actions import once_only_message, only_one
from actions.admin.moments import FACES, add_url, change_url, choose_url, list_url
from actions.conditions import conditions_of
from actions.contract import Kind, Moment
from actions.models import Action, Agent
from actions.registry import kinds


class KindFilter(DropdownFilter):
    title = gettext_lazy("kind of action")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        moment = getattr(request, "moment", None)
        offered = kinds.for_moment(moment) if moment else kinds
        return [(kind.name, kind.label) for kind in offered]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Action]) -> QuerySet[Action]:
        return queryset.filter(kind=self.value()) if self.value() else queryset


@admin.register(Action)
class ActionAdmin(AccountAdmin):
    """Lists only: an action is edited on the page of its kind (``actions.admin.actions``)."""

    list_display = ("what", "kind_label", "agent_name", "enabled", "position", "updated_at")
    list_display_links = None
    list_editable = ("enabled", "position")
    list_filter = (("agent", RelatedDropdownFilter), KindFilter)
    list_select_related = ("agent",)
    search_fields = ("name", "description")
    search_help_text = gettext_lazy("Search by name or description")
    ordering = ("agent__name", "position", "pk")
    actions = ("enable", "disable", "delete_selected")

    @display(description=gettext_lazy("action"), ordering="name")
    def what(self, action: Action) -> SafeString:
        return format_html('<a href="{}" class="tq-strong">{}</a>', change_url(action), action.name)

    @display(description=gettext_lazy("kind"), ordering="kind")
    def kind_label(self, action: Action) -> SafeString:
        kind = kinds.get(action.kind)
        return with_icon(kind.icon, kind.label)

    @display(description=gettext_lazy("condition"))
    def condition(self, action: Action) -> str:
        return conditions_of(action).in_words()

    @display(description=gettext_lazy("agent"), ordering="agent__name")
    def agent_name(self, action: Action) -> str:
        return action.agent.name

    @admin.action(description=gettext_lazy("Enable"), permissions=["change"])
    def enable(self, request: HttpRequest, queryset: QuerySet[Action]) -> None:
        self._switch(request, queryset, enabled=True)

    @admin.action(description=gettext_lazy("Disable"), permissions=["change"])
    def disable(self, request: HttpRequest, queryset: QuerySet[Action]) -> None:
        self._switch(request, queryset, enabled=False)

    def _switch(self, request: HttpRequest, queryset: QuerySet[Action], *, enabled: bool) -> None:
        changed = [action for action in queryset if action.enabled != enabled]
        for action in changed:
            action.enabled = enabled
            action.save(update_fields=["enabled", "updated_at"])
            self.log_change(request, action, [{"changed": {"fields": ["enabled"]}}])
        text = ngettext("%(count)d action changed.", "%(count)d actions changed.", len(changed))
        messages.success(request, text % {"count": len(changed)})

    # --- pages ------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        def page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
            return self.admin_site.admin_view(view)

        by_moment = [
            path(
                f"{moment}/",
                page(functools.partial(self.moment_view, moment=moment)),
                name=f"actions_action_{moment}",
            )
            for moment in Moment
        ]
        return [*by_moment, path("choose/", page(self.choose_view), name="actions_action_choose"), *super().get_urls()]

    def moment_view(self, request: HttpRequest, moment: Moment) -> HttpResponse:
        request.moment = moment  # type: ignore[attr-defined]
        breadcrumbs(request, ("", moment.label))
        context = {"title": moment.label, "moment": moment, "face": FACES[moment], "choose_url": choose_url(moment)}
        return super().changelist_view(request, context)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """There is no list of everything: an order of actions means something inside a moment only."""
        return HttpResponseRedirect(list_url(Moment.BEFORE))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Action]:
        actions: QuerySet[Action] = super().get_queryset(request)
        moment = getattr(request, "moment", None)
        if moment == Moment.AFTER:
            actions = actions.prefetch_related("labels__classifier")
        return actions.filter(moment=moment) if moment else actions

    def get_list_display(self, request: HttpRequest) -> list[str]:
        shown = list(super().get_list_display(request))
        if getattr(request, "moment", None) == Moment.AFTER:
            shown.insert(shown.index("agent_name"), "condition")
        return shown

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return HttpResponseRedirect(choose_url(Moment.BEFORE))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return HttpResponseRedirect(change_url(self.row_or_404(request, object_id)))

    # --- choosing a kind --------------------------------------------------------------------------

    def choose_view(self, request: HttpRequest) -> HttpResponse:
        """Moment given, agent and kind to choose; once all three are known, the kind's own form follows."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        asked = request.GET.get("moment", Moment.BEFORE)
        if asked not in Moment:
            raise Http404
        moment = Moment(asked)
        request.moment = moment  # type: ignore[attr-defined]
        agents = list(Agent.objects.all())
        agent = _chosen_agent(request, agents)
        kind = _chosen_kind(request, moment)
        if agent is not None and kind is not None:
            return self._to_form(request, kind, moment, agent)
        breadcrumbs(request, (list_url(moment), moment.label), ("", _("Add an action")))
        return self.page(
            request,
            "triptyque/choose_kind.html",
            title=_("Add an action"),
            moment=moment,
            moments=[{"value": each.value, "label": each.label, "icon": FACES[each].icon} for each in Moment],
            face=FACES[moment],
            agents=agents,
            agent=agent or (agents[0] if len(agents) == 1 else None),
            kinds=sorted(kinds.for_moment(moment), key=_substance, reverse=True),
        )

    @staticmethod
    def _to_form(request: HttpRequest, kind: Kind[Any], moment: Moment, agent: Agent) -> HttpResponse:
        if existing := only_one(kind, agent):
            messages.warning(request, once_only_message(kind))
            return HttpResponseRedirect(change_url(existing))
        return HttpResponseRedirect(add_url(kind, moment, agent.pk))


def _substance(kind: Kind[Any]) -> int:
    """How much there is to set: the kinds that do most come first."""
    return len(kind.fields) + len(kind.nested)


def _chosen_agent(request: HttpRequest, agents: list[Agent]) -> Agent | None:
    return next((agent for agent in agents if str(agent.pk) == request.GET.get("agent")), None)


def _chosen_kind(request: HttpRequest, moment: Moment) -> Kind[Any] | None:
    return next((kind for kind in kinds.for_moment(moment) if kind.name == request.GET.get("kind")), None)
