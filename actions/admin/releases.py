"""Published versions: what they hold, and the way back to one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import FieldDoesNotExist
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import RelatedDropdownFilter
from unfold.decorators import action, display

from accounts.admin_base import Rank, RecordAdmin, badge, breadcrumbs
from actions.admin import before_call
from actions.admin.publishing import agent_url, versions_url
from actions.admin.rules import rule_of
from actions.conditions import Conditions, OnFailure
from actions.contract import JSON, Moment
from actions.models import Agent, Release
from actions.registry import kinds
from actions.releases import RollBackError, check_runnable, roll_back


@dataclass(frozen=True)
class FrozenAction:
    """One action as a release holds it."""

    moment: str
    icon: str
    kind: str
    name: str
    description: str
    settings: list[tuple[str, JSON]]


@admin.register(Release)
class ReleaseAdmin(RecordAdmin):
    list_display = ("version", "agent", "published_at", "published_by", "note", "is_current")
    list_display_links = ("version",)
    list_filter = (("agent", RelatedDropdownFilter),)
    list_select_related = ("agent", "published_by", "rolled_back_to")
    change_form_template = "triptyque/release.html"
    actions_detail = ("go_back",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Release]:
        releases: QuerySet[Release] = super().get_queryset(request)
        if request.resolver_match and request.resolver_match.url_name == "actions_release_changelist":
            return releases.defer("snapshot", "rolled_back_to__snapshot").order_by("agent__name", "-number")
        return releases

    @display(description=gettext_lazy("version"), ordering="number")
    def version(self, release: Release) -> str:
        if release.rolled_back_to:
            facts = {"number": release.number, "earlier": release.rolled_back_to.number}
            return _("Version %(number)d (again version %(earlier)d)") % facts
        return _("Version %(number)d") % {"number": release.number}

    @display(description=gettext_lazy("in use"))
    def is_current(self, release: Release) -> SafeString | str:
        if release.agent.current_release_id != release.pk:
            return ""
        return badge("success", _("New calls use it"))

    def has_go_back_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Editors; there is no way back to what is in use already."""
        if not self._has(request, Rank.EDITOR):
            return False
        return not Agent.objects.filter(current_release=object_id).exists()

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        release: Release = self.row_or_404(request, object_id)
        _show_where(request, release)
        context = {
            "title": str(release),
            "release": release,
            "agent": release.agent,
            "snapshot": release.snapshot,
            "frozen": [_frozen(row) for row in release.snapshot["actions"]],
            "current": release.agent.current_release_id == release.pk,
        }
        return super().change_view(request, object_id, form_url, {**context, **(extra_context or {})})

    @action(description=gettext_lazy("Go back to this version"), permissions=["go_back"], icon="undo")
    def go_back(self, request: HttpRequest, object_id: str) -> HttpResponse:
        release: Release = self.row_or_404(request, object_id)
        agent = release.agent
        try:
            check_runnable(release)
            new = roll_back(agent, to=release, by=request.user) if request.method == "POST" else None  # type: ignore[arg-type]
        except RollBackError as error:
            messages.error(request, _no_way_back(release, error))
            return HttpResponseRedirect(reverse("admin:actions_release_change", args=[release.pk]))
        if new is None:
            _show_where(request, release)
            return self.page(
                request,
                "triptyque/confirm.html",
                title=_("Go back to version %(number)d?") % {"number": release.number},
                text=_(
                    "New calls of “%(agent)s” use what version %(number)d holds, as a new version. Calls under way "
                    "keep theirs. Your draft stays as it is."
                )
                % {"agent": agent.name, "number": release.number},
                submit=_("Go back to this version"),
                back=reverse("admin:actions_release_change", args=[release.pk]),
            )
        text = _("“%(agent)s” is back at version %(earlier)d, published as version %(number)d.")
        facts = {"agent": agent.name, "earlier": release.number, "number": new.number}
        messages.success(request, text % facts)
        self.log_change(request, new, _("Went back to version %(number)d") % {"number": release.number})
        return HttpResponseRedirect(agent_url(agent))


def _no_way_back(release: Release, error: RollBackError) -> str:
    reasons = [
        _("“%(action)s”: %(reason)s") % {"action": each.action, "reason": each.message} if each.action else each.message
        for each in error.missing
    ]
    text = _("There is no way back to version %(number)d. %(reasons)s")
    return text % {"number": release.number, "reasons": " ".join(reasons)}


def _show_where(request: HttpRequest, release: Release) -> None:
    agent = release.agent
    breadcrumbs(
        request,
        (reverse("admin:actions_agent_changelist"), _("Agents")),
        (agent_url(agent), agent.name),
        (versions_url(agent), _("Versions")),
        ("", _("Version %(number)d") % {"number": release.number}),
    )


def _frozen(row: Mapping[str, JSON]) -> FrozenAction:
    kind = kinds.get(row["kind"])
    shown = [
        kind.in_words(name, value) or (_label(kind.model, name), _named(kind.model, name, value))
        for name, value in row["params"].items()
    ]
    return FrozenAction(
        moment=str(Moment(row["moment"]).label),
        icon=kind.icon,
        kind=str(kind.label),
        name=row["name"],
        description=row["description"],
        settings=[(str(label), value) for label, value in [*shown, *_when(row)] if value not in ([], {}, "")],
    )


def _when(row: Mapping[str, JSON]) -> list[tuple[str, JSON]]:
    """After the call: on which condition it runs, and what becomes of the next ones if it fails."""
    if row["moment"] == Moment.BEFORE:
        return before_call.in_words(row.get("before", {}))
    if row["moment"] != Moment.AFTER:
        return []
    conditions = Conditions.model_validate(row.get("conditions", {}))
    found: list[tuple[str, JSON]] = [(_("When it runs"), rule_of(conditions))]
    if row.get("on_failure") == OnFailure.STOP:
        found.append((_("If it fails"), str(OnFailure.STOP.label)))
    return found


def _label(model: Any, name: str) -> str:
    """What the editor calls a parameter, where it has the name of a column."""
    try:
        field = model._meta.get_field(name)
    except FieldDoesNotExist:
        return capfirst(_(name.replace("_", " ")))
    return capfirst(str(getattr(field, "verbose_name", None) or field.related_model._meta.verbose_name_plural))


def _named(model: Any, name: str, value: JSON) -> JSON:
    """The value with names in place of the ids of rows, inside the rows of nested relations, too."""
    try:
        field = model._meta.get_field(name)
    except FieldDoesNotExist:
        return value
    if field.many_to_one and isinstance(value, int):
        row = field.related_model.objects.filter(pk=value).first()
        return str(row) if row else _("%(id)d (deleted)") % {"id": value}
    if field.one_to_many and isinstance(value, list):
        return [_named_row(field.related_model, each) for each in value]
    return value


def _named_row(model: Any, row: JSON) -> JSON:
    if not isinstance(row, Mapping):
        return row
    return {name.removesuffix("_id"): _named(model, name, value) for name, value in row.items()}
