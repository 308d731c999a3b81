"""The record of what was sent: deliveries. The configuration lives beside each kind."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_scopes import ScopedManager

from accounts.models import Account
from actions.registry import import_kinds


class Channel(models.TextChoices):
    EMAIL = "email", _("Email")


class DeliveryState(models.TextChoices):
    QUEUED = "queued", _("Being sent")
    SENT = "sent", _("Sent")
    FAILED = "failed", _("Failed")


class Delivery(models.Model):
    """One message of one run. The row is there before anything leaves, and is never written by people.

    ``failed`` is about the last attempt; whether another one follows is the run's to say.
    """

    account = models.ForeignKey(Account, models.CASCADE, related_name="+")
    call = models.ForeignKey("calls.Call", models.CASCADE, verbose_name=_("call"), related_name="deliveries")
    run_id = models.UUIDField(_("run"))
    channel = models.CharField(_("channel"), max_length=10, choices=Channel.choices)
    to = models.JSONField(_("to"), default=list)
    cc = models.JSONField(_("copy"), default=list)
    bcc = models.JSONField(_("blind copy"), default=list)
    subject = models.TextField(_("subject"), blank=True)
    body_text = models.TextField(_("text"), blank=True)
    message_id = models.CharField(_("message id"), max_length=255)
    state = models.CharField(_("state"), max_length=6, choices=DeliveryState.choices, default=DeliveryState.QUEUED)
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
        indexes = [models.Index(fields=["account", "-created_at"], name="notifications_by_account")]

    def __str__(self) -> str:
        return f"{self.subject} → {', '.join(self.to)}"


import_kinds("notifications.kinds")
