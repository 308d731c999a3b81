"""The form of the webhook action."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext
from unfold.widgets import UnfoldAdminSelectWidget

from accounts.admin_widgets import Column, ReadableJSONField, RowsField
from actions.admin.actions import KindAdmin
from outbound import credentials

HEADER_COLUMNS = (
    Column("name", gettext_lazy("header"), placeholder="X-Agent"),
    Column("value", gettext_lazy("value"), placeholder="{{ system.agentId }}"),
)


class BodyField(ReadableJSONField):
    """Empty where there is none: ``null`` would be a body."""

    def prepare_value(self, value: Any) -> Any:
        return "" if value is None else super().prepare_value(value)


class WebhookActionAdmin(KindAdmin):
    """Headers are rows; credentials are chosen by name."""

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        label = capfirst(str(db_field.verbose_name))
        if db_field.name == "headers":
            return RowsField(
                columns=HEADER_COLUMNS, add_label=_("Add a header"), label=label, help_text=db_field.help_text
            )
        if db_field.name == "auth_profile":
            names = sorted(credentials.names(request.account.pk))  # type: ignore[attr-defined]
            return forms.ChoiceField(
                label=label,
                required=False,
                choices=[("", pgettext("credentials", "None")), *((name, name) for name in names)],
                help_text=db_field.help_text,
                widget=UnfoldAdminSelectWidget(),
            )
        if db_field.name == "body":
            return BodyField(label=label, required=False, help_text=db_field.help_text)
        return super().formfield_for_dbfield(db_field, request, **kwargs)
