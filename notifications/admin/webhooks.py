"""Webhooks: what is sent where, how it has gone, and the secret, which is shown once."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from accounts.admin_base import AccountAdmin, PresetForm, badge, nowrap
from actions.announcements import Announced
from notifications.models import WebhookSubscription
from notifications.webhooks.acting import ping
from outbound.errors import shown_url

OVERLAP = dt.timedelta(hours=24)
"""After a rotation, both secrets sign for so long."""

FACTS = ("state", "last_success_at", "last_failure_at", "last_error", "sent")


def event_choices() -> list[tuple[str, SafeString]]:
    """In the reader's language: asked for with each page."""
    return [(event.value, format_html("{} <code>{}</code>", event.label, event.value)) for event in Announced]


class WebhookForm(PresetForm):
    event_types = forms.MultipleChoiceField(
        label=gettext_lazy("Events"),
        choices=event_choices,
        initial=[Announced.CALL_COMPLETED.value],
        widget=UnfoldAdminCheckboxSelectMultipleWidget(),
    )


@admin.register(WebhookSubscription)
class WebhookAdmin(AccountAdmin):
    form = WebhookForm
    list_display = ("name", "address", "events", "short_state", "last_success", "last_failure")
    search_fields = ("name", "description")
    readonly_fields = (*FACTS, "address")
    actions_detail = ("ping", "rotate")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[tuple[Any, dict[str, Any]]]:
        # The address may hold a secret: whoever cannot change it sees it masked.
        url = "url" if self._writes(request, obj) else "address"
        sets: list[tuple[Any, dict[str, Any]]] = [
            (None, {"fields": ["name", "description", url, "event_types", "agents", ("is_enabled", "rate_per_minute")]})
        ]
        if obj:
            sets.append((_("How it has gone"), {"fields": FACTS}))
        return sets

    def _writes(self, request: HttpRequest, obj: Any) -> bool:
        return self.has_change_permission(request, obj) if obj else self.has_add_permission(request)

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "agents":
            kwargs["widget"] = UnfoldAdminCheckboxSelectMultipleWidget()
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "agents":
            # Beside boxes to tick, a menu that adds an agent is only in the way.
            field.widget = field.widget.widget
        return field

    # --- what is shown ----------------------------------------------------------------------------

    @display(description=gettext_lazy("address"))
    def address(self, webhook: WebhookSubscription) -> str:
        return shown_url(webhook.url)

    @display(description=gettext_lazy("events"))
    def events(self, webhook: WebhookSubscription) -> SafeString:
        count = len(webhook.event_types)
        text = webhook.event_types[0] if count == 1 else ngettext("%(count)d event", "%(count)d events", count)
        return nowrap(text % {"count": count})

    @display(description=gettext_lazy("state"))
    def state(self, webhook: WebhookSubscription) -> SafeString:
        return format_html("{} {}", self.short_state(webhook), _why(webhook))

    @display(description=gettext_lazy("state"))
    def short_state(self, webhook: WebhookSubscription) -> SafeString:
        if not webhook.is_enabled:
            return badge("danger" if webhook.disabled_reason else "default", _("Switched off"))
        if webhook.failing_since:
            return badge("warning", _("Failing"))
        return badge("success", pgettext("webhook", "Enabled"))

    @display(description=gettext_lazy("last success"), ordering="last_success_at")
    def last_success(self, webhook: WebhookSubscription) -> SafeString | str:
        return nowrap(webhook.last_success_at) if webhook.last_success_at else "–"

    @display(description=gettext_lazy("last failure"), ordering="last_failure_at")
    def last_failure(self, webhook: WebhookSubscription) -> SafeString | str:
        return nowrap(webhook.last_failure_at) if webhook.last_failure_at else "–"

    @display(description=gettext_lazy("deliveries"))
    def sent(self, webhook: WebhookSubscription) -> SafeString:
        return format_html('<a class="tq-strong" href="{}">{}</a>', _deliveries_url(webhook), _("What was sent"))

    # --- the secret -------------------------------------------------------------------------------

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        return self._secret_page(request, obj, obj.secret)

    def has_write_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._has(request, self.change_rank)

    @action(description=gettext_lazy("Rotate the secret"), permissions=["write"], icon="key")
    def rotate(self, request: HttpRequest, object_id: str) -> HttpResponse:
        webhook: WebhookSubscription = self.row_or_404(request, object_id)
        if request.method != "POST":
            return self.page(
                request,
                "triptyque/confirm.html",
                title=_("Make a new secret?"),
                object=webhook,
                text=_(
                    "For 24 hours, each request is signed with both secrets, so that you can change it at the "
                    "receiver without losing anything. After that, the former one is gone."
                ),
                submit=_("Make a new secret"),
                back=_change_url(webhook),
            )
        secret = webhook.rotate(OVERLAP)
        self.log_change(request, webhook, _("Secret rotated"))
        return self._secret_page(request, webhook, secret)

    def _secret_page(self, request: HttpRequest, webhook: WebhookSubscription, secret: str) -> HttpResponse:
        """The only page that ever shows it: the answer to a form, stored and cached nowhere."""
        return self.page(
            request,
            "triptyque/webhook_secret.html",
            title=_("Copy the secret now"),
            webhook=webhook,
            secret=secret,
            back=_change_url(webhook),
        )

    # --- a test -----------------------------------------------------------------------------------

    @action(description=gettext_lazy("Send a test"), permissions=["write"], icon="send")
    def ping(self, request: HttpRequest, object_id: str) -> HttpResponse:
        webhook: WebhookSubscription = self.row_or_404(request, object_id)
        if request.method != "POST":
            return self.page(
                request,
                "triptyque/confirm.html",
                title=_("Send a test?"),
                object=webhook,
                text=_("A message of the type “ping” is sent to %(url)s, signed like all others.")
                % {"url": shown_url(webhook.url)},
                submit=_("Send it"),
                back=_change_url(webhook),
            )
        delivery = ping(webhook)
        messages.success(request, _("The test is on its way: reload this page to see what came of it."))
        return HttpResponseRedirect(reverse("admin:notifications_webhookdelivery_change", args=[delivery.pk]))


def _why(webhook: WebhookSubscription) -> SafeString | str:
    if webhook.disabled_reason:
        return webhook.get_disabled_reason_display()
    if webhook.is_enabled and webhook.failing_since:
        return format_html(_("since {}"), nowrap(webhook.failing_since))
    return ""


def _change_url(webhook: WebhookSubscription) -> str:
    return reverse("admin:notifications_webhooksubscription_change", args=[webhook.pk])


def _deliveries_url(webhook: WebhookSubscription) -> str:
    return f"{reverse('admin:notifications_webhookdelivery_changelist')}?subscription__id__exact={webhook.pk}"
