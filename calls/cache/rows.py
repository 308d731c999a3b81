"""Rows of the cache: what is decided live, what was counted, and the embedded store."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_scopes import ScopedManager

from accounts.models import Account

# ``action_id`` is no foreign key: a release goes on with an action whose row was deleted.


class CacheState(models.Model):
    """Live decisions about one action's results; ``action_id`` 0: about all of the account.

    Results of another ``generation`` are never served. ``version`` grows with every change of any row of the account,
    and is kept in its row for all.
    """

    account = models.ForeignKey(Account, models.CASCADE, related_name="+")
    action_id = models.BigIntegerField(default=0)
    generation = models.PositiveBigIntegerField(default=0)
    version = models.PositiveBigIntegerField(default=0)
    is_paused = models.BooleanField(default=False)

    objects: ClassVar[models.Manager[CacheState]] = ScopedManager(account="account")

    class Meta:
        verbose_name = _("state of a before-call cache")
        verbose_name_plural = _("states of before-call caches")
        constraints = [models.UniqueConstraint(fields=["account", "action_id"], name="calls_cache_state_once")]

    def __str__(self) -> str:
        return f"{self.action_id}: {self.generation}"


class CacheEntry(models.Model):
    """A result in the embedded store, or (``value`` empty) the sign that somebody is making it.

    ``name`` and ``number`` are keyed digests. ``kept_until`` includes the time in which it stands in for failures.
    """

    account = models.ForeignKey(Account, models.CASCADE, related_name="+")
    action_id = models.BigIntegerField()
    generation = models.CharField(max_length=42)
    name = models.CharField(max_length=64)
    number = models.CharField(max_length=64, blank=True)
    value = models.TextField(blank=True)
    size = models.PositiveIntegerField(default=0)
    made_at = models.DateTimeField(default=timezone.now)
    kept_until = models.DateTimeField()
    lease = models.CharField(max_length=32, blank=True)
    lease_until = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager[CacheEntry]] = ScopedManager(account="account")

    class Meta:
        verbose_name = _("kept result")
        verbose_name_plural = _("kept results")
        constraints = [
            models.UniqueConstraint(
                fields=["account", "action_id", "generation", "name"], name="calls_cache_entry_once"
            )
        ]
        indexes = [
            models.Index(fields=["account", "number"], name="calls_cache_by_number"),
            models.Index(fields=["kept_until"], name="calls_cache_by_end"),
            models.Index(fields=["made_at"], name="calls_cache_by_age"),
        ]

    def __str__(self) -> str:
        return self.name[:8]


class ForgottenNumber(models.Model):
    """Results of this number are not kept until then: one may be in the making while it is forgotten."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="+")
    number = models.CharField(max_length=64)
    until = models.DateTimeField(db_index=True)

    objects: ClassVar[models.Manager[ForgottenNumber]] = ScopedManager(account="account")

    class Meta:
        verbose_name = _("forgotten number")
        verbose_name_plural = _("forgotten numbers")
        constraints = [models.UniqueConstraint(fields=["account", "number"], name="calls_cache_forgotten_once")]

    def __str__(self) -> str:
        return self.number[:8]


class CacheUsage(models.Model):
    """What the cache did for one action on one day (UTC). ``saved_ms`` is the time that calls did not wait.

    ``recent`` holds the last calls: when, what they got, and their key as people may see it.
    """

    account = models.ForeignKey(Account, models.CASCADE, related_name="+")
    action_id = models.BigIntegerField()
    day = models.DateField()
    hits = models.PositiveBigIntegerField(default=0)
    stale = models.PositiveBigIntegerField(default=0)
    shared = models.PositiveBigIntegerField(default=0)
    misses = models.PositiveBigIntegerField(default=0)
    skipped = models.PositiveBigIntegerField(default=0)
    saved_ms = models.FloatField(default=0)
    recent = models.JSONField(default=list)

    objects: ClassVar[models.Manager[CacheUsage]] = ScopedManager(account="account")

    class Meta:
        verbose_name = _("use of a before-call cache")
        verbose_name_plural = _("use of before-call caches")
        constraints = [models.UniqueConstraint(fields=["account", "action_id", "day"], name="calls_cache_usage_once")]

    def __str__(self) -> str:
        return f"{self.action_id}: {self.day}"
