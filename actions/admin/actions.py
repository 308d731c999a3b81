"""The pages of the kinds' own models, made from what each kind says of itself.

A kind needs nothing here: its ``fields`` become the form, its ``nested`` relations tables under it. One that
wants more names a subclass of :class:`KindAdmin` as its ``admin_class``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.db.models import ManyToManyField, Max, Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from accounts.admin_base import AccountAdmin, PartInline, PresetForm, breadcrumbs
from accounts.admin_widgets import SpokenTextsField
from actions.admin import before_call
from actions.admin.moments import change_url, choose_url, list_url
from actions.admin.rules import LabelsField, live_rule
from actions.before_call import BeforeCall
from actions.conditions import AFTER_FIELDS
from actions.contract import Kind, Moment
from actions.messages import validate_texts
from actions.models import Action, Agent, Label
from actions.registry import kinds

CONDITIONS = {
    "message_texts": "message_mode != 'none'",
    "message_after_ms": "message_mode != 'none'",
    "goodbye_texts": "goodbye_mode != 'none'",
}
"""Columns, of whichever kinds have them, that are shown only while an expression about other columns holds."""


class KindForm(PresetForm):
    """``preset`` holds the agent, the moment and the kind, which are chosen before the form is shown."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        action: Action = self.instance
        if "description" not in self.fields:
            return
        description = self.fields["description"]
        if action.moment == Moment.DURING:
            language = action.agent.language
            description.widget.attrs["placeholder"] = action.kind_object.default_description(language)
        else:
            description.help_text = _("For you and your colleagues: what the action is for.")

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        namesakes = Action.objects.filter(agent=self.instance.agent, name=name).exclude(pk=self.instance.pk)
        if namesakes.exists():
            raise forms.ValidationError(_("This agent has an action of this name already."))
        return name


