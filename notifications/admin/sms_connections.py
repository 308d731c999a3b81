"""SMS connections: the provider is chosen first, then a form made for it. And who wants no text messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from accounts.admin_base import AccountAdmin, Rank, breadcrumbs
from accounts.admin_used import UsedAdmin
from accounts.usage import Use
from actions.contract import ActionError
from notifications.admin.sms_connection_form import SmsConnectionForm, report_fields, sending_fields
from notifications.models.sms import OptOut, SmsConnection
from notifications.sms.handing_over import is_reachable, public_address
from notifications.sms.providers.base import Provider
from notifications.sms.providers.registry import PROVIDERS, provider_called
from notifications.sms.skipping import SkippedError
from notifications.sms.trial import LONGEST_TRIAL, send_trial
from notifications.sms.usage import uses_by_connection

COLUMNS = ("name", "sender", "region", "auth_profile")


@admin.register(SmsConnection)
class SmsConnectionAdmin(UsedAdmin):
    """Viewers see which connections there are, and nothing of how they are set."""

    form = SmsConnectionForm
    list_display = ("name", "provider_label", "sender", "use_count")
    search_fields = ("name", "sender")
    readonly_fields = ("provider_label", "report_address", "used_by")
    actions = None
    actions_detail = ("send_test",)

    def uses_by_row(self, rows: Sequence[SmsConnection]) -> dict[int, list[Use]]:
        return uses_by_connection(rows)

    # --- the list ---------------------------------------------------------------------------------

    @display(description=gettext_lazy("provider"), ordering="provider")
    def provider_label(self, connection: SmsConnection) -> str:
        provider = provider_called(connection.provider)
        return capfirst(str(provider.label)) if provider else connection.provider

    # --- the form ---------------------------------------------------------------------------------

    def preset(self, request: HttpRequest, obj: Any) -> Mapping[str, Any]:
        provider = _asked(request)
        return {**super().preset(request, obj), "provider": provider.name if provider else ""}

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        # The other fields are the form's own, not the model's.
        kwargs["fields"] = COLUMNS if self.has_change_permission(request, obj) else ()
        return super().get_form(request, obj, change=change, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[tuple[Any, dict[str, Any]]]:
        facts = [*(["provider_label"] if obj else []), "sender"]
        if not self.has_change_permission(request, obj):
            return [(None, {"fields": ["name", *facts]})]
        provider = provider_called(obj.provider) if obj else _asked(request)
        sets: list[tuple[Any, dict[str, Any]]] = [
            (None, {"fields": ["name", *facts, "region", *(["used_by"] if obj else [])]}),
            (_("How messages are sent"), {"fields": [*(sending_fields(provider) if provider else []), "auth_profile"]}),
        ]
        reports = [*(["report_address"] if obj else []), *(report_fields(provider) if provider else [])]
        return [*sets, (_("What the provider reports"), {"fields": reports})] if reports else sets

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[str]:
        if self.has_change_permission(request, obj):
            return self.readonly_fields
        return ("name", "sender", "provider_label")

    @display(description=gettext_lazy("address for receipts and answers"))
    def report_address(self, connection: SmsConnection) -> SafeString:
        help_text = _(
            "Give it to the provider as the address of incoming messages, so that STOP is heard; receipts come to it "
            "by themselves where the request asks for them. It is a secret: whoever knows it can report."
        )
        if not is_reachable():
            help_text = _("Set PUBLIC_URL to an address that the provider can reach: no receipts come to this one.")
        return format_html(
            '<code class="tq-code" style="overflow-wrap: anywhere">{}</code><p class="tq-muted">{}</p>',
            public_address(connection.token),
            help_text,
        )

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        provider = _asked(request)
        if not self.has_add_permission(request):
            raise PermissionDenied
        title = capfirst(str(provider.label)) if provider else _("Add an SMS connection")
        breadcrumbs(request, (_list_url(), _("SMS connections")), ("", title))
        if provider is None:
            lead = _("Who sends your text messages?")
            return self.page(
                request, "triptyque/choose.html", title=title, lead=lead, name="provider", choices=PROVIDERS
            )
        response: HttpResponse = super().add_view(request, form_url, {"title": title, **(extra_context or {})})
        return response

    # --- trying it --------------------------------------------------------------------------------

    def has_try_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """It costs money, and could be sent to anybody: administrators alone."""
        return self._has(request, Rank.ADMIN)

    @action(description=gettext_lazy("Send a test message"), permissions=["try"], icon="sms")
    def send_test(self, request: HttpRequest, object_id: str) -> HttpResponse:
        connection: SmsConnection = self.row_or_404(request, object_id)
        back = reverse("admin:notifications_smsconnection_change", args=[connection.pk])
        form = TrialForm(request.POST or None, initial={"text": _("A test message of Triptyque.")})
        if request.method == "POST" and form.is_valid():
            try:
                number = send_trial(connection, form.cleaned_data["to"], form.cleaned_data["text"])
            except ActionError as error:
                messages.error(request, error.message)
            except SkippedError as error:
                messages.warning(request, error.reason)
            else:
                messages.success(request, _("The message to %(number)s was handed over.") % {"number": number})
            return HttpResponseRedirect(back)
        title = _("Send a test message through “%(name)s”") % {"name": connection.name}
        return self.page(
            request,
            "triptyque/sms/try.html",
            title=title,
            object=connection,
            form=form,
            submit=_("Send"),
            back=back,
        )


class TrialForm(forms.Form):
    to = forms.CharField(
        label=gettext_lazy("Number"),
        max_length=64,
        widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "+33612345678", "autocomplete": "off"}),
    )
    text = forms.CharField(
        label=gettext_lazy("Text"), max_length=LONGEST_TRIAL, widget=UnfoldAdminTextareaWidget(attrs={"rows": 3})
    )


@admin.register(OptOut)
class OptOutAdmin(AccountAdmin):
    list_display = ("number", "since", "source", "note")
    list_filter = (("source", ChoicesDropdownFilter),)
    search_fields = ("number", "note")
    fields = ("number", "note")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[str]:
        return ("number", "since", "source") if obj else ()

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[str]:
        return ("number", "since", "source", "note") if obj else ("number", "note")


def _list_url() -> str:
    return reverse("admin:notifications_smsconnection_changelist")


def _asked(request: HttpRequest) -> Provider | None:
    return provider_called(request.GET.get("provider", ""))
