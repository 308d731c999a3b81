"""Destinations in the admin: a table on the transfer's page while they are few, a list of their own beyond."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import models
from django.db.models import Max, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.decorators import display
from unfold.paginator import InfinitePaginator

from accounts.admin_base import AccountAdmin, PartInline, breadcrumbs
from actions.admin.moments import change_url, list_url
from actions.contract import Moment
from actions.models import Agent
from transfers.action import TransferAction
from transfers.admin.destination_form import DestinationForm, DestinationFormSet, offered_agents
from transfers.choices import MOST_CHOICES
from transfers.directory import is_due, search_ids
from transfers.models import DestinationType, TransferDestination
from transfers.regions import region_of

MOST_FOUND = 200
LINKS: tuple[tuple[str, str, list[str]], ...] = (
    ("import_url", "new", []),
    ("imports_url", "changelist", []),
    ("export_csv_url", "export", ["csv"]),
    ("export_xlsx_url", "export", ["xlsx"]),
)


def list_page(action: TransferAction) -> str:
    """The address of the list of an action's destinations."""
    return f"{reverse('admin:transfers_transferdestination_changelist')}?action={action.pk}"


def is_many(action: TransferAction | None) -> bool:
    """Whether there are more than the action's own page shows. Does not count them."""
    return action is not None and action.destinations.order_by()[MOST_CHOICES : MOST_CHOICES + 1].exists()


def inlines_for(action: TransferAction | None) -> list[type[PartInline]]:
    """What the page of the action holds: the table, or nothing, because :func:`summary` leads to the list."""
    return [] if is_many(action) else [DestinationInline]


def summary(action: TransferAction, *, counted: bool = True) -> dict[str, Any]:
    """What ``triptyque/transfers/destinations.html`` says of the destinations, on the action's page and on the list."""
    enabled = action.destinations.filter(enabled=True).order_by()
    return {
        "total": action.destinations.order_by().count() if counted and is_many(action) else None,
        "is_live": enabled[MOST_CHOICES : MOST_CHOICES + 1].exists(),
        "is_due": is_due(action.pk),
        "most": MOST_CHOICES,
        "list_url": list_page(action),
        **{name: _of_import(page, args, action) for name, page, args in LINKS},
    }


def _of_import(page: str, args: list[str], action: TransferAction) -> str:
    return f"{reverse(f'admin:transfers_numberimport_{page}', args=args)}?action={action.pk}"


class DestinationInline(PartInline):
    """The destinations of an action, while they are few. Hours of one are set on its own page."""

    model = TransferDestination
    form = DestinationForm
    formset = DestinationFormSet
    fields = ("address", "description", "ring_time_s", "enabled", "position")
    ordering_field = "position"
    hide_ordering_field = True
    show_change_link = True

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        agent = obj.agent if obj is not None else _asked_agent(request)
        kwargs["form"] = _for_agent(self.form, agent)
        return super().get_formset(request, obj, **kwargs)


class TypeFilter(admin.SimpleListFilter):
    """By the column that the type fills, for which there is an index."""

    title = gettext_lazy("type")
    parameter_name = "type"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return DestinationType.choices

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        column = {"number": "phone", "sip_uri": "sip_uri", "agent": "agent"}.get(self.value() or "")
        return queryset.filter(**{f"{column}__isnull": False}) if column else queryset


