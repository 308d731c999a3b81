"""An account's credentials, by the names under which workflows use them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import uuid4

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from django_scopes import ScopedManager

from outbound.auth import registry
from outbound.auth.base import AuthKind, Credential
from outbound.hosts import normalise_rule
from outbound.profile_checks import check_profile
from outbound.secrets import SealedField, Secrets, seal, unseal

NAME = re.compile(r"\A[a-z0-9][a-z0-9_-]{0,62}\Z")

HOSTS_HELP = _(
    "The only hosts that this may be sent to, one per line: crm.example.com, *.example.com, "
    "crm.example.com:8443. Strongly advised; empty: wherever a workflow sends it."
)


class AuthProfile(models.Model):
    """How requests prove to another system on whose behalf they ask. Workflows and releases hold its name only.

    Secrets are given by ``new_secrets`` and sealed by ``save``; nothing gives them back but ``credential``.
    """

    account = models.ForeignKey(
        "accounts.Account", on_delete=models.CASCADE, related_name="auth_profiles", verbose_name=_("account")
    )
    name = models.CharField(
        _("name"),
        max_length=63,
        validators=[
            RegexValidator(NAME, _("A name has small letters, digits, - and _; it starts with a letter or a digit."))
        ],
        help_text=_("What workflows call it, for example crm. It cannot be changed later."),
    )
    kind = models.CharField(_("type"), max_length=40, editable=False)
    description = models.CharField(_("description"), max_length=200, blank=True)
    hosts = models.JSONField(
        _("allowed hosts"),
        default=list,
        blank=True,
        help_text=HOSTS_HELP,
    )
    settings = models.JSONField(_("settings"), default=dict, blank=True)
    sealed_secrets = SealedField()
    # Another one after each change: tokens and connections of the former one are not used any more.
    revision = models.UUIDField(default=uuid4, editable=False)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("last change"), auto_now=True)

    new_secrets: Secrets | None = None
    """What was entered; what is missing is kept."""

    objects: ClassVar[models.Manager[AuthProfile]] = ScopedManager(account="account")

    class Meta:
        verbose_name = _("auth profile")
        verbose_name_plural = _("auth profiles")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "name"],
                name="auth_profile_name_once",
                violation_error_message=_("Another auth profile has this name already."),
            )
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Raises ValidationError for another name or kind than the stored one's."""
        stored = self._stored()
        if stored is not None and (stored.name, stored.kind, stored.account_id) != (
            self.name,
            self.kind,
            self.account_id,
        ):
            raise ValidationError({"name": _("Name and type of an auth profile cannot be changed.")})
        self.hosts = [normalise_rule(str(rule)) for rule in self.hosts]
        if self.new_secrets is not None:
            self._seal(self.new_secrets)
            self.new_secrets = None
        self.revision = uuid4()
        super().save(*args, **kwargs)

    @property
    def kind_object(self) -> AuthKind:
        """Raises KeyError for a kind that is not there any more."""
        return registry.get(self.kind)

    def enter_secrets(self, values: Mapping[str, str]) -> None:
        """Empty ones are kept as they are."""
        self.new_secrets = Secrets({name: value for name, value in values.items() if value})

    def clean(self) -> None:
        """Settings, hosts and secrets as they will be; raises ValidationError at settings, hosts or secrets."""
        super().clean()
        check_profile(self, self._stored())

    def secrets_after(self, entered: Secrets) -> Secrets:
        """What is stored and asked for by the settings, with ``entered`` put over it; raises SecretsUnreadable."""
        names = self.kind_object.secret_names(self.parsed_settings())
        required = {name for name, is_required in names.items() if is_required}
        kept = {} if required <= set(entered) else dict(unseal(self.sealed_secrets))
        merged = {**kept, **entered}
        return Secrets({name: merged[name] for name in names if name in merged})

    def parsed_settings(self) -> Any:
        """Raises pydantic's ValidationError."""
        return self.kind_object.Settings.model_validate(self.settings)

    def credential(self) -> Credential:
        """Opened, ready to be sent; raises SecretsUnreadable, KeyError or pydantic's ValidationError."""
        secrets, settings = unseal(self.sealed_secrets), self.parsed_settings()
        missing = [name for name, required in self.kind_object.secret_names(settings).items() if required]
        if not set(missing) <= set(secrets):
            raise KeyError("secrets")
        return Credential(
            account_id=self.account_id,
            name=self.name,
            kind=self.kind_object,
            revision=self.revision,
            settings=settings,
            secrets=secrets,
            hosts=tuple(self.hosts),
            expires_at=self.expires_at,
        )

    def _seal(self, entered: Secrets) -> None:
        secrets = self.secrets_after(entered)
        self.sealed_secrets = seal(secrets)
        self.expires_at = self.kind_object.expires_at(self.parsed_settings(), secrets)

    def _stored(self) -> AuthProfile | None:
        if self._state.adding:
            return None
        stored: AuthProfile | None = type(self)._base_manager.filter(pk=self.pk).first()
        return stored
