"""One message to the outside, whatever carries it: an email, an SMS, a webhook."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django_scopes import ScopedManager

from accounts.models import Account


class Channel(models.TextChoices):
    EMAIL = "email", _("Email")
    SMS = "sms", _("SMS")
    WEBHOOK = "webhook", _("Webhook")


class DeliveryState(models.TextChoices):
    """``sent``: handed over to who carries it, which may tell later what became of it (the three below)."""

    QUEUED = "queued", _("Being sent")
    SENT = "sent", _("Sent")
    DELIVERED = "delivered", _("Delivered")
    BOUNCED = "bounced", _("Bounced")
    COMPLAINED = "complained", _("Reported as spam")
    FAILED = "failed", _("Failed")
    DEAD = "dead", pgettext_lazy("message", "Given up")


class Delivery(models.Model):
    """One message. The row is there before anything leaves, and is never written by people.

    ``failed`` is about the last attempt; whether another one follows is the run's to say, or of whoever sends
    what belongs to no run. Then ``run_id`` is empty, and ``call``, too, where the message is about no call.
    ``recipient_states`` maps a mailbox or number to what is known of it alone: ``{"state", "reason"}``.
    ``provider_id`` is what its carrier calls the message: its reports name nothing else.
    """

    account = models.ForeignKey(Account, models.CASCADE, related_name="+", db_index=False)
    call = models.ForeignKey(
        "calls.Call", models.CASCADE, verbose_name=_("call"), related_name="deliveries", null=True, blank=True
    )
    run_id = models.UUIDField(_("run"), null=True, blank=True)
    channel = models.CharField(_("channel"), max_length=10, choices=Channel.choices)
    is_test = models.BooleanField(_("test"), default=False)
    to = models.JSONField(_("to"), default=list)
    cc = models.JSONField(_("copy"), default=list)
    bcc = models.JSONField(_("blind copy"), default=list)
    reply_to = models.JSONField(_("reply to"), default=list)
    subject = models.TextField(_("subject"), blank=True)
    body_text = models.TextField(_("text"), blank=True)
    body_html = models.TextField(_("formatted text"), blank=True)
    attachment = models.CharField(_("attachment"), max_length=10, blank=True)
    message_id = models.CharField(_("message id"), max_length=255, blank=True)
    provider_id = models.CharField(_("id at the provider"), max_length=255, blank=True)
    recipient_states = models.JSONField(_("what became of it"), default=dict)
    state = models.CharField(_("state"), max_length=10, choices=DeliveryState.choices, default=DeliveryState.QUEUED)
    error = models.TextField(_("error"), blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)

    objects: ClassVar[models.Manager[Delivery]] = ScopedManager(account="account")

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        ordering = ["-created_at", "-id"]
        constraints = [models.UniqueConstraint(fields=["run_id", "channel"], name="notifications_one_delivery_per_run")]
        indexes = [
            models.Index(fields=["account", "-created_at"], name="notifications_by_account"),
            models.Index(fields=["provider_id"], name="notifications_by_provider", condition=~models.Q(provider_id="")),
            models.Index(fields=["channel"], name="notifications_under_way", condition=models.Q(state="queued")),
        ]

    def __str__(self) -> str:
        return f"{self.subject or self.get_channel_display()} → {', '.join(self.to)}"


class ProviderId(models.Model):
    """One more id of an email, from a provider that gives each recipient one of his own."""

    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="provider_ids")
    value = models.CharField(max_length=255, db_index=True)

    objects: ClassVar[models.Manager[ProviderId]] = ScopedManager(account="delivery__account")

    def __str__(self) -> str:
        return self.value
