"""Rules for numbers: what an account may transfer to although it costs, or rings where it should not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.admin_base import AccountAdmin, PresetForm, Rank, breadcrumbs, rank_of
from transfers.models import NumberRules

WARNINGS = {
    "allows_premium_rate": gettext_lazy(
        "Calls to them are dear, and your account pays: fraudsters let agents call their own premium-rate numbers."
    ),
    "allows_short": gettext_lazy(
        "They only work inside one country or one network: your telephone provider must be able to reach them."
    ),
    "allows_emergency": gettext_lazy(
        "A transfer to an emergency service carries neither the caller’s place nor, often, their number. Only the "
        "platform’s staff can allow it."
    ),
}


class RulesForm(PresetForm):
    class Meta:
        model = NumberRules
        fields = ("allows_premium_rate", "allows_short", "allows_emergency")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, text in WARNINGS.items():
            if name in self.fields:
                self.fields[name].help_text = text
                self.fields[name].label = _("Allow: %(numbers)s") % {"numbers": self.fields[name].label}


@admin.register(NumberRules)
class NumberRulesAdmin(AccountAdmin):
    """One page for the account; its row is made when it is first saved."""

    form: type[forms.BaseModelForm[Any]] = RulesForm
    fields = ("allows_premium_rate", "allows_short", "allows_emergency")
    view_rank = add_rank = change_rank = Rank.ADMIN

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[str]:
        return () if rank_of(request) >= Rank.STAFF else ("allows_emergency",)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_view_permission(request):
            return super().changelist_view(request, extra_context)
        row = NumberRules.objects.first()
        page, args = ("change", [row.pk]) if row else ("add", [])
        return HttpResponseRedirect(reverse(f"admin:transfers_numberrules_{page}", args=args))

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        if object_id is None and self.has_add_permission(request):
            row = NumberRules.objects.first()
            object_id = str(row.pk) if row else None
        breadcrumbs(request, ("", _("Rules for numbers")))
        context = {"title": _("Rules for numbers"), "subtitle": None, "show_save_and_continue": False}
        return super().changeform_view(request, object_id, form_url, {**context, **(extra_context or {})})

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        return self._saved(request)

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        return self._saved(request)

    def _saved(self, request: HttpRequest) -> HttpResponse:
        messages.success(request, _("The rules are saved: they count for what is saved, imported and published next."))
        return HttpResponseRedirect(reverse("admin:transfers_numberrules_changelist"))
