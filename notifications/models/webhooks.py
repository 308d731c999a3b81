"""Webhooks: who wants to hear of what, the messages owed to them, and every attempt to deliver one."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar
from uuid import UUID

import uuid_utils.compat
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django_scopes import ScopedManager

from accounts.models import Account
from actions.announcements import Announced
from notifications.webhooks.secrets import SIGNING_KEYS, SigningKeys, new_secret
from notifications.webhooks.urls import url_errors
from outbound.secrets import SealedField, seal, unseal

PING = "ping"
"""The type of a message that only tests the way to the endpoint."""

MOST_PER_MINUTE = 6000


def new_id() -> UUID:
    """A UUID version 7 (RFC 9562): grows with time, so that inserts land at the end of the index."""
    return uuid_utils.compat.uuid7()


def validate_event_types(value: object) -> None:
    known = Announced.values
    if not isinstance(value, list) or not value or not all(isinstance(each, str) and each in known for each in value):
        raise ValidationError(_("Choose at least one of: %(known)s."), params={"known": ", ".join(known)})


class DisabledReason(models.TextChoices):
    GONE = "gone", _("The address answered that it is gone for good (410)")
    FAILING = "failing", _("Nothing could be delivered for days")


class WebhookSubscription(models.Model):
    """An endpoint of the account, what it wants to hear of, and how it has gone so far.

    ``secret`` signs; while ``previous_until`` lies ahead, the secret before it signs, too. ``claim`` and
    ``lease_until`` say which process is sending to the endpoint: never two at once.
    """

    account = models.ForeignKey(Account, models.CASCADE, related_name="+")
    name = models.CharField(_("name"), max_length=100)
    description = models.CharField(_("description"), max_length=200, blank=True)
    url = models.CharField(
        _("address"), max_length=2000, help_text=_("https://…; the events are sent there as POST requests.")
    )
    event_types = models.JSONField(_("events"), default=list, validators=[validate_event_types])
    agents = models.ManyToManyField(
        "actions.Agent",
        verbose_name=_("only these agents"),
        related_name="+",
        blank=True,
        help_text=_("None: the calls of all agents."),
    )
    is_enabled = models.BooleanField(pgettext_lazy("webhook", "enabled"), default=True)
    rate_per_minute = models.PositiveSmallIntegerField(
        _("at most, per minute"),
        default=300,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_PER_MINUTE)],
        help_text=_("Requests to this address. What is more than that waits its turn."),
    )
    sealed_secrets = SealedField()
    previous_until = models.DateTimeField(_("former secret valid until"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    # How it has gone.
    last_success_at = models.DateTimeField(_("last success"), null=True, blank=True, editable=False)
    last_failure_at = models.DateTimeField(_("last failure"), null=True, blank=True, editable=False)
    last_error = models.TextField(_("last error"), blank=True, editable=False)
    failing_since = models.DateTimeField(_("failing since"), null=True, blank=True, editable=False)
    disabled_at = models.DateTimeField(_("disabled"), null=True, blank=True, editable=False)
    disabled_reason = models.CharField(
        _("disabled because"), max_length=10, choices=DisabledReason.choices, blank=True, editable=False
    )
    # Administrators are owed an email about it.
    notice_due_at = models.DateTimeField(null=True, blank=True, editable=False)
    # Who sends, and from when on.
    paused_until = models.DateTimeField(null=True, blank=True, editable=False)
    claim = models.UUIDField(null=True, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)

    objects: ClassVar[models.Manager[WebhookSubscription]] = ScopedManager(account="account")

    class Meta:
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "name"],
                name="notifications_webhook_name",
                violation_error_message=_("Another webhook has this name already."),
            )
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self.sealed_secrets:
            self.sealed_secrets = seal({"current": new_secret()})
        if self.is_enabled and self.disabled_at:
            # Somebody has switched it on again: it starts afresh.
            self.disabled_at, self.disabled_reason, self.failing_since = None, "", None
            self.notice_due_at = self.paused_until = None
        super().save(*args, **kwargs)

    def clean(self) -> None:
        super().clean()
        self.url = self.url.strip()
        if errors := url_errors(self.account_id, self.url):
            raise ValidationError({"url": errors})

    @property
    def secret(self) -> str:
        """``whsec_…``; raises SecretsUnreadable."""
        return unseal(self.sealed_secrets)["current"]

    def signing_keys(self) -> SigningKeys:
        """Those that sign now, the newest first; raises SecretsUnreadable."""
        secrets = unseal(self.sealed_secrets)
        is_rotating = self.previous_until is not None and self.previous_until > timezone.now()
        names = SIGNING_KEYS if is_rotating else SIGNING_KEYS[:1]
        return SigningKeys(tuple(secrets[name] for name in names if name in secrets))

    def rotate(self, overlap: dt.timedelta) -> str:
        """A new secret, beside which the present one signs for ``overlap``; stored. Raises SecretsUnreadable."""
        current = new_secret()
        self.sealed_secrets = seal({"current": current, "previous": self.secret})
        self.previous_until = timezone.now() + overlap
        self.save(update_fields=["sealed_secrets", "previous_until"])
        return current


class WebhookState(models.TextChoices):
    QUEUED = "queued", _("To be sent")
    DELIVERED = "delivered", _("Delivered")
    FAILED = "failed", _("Failed")
    SUPERSEDED = "superseded", _("Replaced by a newer one")


class WebhookDelivery(models.Model):
    """One message, owed since the transaction of what it tells. Its id and body stay the same over all attempts.

    Without a subscription it is an action's: its run says when it is tried again. ``body`` is empty until the first
    attempt. ``run_id`` names the action's run, or the run that was given up.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(Account, models.CASCADE, related_name="+", db_index=False)
    subscription = models.ForeignKey(
        WebhookSubscription,
        models.CASCADE,
        verbose_name=_("webhook"),
        related_name="deliveries",
        null=True,
        blank=True,
        db_index=False,
    )
    call = models.ForeignKey(
        "calls.Call", models.CASCADE, verbose_name=_("call"), related_name="+", null=True, blank=True
    )
    run_id = models.UUIDField(_("run"), null=True, blank=True)
    event_type = models.CharField(_("event"), max_length=40)
    happened_at = models.DateTimeField(_("happened"), default=timezone.now)
    url = models.CharField(_("address"), max_length=2000, blank=True)
    body = models.TextField(_("body"), blank=True)
    state = models.CharField(_("state"), max_length=10, choices=WebhookState.choices, default=WebhookState.QUEUED)
    error = models.TextField(_("error"), blank=True)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    due_at = models.DateTimeField(default=timezone.now)
    give_up_at = models.DateTimeField(_("given up after"), null=True, blank=True)
    # Failed attempts since it was last to be sent: they make the wait longer.
    failures = models.PositiveIntegerField(default=0)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    objects: ClassVar[models.Manager[WebhookDelivery]] = ScopedManager(account="account")

    class Meta:
        verbose_name = _("webhook delivery")
        verbose_name_plural = _("webhook deliveries")
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["subscription", "call"],
                condition=models.Q(event_type="call.transcript_update", state="queued", attempts=0),
                name="notifications_one_update_waits",
            ),
            models.UniqueConstraint(
                fields=["run_id"],
                condition=models.Q(subscription=None),
                name="notifications_one_webhook_per_run",
            ),
        ]
        indexes = [
            models.Index(
                fields=["subscription", "due_at"], name="notifications_webhooks_due", condition=models.Q(state="queued")
            ),
            models.Index(fields=["account", "-created_at"], name="notifications_webhooks_by_acc"),
            models.Index(fields=["subscription", "-created_at"], name="notifications_webhooks_by_sub"),
        ]

    def __str__(self) -> str:
        return f"{self.event_type} {self.message_id}"

    @property
    def message_id(self) -> str:
        """``webhook-id``: the receiver's key for what it has seen already."""
        return f"msg_{self.pk.hex}"


class WebhookAttempt(models.Model):
    """One request; the row is there before it leaves, so that none is forgotten. ``status`` None: no answer."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="+")
    delivery = models.ForeignKey(
        WebhookDelivery, models.CASCADE, verbose_name=_("webhook delivery"), related_name="attempt_rows", db_index=False
    )
    subscription = models.ForeignKey(WebhookSubscription, models.CASCADE, related_name="+", null=True, db_index=False)
    number = models.PositiveIntegerField(_("attempt"))
    started_at = models.DateTimeField(_("started"), default=timezone.now)
    duration_ms = models.FloatField(_("duration (ms)"), null=True)
    status = models.PositiveSmallIntegerField(_("status"), null=True)
    error = models.TextField(_("error"), blank=True)
    answer = models.TextField(_("answer"), blank=True)

    objects: ClassVar[models.Manager[WebhookAttempt]] = ScopedManager(account="account")

    class Meta:
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["delivery", "number"], name="notifications_attempt_once")]
        indexes = [models.Index(fields=["subscription", "-started_at"], name="notifications_webhook_rate")]

    def __str__(self) -> str:
        return str(self.number)
