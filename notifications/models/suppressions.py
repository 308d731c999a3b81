"""Addresses that nothing is sent to any more."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_scopes import ScopedManager

from accounts.models import Account


class SuppressionReason(models.TextChoices):
    BOUNCED = "bounced", _("The mailbox does not exist or takes no mail")
    COMPLAINED = "complained", _("Reported our mail as spam")


class Suppression(models.Model):
    """An email address, in small letters, that bounced or complained; until an administrator lifts it."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="+")
    address = models.CharField(_("address"), max_length=320)
    reason = models.CharField(_("reason"), max_length=10, choices=SuppressionReason.choices)
    detail = models.TextField(_("what the mail server said"), blank=True)
    since = models.DateTimeField(_("since"), default=timezone.now)

    objects: ClassVar[models.Manager[Suppression]] = ScopedManager(account="account")

    class Meta:
        verbose_name = _("suppressed address")
        verbose_name_plural = _("suppressed addresses")
        ordering = ["-since", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["account", "address"], name="notifications_one_suppression"),
        ]

    def __str__(self) -> str:
        return self.address
