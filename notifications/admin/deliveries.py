"""The messages that were sent (read only)."""

from __future__ import annotations

from datetime import datetime

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.formats import localize
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext
from unfold.contrib.filters.admin import BooleanRadioFilter, ChoicesDropdownFilter
from unfold.decorators import display

from accounts.admin_base import RecordAdmin, badge, nowrap, with_icon
from notifications.models import Channel, Delivery, DeliveryState
from notifications.sms.segments import UNICODE

STATE_BADGES = {
    DeliveryState.QUEUED: "info",
    DeliveryState.SENT: "success",
    DeliveryState.DELIVERED: "success",
    DeliveryState.BOUNCED: "danger",
    DeliveryState.COMPLAINED: "danger",
    DeliveryState.FAILED: "danger",
    DeliveryState.DEAD: "danger",
}
ICONS = {Channel.EMAIL: "mail", Channel.SMS: "sms", Channel.WEBHOOK: "webhook"}
LONGEST_SHOWN = 80

OF_RECIPIENTS = {
    "sent": gettext_lazy("sent"),
    "delivered": gettext_lazy("delivered"),
    "bounced": gettext_lazy("bounced"),
    "complained": gettext_lazy("reported as spam"),
    "refused": gettext_lazy("refused"),
    "deferred": gettext_lazy("put off"),
    "suppressed": gettext_lazy("left out"),
}


@admin.register(Delivery)
class DeliveryAdmin(RecordAdmin):
    list_display = ("created", "channel_label", "recipients", "what", "state_label", "call_link")
    list_filter = (
        ("channel", ChoicesDropdownFilter),
        ("state", ChoicesDropdownFilter),
        ("is_test", BooleanRadioFilter),
    )
    search_fields = ("to", "cc", "bcc", "subject", "message_id", "provider_id")
    search_help_text = gettext_lazy("Search by recipient or subject")

    def get_fields(self, request: HttpRequest, obj: Delivery | None = None) -> tuple[str, ...]:
        """Of one message, only what there is."""
        if obj is None:
            return ("channel_label",)
        is_email = obj.channel == Channel.EMAIL
        present = (
            ("created_at", True),
            ("channel_label", True),
            ("state_label", True),
            ("is_test", obj.is_test),
            ("sent_at", obj.sent_at),
            ("attempts", True),
            ("error", obj.error),
            ("recipients", True),
            ("copies", obj.cc),
            ("blind_copies", obj.bcc),
            ("answers_to", obj.reply_to),
            ("outcomes", obj.recipient_states),
            ("subject", is_email),
            ("text", True),
            ("size", obj.channel == Channel.SMS),
            ("attachment_label", obj.attachment),
            ("call_link", obj.call_id),
            ("message_id", obj.message_id),
            ("provider_id", obj.provider_id and obj.provider_id != obj.message_id),
        )
        return tuple(name for name, is_there in present if is_there)

    def get_readonly_fields(self, request: HttpRequest, obj: Delivery | None = None) -> tuple[str, ...]:
        return self.get_fields(request, obj)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delivery]:
        deliveries: QuerySet[Delivery] = super().get_queryset(request).select_related("sms")
        match = request.resolver_match
        is_list = match is not None and "object_id" not in match.kwargs
        return deliveries.defer("body_html", "recipient_states") if is_list else deliveries

    @display(description=gettext_lazy("created"), ordering="created_at")
    def created(self, delivery: Delivery) -> SafeString:
        return nowrap(delivery.created_at)

    @display(description=gettext_lazy("channel"), ordering="channel")
    def channel_label(self, delivery: Delivery) -> SafeString:
        return with_icon(ICONS[Channel(delivery.channel)], delivery.get_channel_display())

    @display(description=gettext_lazy("message"))
    def what(self, delivery: Delivery) -> str:
        text = delivery.subject or delivery.body_text
        return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 1] + "…"

    @display(description=gettext_lazy("state"), ordering="state")
    def state_label(self, delivery: Delivery) -> SafeString:
        state = badge(STATE_BADGES[DeliveryState(delivery.state)], delivery.get_state_display())
        if waits_until := waits_until_of(delivery):
            state = badge("warning", _("Waits until %(moment)s") % {"moment": localize(localtime(waits_until))})
        if not delivery.is_test:
            return state
        return format_html("{} {}", state, badge("default", pgettext("sent to try", "Test")))

    @display(description=gettext_lazy("to"))
    def recipients(self, delivery: Delivery) -> str:
        return ", ".join(delivery.to)

    @display(description=gettext_lazy("copy"))
    def copies(self, delivery: Delivery) -> str:
        return ", ".join(delivery.cc)

    @display(description=gettext_lazy("blind copy"))
    def blind_copies(self, delivery: Delivery) -> str:
        return ", ".join(delivery.bcc)

    @display(description=gettext_lazy("reply to"))
    def answers_to(self, delivery: Delivery) -> str:
        return ", ".join(delivery.reply_to)

    @display(description=gettext_lazy("what became of it"))
    def outcomes(self, delivery: Delivery) -> SafeString:
        lines = (
            (
                address,
                OF_RECIPIENTS.get(known.get("state", ""), "–"),
                f" ({reason})" if (reason := known.get("reason")) else "",
            )
            for address, known in sorted(delivery.recipient_states.items())
        )
        return format_html('<ul class="tq-list">{}</ul>', format_html_join("", "<li>{} – {}{}</li>", lines))

    @display(description=gettext_lazy("attachment"))
    def attachment_label(self, delivery: Delivery) -> str:
        return _("Transcript (PDF)") if delivery.attachment == "pdf" else _("Transcript (text file)")

    @display(description=gettext_lazy("text"))
    def text(self, delivery: Delivery) -> str:
        bodies = {"html": delivery.body_html, "text": delivery.body_text}
        return render_to_string("triptyque/email/bodies.html", bodies)

    @display(description=gettext_lazy("segments"))
    def size(self, delivery: Delivery) -> str:
        details = getattr(delivery, "sms", None)
        if details is None:
            return "–"
        alphabet = _("Unicode") if details.encoding == UNICODE else _("telephone’s alphabet")
        return f"{details.segments} ({alphabet})"

    @display(description=gettext_lazy("call"))
    def call_link(self, delivery: Delivery) -> SafeString | str:
        if delivery.call_id is None:
            return "–"
        url = reverse("admin:calls_call_change", args=[delivery.call_id])
        run = f"#run-{delivery.run_id}" if delivery.run_id else ""
        return format_html('<a href="{}{}">{}</a>', url, run, _("See the call"))


def waits_until_of(delivery: Delivery) -> datetime | None:
    """The end of the quiet hours that a text message waits for."""
    details = getattr(delivery, "sms", None)
    return details.waits_until if details is not None and delivery.state == DeliveryState.QUEUED else None
