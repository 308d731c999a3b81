"""SIP connections: the password is entered, never shown; what is used is not deleted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminPasswordWidget

from accounts.admin_base import PresetForm, nowrap
from accounts.admin_used import UsedAdmin
from accounts.usage import Use
from transfers.admin.headers import headers_field
from transfers.checking import LONGEST_PASSWORD
from transfers.connections import default_port, uses_by_connection
from transfers.models import SipConnection


class SipConnectionForm(PresetForm):
    port = forms.IntegerField(
        label=gettext_lazy("Port"),
        required=False,
        min_value=1,
        max_value=65_535,
        help_text=gettext_lazy("Empty: 5060, with TLS 5061."),
        widget=UnfoldAdminIntegerFieldWidget(attrs={"placeholder": "5060"}),
    )
    password = forms.CharField(
        label=gettext_lazy("Password"),
        required=False,
        strip=False,
        max_length=LONGEST_PASSWORD,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        is_stored = bool(self.instance.secrets)
        if "password" in self.fields:
            attrs = {"autocomplete": "new-password", "placeholder": "••••••••" if is_stored else ""}
            self.fields["password"].widget = UnfoldAdminPasswordWidget(attrs=attrs)
            self.fields["password"].help_text = _("Leave empty to keep what is stored.") if is_stored else ""
        if self.instance._state.adding and "port" in self.fields:
            self.initial["port"] = None

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if "port" in self.fields and data.get("port") is None and "port" not in self.errors:
            data["port"] = default_port(data.get("transport", ""))
        self.instance.new_password = data.get("password")
        return data


@admin.register(SipConnection)
class SipConnectionAdmin(UsedAdmin):
    form = SipConnectionForm
    list_display = ("name", "address", "user", "caller_id", "use_count")
    search_fields = ("name", "host", "user")
    readonly_fields = ("used_by",)

    def uses_by_row(self, rows: Sequence[SipConnection]) -> dict[int, list[Use]]:
        return uses_by_connection(rows)

    # --- the list ---------------------------------------------------------------------------------

    @display(description=gettext_lazy("host"), ordering="host")
    def address(self, connection: SipConnection) -> SafeString:
        return nowrap(f"{connection.host}:{connection.port} {connection.get_transport_display()}")

    # --- the form ---------------------------------------------------------------------------------

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[tuple[Any, dict[str, Any]]]:
        signing_in = ["user", "password"] if self.has_change_permission(request, obj) else ["user"]
        return [
            (None, {"fields": ["name", "host", ("transport", "port"), *(["used_by"] if obj else [])]}),
            (_("Signing in"), {"fields": signing_in}),
            (_("What is sent with each call"), {"fields": ["caller_id", "headers"]}),
        ]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "headers":
            help_text = _("Sent with every transfer through this line; those of the transfer itself count more.")
            return headers_field(capfirst(str(db_field.verbose_name)), help_text)
        return super().formfield_for_dbfield(db_field, request, **kwargs)
