"""API keys: shown once, then only their prefix; revoked, never changed."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from accounts.admin_base import AccountAdmin, PresetForm, Rank, badge
from accounts.models import ApiKey, KeyScope

VALID, EXPIRED, REVOKED = (
    pgettext_lazy("API key", "Valid"),
    pgettext_lazy("API key", "Expired"),
    pgettext_lazy("API key", "Revoked"),
)


class ApiKeyForm(PresetForm):
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("May be used for"),
        choices=KeyScope.choices,
        initial=[KeyScope.CALLS],
        widget=UnfoldAdminCheckboxSelectMultipleWidget(),
    )

    def clean_expires_at(self) -> Any:
        expires_at = self.cleaned_data["expires_at"]
        if expires_at is not None and expires_at <= timezone.now():
            raise forms.ValidationError(_("Choose a time in the future, or leave this empty."))
        return expires_at


@admin.register(ApiKey)
class ApiKeyAdmin(AccountAdmin):
    view_rank = add_rank = Rank.ADMIN

    form = ApiKeyForm
    fields = ("name", "scopes", "expires_at")
    list_display = ("name", "shown_prefix", "uses", "state", "last_used_at", "expires_at", "created_at")
    search_fields = ("name", "prefix")
    actions_detail = ("revoke",)

    @display(description=gettext_lazy("key"), ordering="prefix")
    def shown_prefix(self, key: ApiKey) -> str:
        return f"tq_{key.prefix}_…"

    @display(description=gettext_lazy("may be used for"))
    def uses(self, key: ApiKey) -> str:
        return ", ".join(str(KeyScope(scope).label).partition(":")[0].strip() for scope in key.scopes)

    @display(description=gettext_lazy("state"))
    def state(self, key: ApiKey) -> SafeString:
        if key.revoked_at:
            return badge("danger", REVOKED)
        return badge("success", VALID) if key.is_usable else badge("warning", EXPIRED)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        if obj is None:
            return self.fields
        return ("name", "shown_prefix", "uses", "state", "created_at", "last_used_at", "expires_at", "revoked_at")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return self.get_fields(request, obj) if obj else ()

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Revoked keys stay: they tell which program did what."""
        return False

    def has_revoke_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._has(request, Rank.ADMIN)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {"title": _("Create an API key"), "show_save_and_continue": False, **(extra_context or {})}
        return super().add_view(request, form_url, context)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        key, obj.plain_text = ApiKey.objects.issue(
            account=obj.account, name=obj.name, scopes=obj.scopes, expires_at=obj.expires_at
        )
        obj.pk, obj.prefix, obj.created_at, obj._state = key.pk, key.prefix, key.created_at, key._state

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        """The only page that ever shows the key: the answer to the form itself, stored and cached nowhere."""
        return self.page(
            request,
            "triptyque/api_key_issued.html",
            title=_("Copy your new key now"),
            key=obj,
            plain_text=obj.plain_text,
            api_url=request.build_absolute_uri("/api/v1"),
            may_call=KeyScope.CALLS in obj.scopes,
        )

    @action(description=gettext_lazy("Revoke"), permissions=["revoke"], icon="block", variant=ActionVariant.DANGER)
    def revoke(self, request: HttpRequest, object_id: str) -> HttpResponse:
        key: ApiKey = self.row_or_404(request, object_id)
        if request.method != "POST":
            return self.page(
                request,
                "triptyque/confirm.html",
                title=_("Revoke this key?"),
                object=key,
                text=_("Programs that use “%(name)s” are refused from now on. This cannot be undone.")
                % {"name": key.name},
                submit=_("Revoke the key"),
                danger=True,
                back=reverse("admin:accounts_apikey_change", args=[key.pk]),
            )
        key.revoke()
        self.log_change(request, key, _("Revoked"))
        messages.success(request, _("The key “%(name)s” is revoked.") % {"name": key.name})
        return HttpResponseRedirect(reverse("admin:accounts_apikey_changelist"))
