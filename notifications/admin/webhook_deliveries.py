"""What was sent to webhooks, attempt by attempt; anything that has ended can be sent again."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.admin import TabularInline
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.decorators import action, display

from accounts.admin_base import Rank, ReadOnly, RecordAdmin, badge, nowrap
from notifications.models import WebhookAttempt, WebhookDelivery, WebhookState
from notifications.webhooks.acting import resend
from outbound.errors import shown_url

STATE_BADGES = {
    WebhookState.QUEUED: "info",
    WebhookState.DELIVERED: "success",
    WebhookState.FAILED: "danger",
    WebhookState.SUPERSEDED: "default",
}


class AttemptInline(ReadOnly, TabularInline):
    model = WebhookAttempt
    fields = ("number", "started_at", "status", "duration_ms", "error", "answer")
    readonly_fields = fields
    extra = 0
    hide_title = True
    verbose_name_plural = gettext_lazy("Attempts, the latest first")


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(RecordAdmin):
    list_display = ("created", "event_type", "recipient", "state_label", "attempts", "call_link", "short_error")
    list_filter = (
        ("state", ChoicesDropdownFilter),
        ("subscription", RelatedDropdownFilter),
    )
    list_select_related = ("subscription", "call")
    search_fields = ("event_type", "error")
    search_help_text = gettext_lazy("Search by event or error")
    fields = (
        "state_label", "error", "event_type", "subscription", "address", "call_link", "message_id",
        "created_at", "ended_at", "attempts", "next_attempt", "text",
    )  # fmt: skip
    readonly_fields = fields
    inlines = (AttemptInline,)
    actions = ("send_again",)
    actions_detail = ("send_one_again",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[WebhookDelivery]:
        deliveries: QuerySet[WebhookDelivery] = super().get_queryset(request)
        return deliveries.defer("body")

    @display(description=gettext_lazy("created"), ordering="created_at")
    def created(self, delivery: WebhookDelivery) -> SafeString:
        return nowrap(delivery.created_at)

    @display(description=gettext_lazy("webhook"), ordering="subscription")
    def recipient(self, delivery: WebhookDelivery) -> str:
        """An action's has no webhook, but an address."""
        return str(delivery.subscription or shown_url(delivery.url))

    @display(description=gettext_lazy("next attempt"))
    def next_attempt(self, delivery: WebhookDelivery) -> SafeString | str:
        """Of an action's message, its run says when."""
        is_ours = delivery.state == WebhookState.QUEUED and delivery.subscription is not None
        return nowrap(delivery.due_at) if is_ours else "–"

    @display(description=gettext_lazy("state"), ordering="state")
    def state_label(self, delivery: WebhookDelivery) -> SafeString:
        return badge(STATE_BADGES[WebhookState(delivery.state)], delivery.get_state_display())

    @display(description=gettext_lazy("error"))
    def short_error(self, delivery: WebhookDelivery) -> SafeString:
        return nowrap(Truncator(delivery.error).chars(60))

    @display(description=gettext_lazy("address"))
    def address(self, delivery: WebhookDelivery) -> str:
        return shown_url(delivery.url) if delivery.url else "–"

    @display(description=gettext_lazy("message id"))
    def message_id(self, delivery: WebhookDelivery) -> str:
        return delivery.message_id

    @display(description=gettext_lazy("body"))
    def text(self, delivery: WebhookDelivery) -> SafeString | str:
        if not delivery.body:
            return _("It is written when it is sent for the first time.")
        return format_html('<pre class="tq-json">{}</pre>', delivery.body)

    @display(description=gettext_lazy("call"))
    def call_link(self, delivery: WebhookDelivery) -> SafeString | str:
        if delivery.call is None:
            return "–"
        url = reverse("admin:calls_call_change", args=[delivery.call_id])
        anchor = f"#run-{delivery.run_id}" if delivery.run_id else ""
        return format_html('<a class="tq-strong tq-nowrap" href="{}{}">{}</a>', url, anchor, delivery.call)

    # --- once more --------------------------------------------------------------------------------

    def has_resend_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._has(request, Rank.EDITOR)

    @admin.action(description=gettext_lazy("Send again"), permissions=["resend"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[WebhookDelivery]) -> None:
        count = sum(resend(delivery) for delivery in queryset.order_by("created_at")[:1000])
        text = ngettext("%(count)d message is sent again.", "%(count)d messages are sent again.", count)
        messages.success(request, text % {"count": count}) if count else messages.warning(request, _refusal())

    @action(description=gettext_lazy("Send again"), permissions=["resend"], icon="replay")
    def send_one_again(self, request: HttpRequest, object_id: str) -> HttpResponse:
        delivery: WebhookDelivery = self.row_or_404(request, object_id)
        url = reverse("admin:notifications_webhookdelivery_change", args=[delivery.pk])
        if request.method != "POST":
            return self.page(
                request,
                "triptyque/confirm.html",
                title=_("Send this message again?"),
                object=delivery,
                text=_("It is the same message with the same id: a receiver that has it already can tell."),
                submit=_("Send again"),
                back=url,
            )
        if resend(delivery):
            messages.success(request, _("The message is on its way: reload this page to see what came of it."))
        else:
            messages.warning(request, _refusal())
        return HttpResponseRedirect(url)


def _refusal() -> str:
    return _("Only messages that have ended can be sent again; an action’s, by trying its run again.")
