"""Who uses the platform: users, accounts, members and their roles, API keys."""

from __future__ import annotations

import zoneinfo
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_scopes import ScopedManager

from accounts import keys

if TYPE_CHECKING:
    from datetime import datetime


class Language(models.TextChoices):
    FRENCH = "fr", _("French")
    ENGLISH = "en", _("English")


def validate_time_zone(value: str) -> None:
    if value not in zoneinfo.available_timezones():
        raise ValidationError(
            _("“%(value)s” is not a known time zone; write for example Europe/Paris."), params={"value": value}
        )


class TimeZoneField(models.CharField):
    """An IANA time zone name."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        defaults = {"max_length": 64, "default": "Europe/Paris", "validators": [validate_time_zone]}
        super().__init__(*args, **{**defaults, **kwargs})


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, email: str | None) -> User:
        return self.get(email__iexact=email)

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    """A person; ``is_staff`` means platform staff, who may enter every account."""

    email = models.EmailField(_("email"), unique=True)
    full_name = models.CharField(_("full name"), max_length=150, blank=True)
    language = models.CharField(_("language"), max_length=2, choices=Language.choices, default=Language.FRENCH)
    time_zone = TimeZoneField(_("time zone"))
    is_active = models.BooleanField(_("active"), default=True)
    is_staff = models.BooleanField(
        _("platform staff"), default=False, help_text=_("May enter every account and switch its features.")
    )
    date_joined = models.DateTimeField(_("date joined"), default=timezone.now, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        ordering = ["email"]

    def __str__(self) -> str:
        return self.full_name or self.email

    def get_full_name(self) -> str:
        return self.full_name

    def clean(self) -> None:
        super().clean()
        self.email = self.email.lower()


class Account(models.Model):
    """A tenant; everything belongs to one."""

    name = models.CharField(_("name"), max_length=100)
    slug = models.SlugField(_("short name"), max_length=63, unique=True)
    is_active = models.BooleanField(
        _("active"), default=True, help_text=_("The API keys of an inactive account are refused.")
    )
    before_call_cache = models.BooleanField(
        _("before-call cache"),
        default=False,
        help_text=_("Lets agents reuse the results of actions before the call. Switched by platform staff only."),
    )
    time_zone = TimeZoneField(_("time zone"), help_text=_("When the account’s day begins, for summaries by email."))
    retention_days = models.PositiveSmallIntegerField(
        _("keep calls for (days)"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(3650)],
        help_text=_(
            "Older calls are deleted with their transcripts, runs and messages. Empty: they are kept for ever."
        ),
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Role(models.TextChoices):
    ADMIN = "admin", _("Administrator")
    EDITOR = "editor", _("Editor")
    VIEWER = "viewer", _("Viewer")


class DigestFrequency(models.TextChoices):
    """How often a member gets a summary of the account's calls by email."""

    NONE = "none", _("Never")
    DAILY = "daily", _("Every morning")
    WEEKLY = "weekly", _("On Monday morning")


class Membership(models.Model):
    """A user's role in an account."""

    user = models.ForeignKey(User, models.CASCADE, verbose_name=_("user"), related_name="memberships")
    account = models.ForeignKey(Account, models.CASCADE, verbose_name=_("account"), related_name="memberships")
    role = models.CharField(_("role"), max_length=10, choices=Role.choices, default=Role.VIEWER)
    digest = models.CharField(
        _("summary of the calls by email"),
        max_length=6,
        choices=DigestFrequency.choices,
        default=DigestFrequency.NONE,
        help_text=_("In the language of the person, in the morning of the account’s time zone."),
    )

    objects: ClassVar[models.Manager[Membership]] = ScopedManager(account="account")

    class Meta:
        verbose_name = _("member")
        verbose_name_plural = _("members")
        ordering = ["user__email"]
        constraints = [models.UniqueConstraint(fields=["user", "account"], name="accounts_one_membership")]

    def __str__(self) -> str:
        return f"{self.user} ({self.get_role_display()})"

    @property
    def may_edit(self) -> bool:
        return self.role in {Role.ADMIN, Role.EDITOR}

    @property
    def may_administer(self) -> bool:
        return self.role == Role.ADMIN


class KeyScope(models.TextChoices):
    CALLS = "calls", _("Calls: begin calls, run actions, read calls")
    CONFIG = "config", _("Configuration: agents, actions, workflows, releases")


def validate_key_scopes(value: object) -> None:
    known = set(KeyScope.values)
    if not isinstance(value, list) or not value or not set(value) <= known:
        raise ValidationError(_("Choose at least one of: %(known)s."), params={"known": ", ".join(sorted(known))})


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def issue(
        self, *, account: Account, name: str, scopes: list[str], expires_at: datetime | None = None
    ) -> tuple[ApiKey, str]:
        """A new key and its plain text, which can never be read again."""
        prefix, plain_text = keys.generate()
        key = self.create(
            account=account,
            name=name,
            scopes=scopes,
            prefix=prefix,
            secret_hash=keys.digest(plain_text),
            expires_at=expires_at,
        )
        return key, plain_text


ApiKeyManager = models.Manager.from_queryset(ApiKeyQuerySet)


class ApiKey(models.Model):
    """A key for programs: only the digest of its secret is stored, the prefix tells keys apart."""

    account = models.ForeignKey(Account, models.CASCADE, verbose_name=_("account"), related_name="api_keys")
    name = models.CharField(_("name"), max_length=100)
    prefix = models.CharField(_("prefix"), max_length=16, unique=True, editable=False)
    secret_hash = models.CharField(max_length=64, editable=False)
    scopes = models.JSONField(_("may be used for"), default=list, validators=[validate_key_scopes])
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True, editable=False)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True, editable=False)

    objects: ClassVar[ApiKeyManager] = ScopedManager(account="account", _manager_class=ApiKeyManager)

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.name} (tq_{self.prefix}_…)"

    @property
    def is_usable(self) -> bool:
        expired = self.expires_at is not None and self.expires_at <= timezone.now()
        return self.revoked_at is None and not expired

    def revoke(self) -> None:
        """For good: a revoked key is never accepted again."""
        if self.revoked_at is None:
            self.revoked_at = timezone.now()
            self.save(update_fields=["revoked_at"])
