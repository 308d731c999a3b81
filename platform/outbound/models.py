"""Private hosts that platform staff opened to an account, and the account's credentials."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from django_scopes import ScopedManager

from outbound.addresses import Reach, reach_of
from outbound.chat_connections import ChatConnection
from outbound.profiles import AuthProfile
from outbound.targets import InvalidHost, normalise_host

__all__ = ["AllowedHost", "AuthProfile", "ChatConnection"]


class AllowedHost(models.Model):
    """One account may reach ``host`` although it is private; on every port if ``port`` is empty."""

    account = models.ForeignKey(
        "accounts.Account", on_delete=models.CASCADE, related_name="allowed_hosts", verbose_name=_("account")
    )
    host = models.CharField(_("host"), max_length=253, help_text=_("A name or an IP address, without a port."))
    port = models.PositiveIntegerField(
        _("port"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(65_535)],
        help_text=_("Empty: every port."),
    )
    reason = models.CharField(_("reason"), max_length=200, help_text=_("Why this account needs the host."))
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name=_("granted by"),
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    objects: ClassVar[models.Manager[AllowedHost]] = ScopedManager(account="account")

    class Meta:
        verbose_name = _("allowed private host")
        verbose_name_plural = _("allowed private hosts")
        ordering = ["host", "port"]
        constraints = [
            models.UniqueConstraint(fields=["account", "host", "port"], name="allowed_host_once"),
            # No port is equal to no other: databases need to be told.
            models.UniqueConstraint(
                fields=["account", "host"],
                condition=models.Q(port__isnull=True),
                name="allowed_host_every_port_once",
            ),
        ]

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Stores the one spelling that requests are compared with; raises :class:`InvalidHost`."""
        self.host, _address = normalise_host(self.host)
        super().save(*args, **kwargs)

    def clean(self) -> None:
        try:
            self.host, address = normalise_host(self.host)
        except InvalidHost:
            raise ValidationError({"host": _("This is neither a host name nor an IP address.")}) from None
        if address is not None and reach_of(address) is Reach.NEVER:
            raise ValidationError({"host": _("This address can be allowed to nobody.")})
