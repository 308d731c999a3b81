"""The transfer's form: its SIP headers as rows of names and values."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from accounts.admin_widgets import Column, RowsField
from actions.admin.actions import KindAdmin

HEADER_COLUMNS = (
    Column("name", _("header"), placeholder="X-Customer-Id"),
    Column("value", _("value"), placeholder="{{ params.customerId }}"),
)


class TransferActionAdmin(KindAdmin):
    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "sip_headers":
            return RowsField(
                columns=HEADER_COLUMNS,
                add_label=_("Add a header"),
                label=capfirst(str(db_field.verbose_name)),
                help_text=_(
                    "Sent along with the call. Values may hold variables, for example {{ params.customerId }}."
                ),
            )
        return super().formfield_for_dbfield(db_field, request, **kwargs)
