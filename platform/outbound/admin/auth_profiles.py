"""Auth profiles: the type is chosen first, then a form made for it. Secrets are entered, never shown."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.decorators import display

from accounts.admin_base import Rank, badge, breadcrumbs, rank_of, with_icon
from accounts.admin_used import UsedAdmin
from outbound.admin.profile_form import AuthProfileForm, dynamic_fields
from outbound.auth import registry
from outbound.auth.base import AuthKind
from outbound.models import AuthProfile
from outbound.usage import ProfileUse, uses_by_profile

WARNED_DAYS = 30
COLUMNS = ("name", "description", "hosts")


@admin.register(AuthProfile)
class AuthProfileAdmin(UsedAdmin):
    """Viewers see which profiles there are, and nothing of how they are set."""

    form = AuthProfileForm
    list_display = ("name", "kind_label", "description", "expiry", "use_count")
    search_fields = ("name", "description")
    readonly_fields = ("kind_label", "expiry", "used_by")
    list_before_template = "triptyque/auth_profiles/expiring.html"

    def uses_by_row(self, rows: Sequence[AuthProfile]) -> dict[int, list[ProfileUse]]:
        by_name = uses_by_profile(rows[0].account_id) if rows else {}
        return {profile.pk: by_name.get(profile.name, []) for profile in rows}

    # --- the list ---------------------------------------------------------------------------------

    def get_list_display(self, request: HttpRequest) -> Sequence[str]:
        return self.list_display if _edits(request) else ("name", "kind_label", "description")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        soon = timezone.now() + dt.timedelta(days=WARNED_DAYS)
        expiring = list(AuthProfile.objects.filter(expires_at__lte=soon).order_by("expires_at")[:20])
        for profile in expiring:
            profile.has_expired = _days_left(profile) < 0  # type: ignore[attr-defined]
        return super().changelist_view(request, {"expiring": expiring, **(extra_context or {})})

    @display(description=gettext_lazy("type"), ordering="kind")
    def kind_label(self, profile: AuthProfile) -> SafeString | str:
        kind = _kind_of(profile)
        return with_icon(kind.icon, capfirst(str(kind.label))) if kind else profile.kind

    @display(description=gettext_lazy("expires"), ordering="expires_at")
    def expiry(self, profile: AuthProfile) -> SafeString | str:
        if profile.expires_at is None:
            return ""
        days = _days_left(profile)
        if days < 0:
            return badge("danger", _("Expired"))
        if days > WARNED_DAYS:
            return date_format(timezone.localtime(profile.expires_at), "SHORT_DATE_FORMAT")
        return badge("warning", ngettext("In %(days)d day", "In %(days)d days", days) % {"days": days})

    # --- the form ---------------------------------------------------------------------------------

    def preset(self, request: HttpRequest, obj: Any) -> Mapping[str, Any]:
        kind = _asked_kind(request)
        return {**super().preset(request, obj), "kind": kind.name if kind else ""}

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        # The other fields are the form's own, not the model's.
        kwargs["fields"] = COLUMNS if self.has_change_permission(request, obj) else ()
        return super().get_form(request, obj, change=change, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[str]:
        return ("name", *self.readonly_fields) if obj else self.readonly_fields

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[tuple[Any, dict[str, Any]]]:
        if not _edits(request):
            return [(None, {"fields": ("name", "kind_label", "description")})]
        kind = _kind_of(obj) if obj else _asked_kind(request)
        facts = [*(("expiry",) if obj and obj.expires_at else ()), *(("used_by",) if obj else ())]
        sets: list[tuple[Any, dict[str, Any]]] = [
            (None, {"fields": ["name", *(["kind_label"] if obj else []), "description", *facts]}),
            (_("Credentials"), {"fields": dynamic_fields(kind) if kind else []}),
            (_("Where they may be sent"), {"fields": ["hosts"]}),
        ]
        return sets

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        kind = _asked_kind(request)
        if kind is None:
            return self._choose_view(request)
        title = capfirst(str(kind.label))
        breadcrumbs(request, (_list_url(), _("Auth profiles")), ("", title))
        response: HttpResponse = super().add_view(request, form_url, {"title": title, **(extra_context or {})})
        return response

    def _choose_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        title = _("Add an auth profile")
        breadcrumbs(request, (_list_url(), _("Auth profiles")), ("", title))
        lead = _(
            "How does the other system want to know who is asking? Its documentation says so, often under "
            "“authentication”."
        )
        kinds = registry.all_kinds()
        return self.page(request, "triptyque/choose.html", title=title, lead=lead, name="kind", choices=kinds)

    # --- deleting ---------------------------------------------------------------------------------

    def in_the_way(self, protected: list[Any], uses: list[str]) -> list[Any]:
        return [*protected, *uses]


def _list_url() -> str:
    return reverse("admin:outbound_authprofile_changelist")


def _edits(request: HttpRequest) -> bool:
    return rank_of(request) >= Rank.EDITOR


def _kind_of(profile: AuthProfile) -> AuthKind | None:
    try:
        return profile.kind_object
    except KeyError:
        return None


def _asked_kind(request: HttpRequest) -> AuthKind | None:
    asked = request.GET.get("kind")
    return next((kind for kind in registry.all_kinds() if kind.name == asked), None)


def _days_left(profile: AuthProfile) -> int:
    assert profile.expires_at is not None
    return (profile.expires_at - timezone.now()).days