@admin.register(TransferDestination)
class TransferDestinationAdmin(AccountAdmin):
    """The list of one action's destinations (``?action=``), however many: nobody counts them to show a page."""

    form = DestinationForm
    list_display = ("address", "description", "enabled_label", "ring_time_s", "has_hours")
    list_display_links = ("address", "description")
    list_filter = (("enabled", admin.BooleanFieldListFilter), TypeFilter)
    search_fields = ("description",)
    search_help_text = gettext_lazy("A name, a few words, or the end of a number: the best 200 are shown")
    list_select_related = ("agent",)
    ordering = ("phone",)
    paginator = InfinitePaginator
    show_full_result_count = False
    actions = ("enable", "disable")
    change_list_template = "triptyque/transfers/destination_list.html"
    fieldsets = (
        (None, {"fields": ("address", "description", ("enabled", "position"))}),
        (gettext_lazy("Ringing and hours"), {"fields": ("ring_time_s", "schedule", "time_slots")}),
    )

    def get_model_perms(self, request: HttpRequest) -> dict[str, bool]:
        """The way in is the page of the action."""
        return {}

    # --- the list ---------------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[TransferDestination]:
        rows: QuerySet[TransferDestination] = super().get_queryset(request)
        asked = request.GET.get("action", "")
        return rows.filter(action_id=int(asked)) if asked.isdecimal() and len(asked) < 19 else rows

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        asked = request.GET.get("action", "")
        if not search_term.strip() or not asked.isdecimal():
            return queryset, False
        language = _language(request)
        found = search_ids(int(asked), search_term, limit=MOST_FOUND, language=language)
        return queryset.filter(pk__in=found), False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        action = asked_action(request)
        if action is None:
            return HttpResponseRedirect(reverse("admin:actions_action_changelist"))
        show_where(request, action, ("", _("Destinations")))
        context = {
            "title": _("Destinations"),
            "transfer": action,
            "add_url": f"{reverse('admin:transfers_transferdestination_add')}?action={action.pk}",
            "may_edit": self.has_change_permission(request),
            **summary(action, counted=False),
        }
        return super().changelist_view(request, {**context, **(extra_context or {})})

    @display(description=gettext_lazy("destination"), ordering="phone")
    def address(self, row: TransferDestination) -> str:
        return row.phone or row.sip_uri or (row.agent.name if row.agent else "—")

    @display(description=gettext_lazy("enabled"), boolean=True)
    def enabled_label(self, row: TransferDestination) -> bool:
        return row.enabled

    @display(description=gettext_lazy("time slots"), boolean=True)
    def has_hours(self, row: TransferDestination) -> bool:
        return bool(row.time_slots) or row.schedule_id is not None

    @admin.action(description=gettext_lazy("Enable"), permissions=["change"])
    def enable(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        self._switch(request, queryset, on=True)

    @admin.action(description=gettext_lazy("Disable"), permissions=["change"])
    def disable(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        self._switch(request, queryset, on=False)

    def _switch(self, request: HttpRequest, queryset: QuerySet[Any], *, on: bool) -> None:
        done = TransferDestination.objects.filter(pk__in=list(queryset.values_list("pk", flat=True))).update(enabled=on)
        text = (
            ngettext("%(count)d destination is enabled.", "%(count)d destinations are enabled.", done)
            if on
            else ngettext("%(count)d destination is disabled.", "%(count)d destinations are disabled.", done)
        )
        messages.success(request, text % {"count": done})

    # --- one destination --------------------------------------------------------------------------

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        action = obj.action if obj else asked_action(request)
        kwargs["form"] = _for_agent(self.form, action.agent if action else None)
        return super().get_form(request, obj, change=change, **kwargs)

    def preset(self, request: HttpRequest, obj: Any) -> Mapping[str, Any]:
        return {"action": obj.action if obj else asked_action(request)}

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        action = asked_action(request)
        last = action.destinations.aggregate(last=Max("position"))["last"] if action and not is_many(action) else 0
        return {"position": 0 if last is None else last + 1}

    def formfield_for_dbfield(self, db_field: models.Field[Any, Any], request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "schedule" and isinstance(field, forms.ModelChoiceField):
            field.empty_label = _("No schedule")
        return field

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> Any:
        action = asked_action(request)
        if action is None:
            return HttpResponseRedirect(reverse("admin:actions_action_changelist"))
        show_where(request, action, (list_page(action), _("Destinations")), ("", _("Add a destination")))
        return super().add_view(request, form_url, {"title": _("Add a destination"), **(extra_context or {})})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        self._show_row(request, object_id)
        return super().change_view(request, object_id, form_url, extra_context)

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None) -> Any:
        self._show_row(request, object_id)
        return super().delete_view(request, object_id, extra_context)

    def history_view(self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None) -> Any:
        self._show_row(request, object_id)
        return super().history_view(request, object_id, extra_context)

    def _show_row(self, request: HttpRequest, object_id: str) -> None:
        row = self.get_object(request, object_id)
        if row is not None:
            show_where(request, row.action, (list_page(row.action), _("Destinations")), ("", str(row)))

    # --- where saving leads -----------------------------------------------------------------------

    def response_post_save_add(self, request: HttpRequest, obj: Any) -> HttpResponseRedirect:
        return HttpResponseRedirect(list_page(obj.action))

    def response_post_save_change(self, request: HttpRequest, obj: Any) -> HttpResponseRedirect:
        return HttpResponseRedirect(list_page(obj.action))

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        request.of_action = obj.action  # type: ignore[attr-defined]
        super().delete_model(request, obj)

    def response_delete(self, request: HttpRequest, obj_display: str, obj_id: int) -> HttpResponse:
        messages.success(request, _("“%(name)s” is deleted.") % {"name": obj_display})
        return HttpResponseRedirect(list_page(request.of_action))  # type: ignore[attr-defined]


def _for_agent(form: type[DestinationForm], agent: Any) -> type[DestinationForm]:
    if agent is None:
        return form
    given = {"region": region_of(agent), "agents": offered_agents(agent.account_id, but=agent.pk)}
    return type(form.__name__, (form,), given)


def asked_action(request: HttpRequest) -> TransferAction | None:
    asked = request.GET.get("action", "")
    if not asked.isdecimal() or len(asked) > 18:
        return None
    return TransferAction.objects.select_related("agent").filter(pk=asked).first()


def _asked_agent(request: HttpRequest) -> Any:
    asked = request.GET.get("agent", "")
    return Agent.objects.filter(pk=asked).first() if asked.isdecimal() and len(asked) < 19 else None


def _language(request: HttpRequest) -> str:
    action = asked_action(request)
    return action.agent.language if action else "fr"


def show_where(request: HttpRequest, action: TransferAction, *parts: tuple[str, str]) -> None:
    request.moment = Moment.DURING  # type: ignore[attr-defined]
    way = [(list_url(Moment.DURING), Moment.DURING.label), (change_url(action), action.name)]
    breadcrumbs(request, *way, *parts)
