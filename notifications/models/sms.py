"""Text messages: through whom an account sends them, what is known of each, and who wants none."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import uuid4

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_scopes import ScopedManager

from accounts.models import Account
from actions.phones import REGIONS, validate_region
from notifications.models.deliveries import Delivery
from notifications.sms.numbers import normalise
from notifications.sms.providers.registry import PROVIDERS
from outbound.models import AuthProfile
from outbound.secrets import SealedField, Secrets, seal, unseal

if TYPE_CHECKING:
    from notifications.sms.providers.base import Provider

__all__ = ["REGIONS", "OptOut", "OptOutSource", "Receipt", "SmsConnection", "SmsDetails"]


def new_token() -> str:
    """256 bits, for an address that nobody guesses."""
    return secrets.token_urlsafe(32)


class SmsConnection(models.Model):
    """An account with a provider of text messages. Referenced by releases, never copied into one.

    Secrets are given by ``enter_secrets`` and sealed by ``save``; nothing shows them again. Whoever knows ``token``
    can report what became of messages.
    """

    account = models.ForeignKey(Account, models.CASCADE, verbose_name=_("account"), related_name="sms_connections")
    name = models.CharField(_("name"), max_length=100)
    provider = models.CharField(_("provider"), max_length=20, choices=[(each.name, each.label) for each in PROVIDERS])
    sender = models.CharField(
        _("sender"),
        max_length=34,
        blank=True,
        help_text=_("What the telephone shows: a number such as +33612345678, or up to 11 letters and digits."),
    )
    region = models.CharField(
        _("country of numbers"),
        max_length=2,
        blank=True,
        validators=[validate_region],
        help_text=_("Numbers written without a country code, such as 06 12 34 56 78, are of this country."),
    )
    settings = models.JSONField(_("settings"), default=dict, blank=True)
    auth_profile = models.ForeignKey(
        AuthProfile,
        models.RESTRICT,
        null=True,
        blank=True,
        related_name="sms_connections",
        verbose_name=_("auth profile"),
        help_text=_("Proves to the provider who is asking."),
    )
    sealed_secrets = SealedField()
    token = models.CharField(max_length=64, unique=True, default=new_token, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("last change"), auto_now=True)

    objects: ClassVar[models.Manager[SmsConnection]] = ScopedManager(account="account")

    new_secrets: Secrets | None = None
    """What was entered; what is missing is kept."""

    class Meta:
        verbose_name = _("SMS connection")
        verbose_name_plural = _("SMS connections")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "name"],
                name="notifications_sms_connection_name",
                violation_error_message=_("Another SMS connection has this name already."),
            )
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.new_secrets:
            names = {form.name for form in self.provider_object.secret_forms}
            merged = {**(dict(self._kept()) if self.sealed_secrets else {}), **self.new_secrets}
            self.sealed_secrets = seal({name: value for name, value in merged.items() if name in names})
        self.new_secrets = None
        super().save(*args, **kwargs)

    @property
    def provider_object(self) -> Provider:
        """Raises StopIteration for a provider that is not there any more."""
        return next(each for each in PROVIDERS if each.name == self.provider)

    def enter_secrets(self, values: Mapping[str, str]) -> None:
        """Empty ones are kept as they are."""
        self.new_secrets = Secrets({name: value for name, value in values.items() if value})

    def secrets(self) -> Secrets:
        """In plain text. Raises SecretsUnreadable."""
        return unseal(self.sealed_secrets)

    def clean(self) -> None:
        from notifications.sms.checking import check_connection

        super().clean()
        stored = None if self._state.adding else type(self)._base_manager.filter(pk=self.pk).first()
        check_connection(self, stored)

    def _kept(self) -> Secrets:
        """None of those that were entered anew is read: a lost key must not stand in the way of new secrets."""
        names = {form.name for form in self.provider_object.secret_forms}
        return Secrets() if names <= set(self.new_secrets or ()) else self.secrets()


class Receipt(models.TextChoices):
    """What the provider said last of a message."""

    NONE = "", _("nothing yet")
    SENT = "sent", _("on its way")
    FAILED = "failed", _("not delivered")
    DELIVERED = "delivered", _("delivered")


class SmsDetails(models.Model):
    """What a delivery has because it is a text message.

    ``reference`` is our name for it towards the provider, ``waits_until`` the end of the quiet hours that it was
    put off for.
    """

    delivery = models.OneToOneField(Delivery, models.CASCADE, primary_key=True, related_name="sms")
    connection = models.ForeignKey(
        SmsConnection, models.SET_NULL, verbose_name=_("SMS connection"), null=True, related_name="+"
    )
    reference = models.UUIDField(default=uuid4, unique=True, editable=False)
    encoding = models.CharField(_("alphabet"), max_length=7)
    segments = models.PositiveSmallIntegerField(_("segments"))
    waits_until = models.DateTimeField(_("waits until"), null=True)
    receipt = models.CharField(_("receipt"), max_length=9, choices=Receipt.choices, blank=True)

    objects: ClassVar[models.Manager[SmsDetails]] = ScopedManager(account="delivery__account")

    class Meta:
        verbose_name = _("text message")
        verbose_name_plural = _("text messages")

    def __str__(self) -> str:
        return str(self.delivery)


class OptOutSource(models.TextChoices):
    KEYWORD = "keyword", _("Answer by SMS")
    PROVIDER = "provider", _("The provider’s own list")
    MANUAL = "manual", _("Entered by hand")
    API = "api", _("API")


class OptOut(models.Model):
    """A number in E.164 that the account sends no text message to."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="+")
    number = models.CharField(_("number"), max_length=32, help_text=_("For example +33612345678."))
    since = models.DateTimeField(_("since"), default=timezone.now, editable=False)
    source = models.CharField(
        _("source"), max_length=8, choices=OptOutSource.choices, default=OptOutSource.MANUAL, editable=False
    )
    note = models.CharField(_("note"), max_length=200, blank=True)

    objects: ClassVar[models.Manager[OptOut]] = ScopedManager(account="account")

    class Meta:
        verbose_name = _("opt-out")
        verbose_name_plural = _("opt-outs")
        ordering = ["-since", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "number"],
                name="notifications_opt_out_once",
                violation_error_message=_("This number is on the list already."),
            )
        ]

    def __str__(self) -> str:
        return self.number

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Stores the one spelling that recipients are compared with; raises ValidationError."""
        self.clean()
        super().save(*args, **kwargs)

    def clean(self) -> None:
        super().clean()
        number = normalise(self.number)
        if number is None:
            message = _("“%(value)s” is not a phone number in international form; write for example +33612345678.")
            raise ValidationError({"number": ValidationError(message, params={"value": self.number})})
        self.number = number
