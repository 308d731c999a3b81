"""One summary of one period for one member: the row is there before anything leaves."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django_scopes import ScopedManager

from accounts.models import Account, DigestFrequency, User


class DigestState(models.TextChoices):
    QUEUED = "queued"
    SENT = "sent"
    EMPTY = "empty"
    FAILED = "failed"


class DigestEmail(models.Model):
    """``claimed_until``: some worker is sending it; if that one dies, another takes it once this is over."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="+")
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    frequency = models.CharField(max_length=6, choices=DigestFrequency.choices)
    begins_on = models.DateField()
    state = models.CharField(max_length=6, choices=DigestState.choices, default=DigestState.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    claimed_until = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager[DigestEmail]] = ScopedManager(account="account")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "user", "frequency", "begins_on"], name="calls_digest_once")
        ]
        indexes = [models.Index(fields=["id"], name="calls_digests_due", condition=models.Q(state="queued"))]

    def __str__(self) -> str:
        return f"{self.frequency} {self.begins_on} → {self.user}"