class KindAdmin(AccountAdmin):
    """The admin of one kind's model; ``self.kind`` is the kind."""

    form = KindForm
    conditional_fields: Mapping[str, str] = CONDITIONS
    change_form_outer_before_template = "triptyque/action_context.html"

    class Media:
        js = ("triptyque/rule.js",)

    def __init__(self, model: type[Action], admin_site: AdminSite) -> None:
        super().__init__(model, admin_site)
        if issubclass(model, BeforeCall):
            # Of these only: other kinds have columns of the same names.
            self.conditional_fields = {**self.conditional_fields, **before_call.CONDITIONS}

    @property
    def kind(self) -> Kind[Any]:
        model: type[Action] = self.model
        return kinds.get(model.KIND)

    # --- the form ---------------------------------------------------------------------------------

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[tuple[Any, dict[str, Any]]]:
        moment = obj.moment if obj else self._asked_moment(request)
        fields = ("name", "description", *self.kind_fields(moment), ("enabled", "position"))
        if moment == Moment.AFTER:
            return [(None, {"fields": fields}), (_("When it runs"), {"fields": ("rule", *AFTER_FIELDS)})]
        more = before_call.sections(self.model, request, fields, is_saved=obj is not None)
        if moment != Moment.BEFORE or not more:
            return [(None, {"fields": fields})]
        own = tuple(name for name in fields if name not in before_call.IN_FAILURE_SECTION)
        return [(None, {"fields": own}), *more]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[str]:
        return [*super().get_readonly_fields(request, obj), "rule", "cache_page"]

    @display(description=gettext_lazy("condition"))
    def rule(self, action: Action) -> SafeString:
        """The conditions in words."""
        return live_rule(action if action.pk else None, getattr(action, "agent", None))

    @display(description=gettext_lazy("use of the cache"))
    def cache_page(self, action: Action) -> str:
        return before_call.cache_link(action.pk)

    def kind_fields(self, moment: Moment | None) -> Sequence[str]:
        """The kind's columns that mean something at this moment."""
        return self.kind.fields

    def get_inlines(self, request: HttpRequest, obj: Any) -> list[type[PartInline]]:
        return [nested_inline(self.model, name) for name in self.kind.nested]

    def preset(self, request: HttpRequest, obj: Any) -> Mapping[str, Any]:
        if obj is not None:
            return {"agent": obj.agent, "moment": obj.moment, "kind": obj.kind}
        return {"agent": self._asked_agent(request), "moment": self._asked_moment(request), "kind": self.kind.name}

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        agent = self._asked_agent(request)
        assert agent is not None, "add_view lets nobody in without an agent"
        rows = agent.actions.filter(moment=self._asked_moment(request))
        last = rows.aggregate(last=Max("position"))["last"]
        return {"name": _free_name(agent, self.kind.name), "position": 1 if last is None else last + 1}

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if validate_texts in db_field.validators:
            return SpokenTextsField(
                label=capfirst(str(db_field.verbose_name)), help_text=db_field.help_text, required=False
            )
        if db_field.name == "cache_keys":
            agent = self._agent_of(request)
            return before_call.keys_field(db_field, agent.slug if agent else "")
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and db_field.related_model is Label:
            # In Django's wrapper, the theme takes the boxes for one value, and unticks them all.
            field.widget = field.widget.widget
        return field

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "failure_action":
            own = request.resolver_match.kwargs.get("object_id") if request.resolver_match else None
            rows = Action.objects.filter(agent=self._agent_of(request), moment=Moment.BEFORE)
            kwargs["queryset"] = rows.exclude(pk=own) if own else rows
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_manytomany(self, db_field: ManyToManyField[Any, Any], request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.related_model is Label:
            agent = self._agent_of(request)
            kwargs["queryset"] = Label.objects.filter(classifier__agent=agent).select_related("classifier")
            kwargs["widget"] = UnfoldAdminCheckboxSelectMultipleWidget()
            kwargs["form_class"] = LabelsField
            if not kwargs["queryset"].exists():
                kwargs["help_text"] = _("This agent has no classification yet: add one on the page of the agent.")
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def _agent_of(self, request: HttpRequest) -> Agent | None:
        object_id = request.resolver_match.kwargs.get("object_id") if request.resolver_match else None
        if object_id is None:
            return self._asked_agent(request)
        action = Action.objects.select_related("agent").filter(pk=object_id).first()
        return action.agent if action else None

    # --- what is chosen before the form -----------------------------------------------------------

    def _asked_moment(self, request: HttpRequest) -> Moment | None:
        asked = request.GET.get("moment")
        if asked in self.kind.moments:
            return Moment(asked)
        return next(iter(self.kind.moments)) if len(self.kind.moments) == 1 else None

    def _asked_agent(self, request: HttpRequest) -> Agent | None:
        asked = request.GET.get("agent", "")
        return Agent.objects.filter(pk=asked).first() if asked.isdecimal() else None

    # --- pages ------------------------------------------------------------------------------------

    def get_model_perms(self, request: HttpRequest) -> dict[str, bool]:
        """The lists by moment are the way in; the kinds' tables are nothing that people know."""
        return {}

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:actions_action_changelist"))

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        agent, moment = self._asked_agent(request), self._asked_moment(request)
        if agent is None or moment is None:
            return HttpResponseRedirect(choose_url(moment or Moment.BEFORE, agent))
        if request.method == "GET" and (existing := only_one(self.kind, agent)):
            messages.warning(request, once_only_message(self.kind))
            return HttpResponseRedirect(change_url(existing))
        return super().add_view(request, form_url, extra_context)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        action = self.get_object(request, object_id) if object_id else None
        self._show_where(request, action)
        context = {
            "kind": self.kind,
            "title": _("Add: %(kind)s") % {"kind": self.kind.label},
            "subtitle": None,
            **(extra_context or {}),
        }
        if action is not None:
            context["title"] = action.name
        return super().changeform_view(request, object_id, form_url, context)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        self._show_where(request, self.get_object(request, object_id))
        return super().delete_view(request, object_id, extra_context)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        self._show_where(request, self.get_object(request, object_id))
        return super().history_view(request, object_id, extra_context)

    def _show_where(self, request: HttpRequest, action: Action | None) -> None:
        """Title line and sidebar speak of the moment, not of a table."""
        moment = action.moment if action else self._asked_moment(request)
        if moment is None:
            return
        request.moment = moment  # type: ignore[attr-defined]
        name = action.name if action else _("Add an action")
        own = change_url(action) if action else ""
        breadcrumbs(request, (list_url(moment), Moment(moment).label), (own, name))

    # --- where saving leads -----------------------------------------------------------------------

    def response_post_save_add(self, request: HttpRequest, obj: Any) -> HttpResponseRedirect:
        return HttpResponseRedirect(_back(request) or list_url(obj.moment))

    def response_post_save_change(self, request: HttpRequest, obj: Any) -> HttpResponseRedirect:
        return HttpResponseRedirect(_back(request) or list_url(obj.moment))

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        request.moment = obj.moment  # type: ignore[attr-defined]
        super().delete_model(request, obj)

    def response_delete(self, request: HttpRequest, obj_display: str, obj_id: int) -> HttpResponse:
        messages.success(request, _("The action “%(name)s” is deleted.") % {"name": obj_display})
        return HttpResponseRedirect(list_url(request.moment))  # type: ignore[attr-defined]


def only_one(kind: Kind[Any], agent: Agent) -> Action | None:
    """The agent's action of a kind that it may have once only, if it has it."""
    return agent.actions.filter(kind=kind.name).first() if kind.once_per_agent else None


def once_only_message(kind: Kind[Any]) -> str:
    return _("An agent has “%(kind)s” once only: here is the one that this agent has.") % {"kind": kind.label}


def nested_inline(model: type[Model], name: str) -> type[PartInline]:
    """A table for the reverse relation ``name``: every column that people fill in, in the order of the model."""
    relation = model._meta.get_field(name)
    part: type[Model] = relation.related_model  # type: ignore[assignment]
    foreign_key = relation.field.name  # type: ignore[union-attr]
    columns = [field.name for field in part._meta.fields if field.editable and not field.primary_key]
    columns = [column for column in columns if column != foreign_key]
    ordered = "position" in columns
    return type(
        f"{part.__name__}Inline",
        (PartInline,),
        {
            "model": part,
            "fk_name": foreign_key,
            "fields": columns,
            "ordering_field": "position" if ordered else None,
            "hide_ordering_field": ordered,
        },
    )


def _free_name(agent: Agent, kind_name: str) -> str:
    """The kind's name, with a number where the agent has it already."""
    taken = set(agent.actions.values_list("name", flat=True))
    candidates = (kind_name, *(f"{kind_name}_{number}" for number in range(2, len(taken) + 3)))
    return next(name for name in candidates if name not in taken)


def _back(request: HttpRequest) -> str:
    target = request.GET.get("back", "")
    return target if target and url_has_allowed_host_and_scheme(target, allowed_hosts=None) else ""
