"""SIP headers as rows of names and values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from accounts.admin_widgets import Column, RowsField

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

HEADER_COLUMNS = (
    Column("name", _("header"), placeholder="X-Customer-Id"),
    Column("value", _("value"), placeholder="{{ params.customerId }}"),
)


def headers_field(label: str, help_text: StrOrPromise) -> RowsField:
    return RowsField(columns=HEADER_COLUMNS, add_label=_("Add a header"), label=label, help_text=help_text)
