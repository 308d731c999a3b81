"""Contacts: what an account knows of the people it talks to, keyed by phone number."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _
from django_scopes import ScopedManager

from accounts.models import Account
from contacts.values import validate_attributes, validate_external_ids


class Contact(models.Model):
    """One person, or whoever answers at ``phone``: E.164 where it is a number, else as the network gave it."""

    account = models.ForeignKey(Account, models.CASCADE, verbose_name=_("account"), related_name="contacts")
    phone = models.CharField(_("phone"), max_length=255)
    attributes = models.JSONField(_("attributes"), default=dict, blank=True, validators=[validate_attributes])
    external_ids = models.JSONField(
        _("external ids"),
        default=dict,
        blank=True,
        validators=[validate_external_ids],
        help_text=_("What other systems call this contact, by the name of the system."),
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("last change"), auto_now=True)

    objects: ClassVar[models.Manager[Contact]] = ScopedManager(account="account")

    class Meta:
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        ordering = ["-updated_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "phone"],
                name="contacts_phone_once",
                violation_error_message=_("Another contact has this number already."),
            )
        ]
        indexes = [models.Index(fields=["account", "-updated_at"], name="contacts_by_change")]

    def __str__(self) -> str:
        return self.phone
