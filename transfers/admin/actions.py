"""The page of a transfer: whom, how, when, what is said, and through which line."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.admin_base import PartInline
from actions.admin.actions import KindAdmin
from actions.messages import MESSAGE_FIELDS
from schedules.admin.widgets import TimeSlotsField
from transfers.admin.destinations import inlines_for, summary
from transfers.admin.headers import headers_field
from transfers.admin.what_if import WhatIfPage

CONDITIONS = {
    "total_ring_time_s": "strategy == 'in_order'",
    "summary": "mode != 'cold'",
    "summary_header": "mode == 'warm_header'",
    "caller_id_number": "caller_id == 'fixed'",
    "schedule": "restricted",
    "time_slots": "restricted",
}
"""Fields that are shown only while an expression about others holds."""


class TransferActionAdmin(WhatIfPage):
    conditional_fields = {**KindAdmin.conditional_fields, **CONDITIONS}
    change_form_after_template = "triptyque/transfers/destinations_panel.html"

    def get_inlines(self, request: HttpRequest, obj: Any) -> list[type[PartInline]]:
        return inlines_for(obj)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        action = self.get_object(request, object_id) if object_id else None
        context = {"may_edit": self.has_change_permission(request), **(summary(action) if action else {})}
        return super().changeform_view(request, object_id, form_url, {**context, **(extra_context or {})})

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[tuple[Any, dict[str, Any]]]:
        return [
            (None, {"fields": ("name", "description", ("enabled", "position"))}),
            (_("Whom"), {"fields": ("strategy", "ring_time_s", "total_ring_time_s")}),
            (_("When"), {"fields": ("restricted", "schedule", "time_slots")}),
            (_("What the agent says"), {"fields": (*MESSAGE_FIELDS, "failure_texts")}),
            (
                _("What the human sees and hears"),
                {"fields": ("mode", "summary", "summary_header", "caller_id", "caller_id_number")},
            ),
            (_("SIP"), {"fields": ("sip_connection", "sip_headers")}),
        ]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        label = capfirst(str(db_field.verbose_name))
        if db_field.name == "sip_headers":
            help_text = gettext_lazy(
                "Sent along with the call. Values may hold variables, for example {{ params.customerId }}."
            )
            return headers_field(label, help_text)
        if db_field.name == "time_slots":
            zone = _("In the time zone of the agent. Open while the schedule or one of the slots is.")
            return TimeSlotsField(label=label, help_text=zone)
        return super().formfield_for_dbfield(db_field, request, **kwargs)
