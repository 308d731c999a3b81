"""The email's form, and the messages that were sent (read only)."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from accounts.admin_base import RecordAdmin, badge
from actions.admin.actions import KindAdmin
from notifications.models import Delivery, DeliveryState

STATE_BADGES = {DeliveryState.SENT: "success", DeliveryState.FAILED: "danger", DeliveryState.QUEUED: "info"}
ADDRESS_FIELDS = ("to", "cc", "bcc")


class EmailActionAdmin(KindAdmin):
    """The variables that subject and text may hold stand beside the form."""

    change_form_after_template = "triptyque/email_variables.html"

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name in ADDRESS_FIELDS:
            field.widget.attrs["rows"] = 1
            field.widget.attrs["class"] += " tq-addresses"
        return field


@admin.register(Delivery)
class DeliveryAdmin(RecordAdmin):
    list_display = ("created_at", "subject", "recipients", "state_label", "attempts", "call_link")
    list_filter = (("state", ChoicesDropdownFilter),)
    search_fields = ("subject", "message_id")
    search_help_text = _("Search by subject")
    fields = (
        "created_at", "state_label", "sent_at", "attempts", "error", "recipients", "copies", "blind_copies",
        "subject", "text", "call_link", "message_id",
    )  # fmt: skip
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delivery]:
        deliveries: QuerySet[Delivery] = super().get_queryset(request)
        return deliveries.defer("body_text")

    @display(description=_("state"), ordering="state")
    def state_label(self, delivery: Delivery) -> SafeString:
        return badge(STATE_BADGES[DeliveryState(delivery.state)], delivery.get_state_display())

    @display(description=_("to"))
    def recipients(self, delivery: Delivery) -> str:
        return ", ".join(delivery.to)

    @display(description=_("copy"))
    def copies(self, delivery: Delivery) -> str:
        return ", ".join(delivery.cc)

    @display(description=_("blind copy"))
    def blind_copies(self, delivery: Delivery) -> str:
        return ", ".join(delivery.bcc)

    @display(description=_("text"))
    def text(self, delivery: Delivery) -> SafeString:
        return format_html('<div class="tq-text">{}</div>', delivery.body_text)

    @display(description=_("call"))
    def call_link(self, delivery: Delivery) -> SafeString:
        url = reverse("admin:calls_call_change", args=[delivery.call_id])
        return format_html('<a href="{}#run-{}">{}</a>', url, delivery.run_id, _("See the call"))
