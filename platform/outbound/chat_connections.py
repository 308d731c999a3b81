"""An account's language models, for work that nobody waits for on the phone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django_scopes import ScopedManager, scopes_disabled

from outbound.profiles import AuthProfile
from outbound.services import clean_url
from outbound.usage import ProfileUse


class ChatConnection(models.Model):
    """Any server that answers ``POST <url>/chat/completions`` as OpenAI does."""

    account = models.ForeignKey(
        "accounts.Account", models.CASCADE, verbose_name=_("account"), related_name="chat_connections"
    )
    name = models.CharField(_("name"), max_length=100)
    url = models.CharField(
        _("address"),
        max_length=300,
        help_text=_(
            "Where the service begins, for example https://api.openai.com/v1: /chat/completions is put behind it."
        ),
    )
    auth_profile = models.ForeignKey(
        AuthProfile,
        models.RESTRICT,
        null=True,
        blank=True,
        related_name="chat_connections",
        verbose_name=_("auth profile"),
        help_text=_("Holds the key of the service. Empty: the service asks for none."),
    )
    model = models.CharField(_("model"), max_length=120, help_text=_("As the service calls it, for example gpt-4o."))
    timeout_s = models.PositiveIntegerField(
        _("time limit (s)"),
        default=30,
        validators=[MinValueValidator(1), MaxValueValidator(120)],
        help_text=_("For one request. Nobody waits on the phone: it may be long."),
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("last change"), auto_now=True)

    objects: ClassVar[models.Manager[ChatConnection]] = ScopedManager(account="account")

    class Meta:
        verbose_name = _("language model")
        verbose_name_plural = _("language models")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "name"],
                name="outbound_chat_connection_name",
                violation_error_message=_("Another language model has this name already."),
            )
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        self.url = clean_url(self.url)


def profile_uses(account_id: int) -> Iterator[ProfileUse]:
    """The auth profiles that language models of the account need."""
    with scopes_disabled():
        rows = list(
            ChatConnection.objects.filter(account=account_id, auth_profile__isnull=False).values_list(
                "pk", "name", "auth_profile__name"
            )
        )
    for pk, name, profile in rows:
        url = reverse("admin:outbound_chatconnection_change", args=[pk])
        yield ProfileUse(profile, str(_("Language model “%(name)s”") % {"name": name}), url)
