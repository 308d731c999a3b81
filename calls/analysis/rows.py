"""The queue of analyses: one row for each call whose analysis is not settled."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _
from django_scopes import ScopedManager

from accounts.models import Account


class CallAnalysis(models.Model):
    """``due_at``: when a worker goes on with it, whatever has come until then; while ``waits`` the runtime may still
    tell what it found out. A worker holds it by ``claim`` until ``lease_until``.
    """

    call = models.OneToOneField(
        "calls.Call", models.CASCADE, primary_key=True, verbose_name=_("call"), related_name="pending_analysis"
    )
    account = models.ForeignKey(Account, models.CASCADE, related_name="+")
    waits = models.BooleanField(default=False)
    due_at = models.DateTimeField()
    attempt = models.PositiveSmallIntegerField(default=0)
    claim = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager[CallAnalysis]] = ScopedManager(account="account")

    class Meta:
        verbose_name = _("pending analysis")
        verbose_name_plural = _("pending analyses")
        indexes = [models.Index(fields=["due_at"], name="calls_analyses_due")]

    def __str__(self) -> str:
        return str(self.call_id)
