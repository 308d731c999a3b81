"""Where calls may be transferred to, and through which telephone lines.

``TransferAction`` lives beside its kind (``transfers.kinds.transfer``); importing this module brings it in.
"""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django_scopes import ScopedManager

from accounts.models import Account
from actions.registry import import_kinds
from outbound.secrets import SealedField, seal, unseal
from schedules.slots import validate_time_slots
from transfers.checking import check_connection, check_destination
from transfers.numbers import DestinationNumberField
from transfers.sip_headers import validate_sip_headers

SHORTEST_RING_S, LONGEST_RING_S, DEFAULT_RING_S = 5, 45, 20


class Transport(models.TextChoices):
    UDP = "udp", "UDP"
    TCP = "tcp", "TCP"
    TLS = "tls", "TLS"


class SipConnection(models.Model):
    """A line of the account's telephone provider or PBX (RFC 3261). Referenced by releases, never copied into one."""

    account = models.ForeignKey(Account, models.CASCADE, verbose_name=_("account"), related_name="sip_connections")
    name = models.CharField(_("name"), max_length=100)
    host = models.CharField(_("host"), max_length=253, help_text=_("For example sip.example.com."))
    port = models.PositiveIntegerField(
        _("port"), default=5060, validators=[MinValueValidator(1), MaxValueValidator(65535)]
    )
    transport = models.CharField(_("transport"), max_length=3, choices=Transport.choices, default=Transport.UDP)
    user = models.CharField(_("user"), max_length=100, blank=True)
    secrets = SealedField()
    caller_id = models.CharField(
        _("caller id"),
        max_length=16,
        blank=True,
        help_text=_("The number that this line shows, for example +33199000001."),
    )
    headers = models.JSONField(_("default SIP headers"), default=list, blank=True, validators=[validate_sip_headers])
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("last change"), auto_now=True)

    objects: ClassVar[models.Manager[SipConnection]] = ScopedManager(account="account")

    new_password: str | None = None
    """What was entered; None or '' keeps what is stored."""

    class Meta:
        verbose_name = _("SIP connection")
        verbose_name_plural = _("SIP connections")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "name"],
                name="transfers_sip_connection_name",
                violation_error_message=_("Another SIP connection has this name already."),
            )
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.new_password:
            self.secrets, self.new_password = seal({"password": self.new_password}), None
        super().save(*args, **kwargs)

    def clean(self) -> None:
        super().clean()
        stored = None if self._state.adding else type(self)._base_manager.filter(pk=self.pk).first()
        check_connection(self, stored)

    @property
    def password(self) -> str:
        """In plain text; '' where there is none. Raises SecretsUnreadable."""
        return unseal(self.secrets).get("password", "")


class DestinationType(models.TextChoices):
    NUMBER = "number", _("Phone number")
    SIP_URI = "sip_uri", _("SIP address")
    AGENT = "agent", _("Another agent")


class TransferDestination(models.Model):
    """Where a call may be transferred to: one of ``phone`` (E.164), ``sip_uri`` and ``agent``, as ``type`` says.

    One action may have hundreds of thousands: no index that only a few rows need covers all of them.
    """

    action = models.ForeignKey(
        "transfers.TransferAction",
        models.CASCADE,
        verbose_name=_("transfer"),
        related_name="destinations",
        # The unique constraint begins with the action: that is index enough.
        db_index=False,
    )
    type = models.CharField(_("type"), max_length=7, choices=DestinationType.choices, default=DestinationType.NUMBER)
    phone = DestinationNumberField(_("phone number"), null=True, blank=True, help_text=_("For example +33199000001."))
    sip_uri = models.CharField(
        _("SIP address"), max_length=255, null=True, blank=True, help_text=_("For example sip:support@pbx.example.com.")
    )
    agent = models.ForeignKey(
        "actions.Agent",
        models.RESTRICT,
        verbose_name=_("agent"),
        related_name="transferred_from",
        null=True,
        blank=True,
        db_index=False,
    )
    description = models.CharField(
        _("description"),
        max_length=200,
        blank=True,
        help_text=_("Who answers there, for example “Technical support”: the agent chooses by it."),
    )
    enabled = models.BooleanField(_("enabled"), default=True)
    ring_time_s = models.PositiveSmallIntegerField(
        _("ring time (s)"),
        null=True,
        blank=True,
        validators=[MinValueValidator(SHORTEST_RING_S), MaxValueValidator(LONGEST_RING_S)],
        help_text=_("Empty: that of the transfer."),
    )
    schedule = models.ForeignKey(
        "schedules.Schedule",
        models.RESTRICT,
        verbose_name=_("schedule"),
        related_name="destinations",
        null=True,
        blank=True,
        db_index=False,
    )
    time_slots = models.JSONField(_("time slots"), default=list, blank=True, validators=[validate_time_slots])
    position = models.PositiveIntegerField(_("position"), default=0)

    objects: ClassVar[models.Manager[TransferDestination]] = ScopedManager(account="action__agent__account")

    class Meta:
        verbose_name = _("destination")
        verbose_name_plural = _("destinations")
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["action", "phone"],
                name="transfers_phone_once_per_action",
                violation_error_message=_("This action has the number already."),
            ),
            models.UniqueConstraint(
                fields=["action", "sip_uri"],
                condition=models.Q(sip_uri__isnull=False),
                name="transfers_sip_uri_once_per_action",
                violation_error_message=_("This action has the address already."),
            ),
            models.UniqueConstraint(
                fields=["action", "agent"],
                condition=models.Q(agent__isnull=False),
                name="transfers_agent_once_per_action",
                violation_error_message=_("This action has the agent already."),
            ),
        ]
        indexes = [
            models.Index(fields=["agent"], condition=models.Q(agent__isnull=False), name="transfers_destination_agent"),
            models.Index(
                fields=["schedule"], condition=models.Q(schedule__isnull=False), name="transfers_destination_schedule"
            ),
        ]

    def __str__(self) -> str:
        address = self.phone or self.sip_uri or (str(self.agent) if self.agent_id else "")
        return f"{self.description} ({address})" if self.description else address

    def clean(self) -> None:
        super().clean()
        check_destination(self)


class ImportMode(models.TextChoices):
    ADD = "add", _("Add to what is there")
    REPLACE = "replace", _("Replace everything")
    UPDATE = "update", _("Update descriptions only")


class ImportState(models.TextChoices):
    UPLOADED = "uploaded", _("Waiting to be checked")
    CHECKING = "checking", _("Being checked")
    CHECKED = "checked", _("Checked")
    REFUSED = "refused", _("Refused")
    CONFIRMED = "confirmed", _("Waiting to be written")
    WRITING = "writing", _("Being written")
    DONE = "done", _("Done")
    CANCELLED = "cancelled", pgettext_lazy("import", "Cancelled")
    FAILED = "failed", _("Failed")


FINISHED = frozenset({ImportState.REFUSED, ImportState.DONE, ImportState.CANCELLED, ImportState.FAILED})
MOVING = frozenset({ImportState.UPLOADED, ImportState.CHECKING, ImportState.CONFIRMED, ImportState.WRITING})


class NumberImport(models.Model):
    """One file of numbers on its way into a transfer: uploaded, checked, confirmed, written in one transaction.

    ``transfers.imports`` says what the states and the JSON columns hold; read it through that.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(Account, models.CASCADE, related_name="+")
    action = models.ForeignKey(
        "transfers.TransferAction", models.CASCADE, verbose_name=_("transfer"), related_name="imports"
    )
    mode = models.CharField(_("mode"), max_length=7, choices=ImportMode.choices, default=ImportMode.ADD)
    file_name = models.CharField(_("file"), max_length=200)
    region = models.CharField(max_length=2, blank=True)
    reading = models.JSONField(default=dict)
    takes_suggestions = models.BooleanField(_("with the suggestions"), default=False)
    skips_bad_lines = models.BooleanField(_("without the bad lines"), default=False)
    state = models.CharField(_("state"), max_length=9, choices=ImportState.choices, default=ImportState.UPLOADED)
    error = models.JSONField(default=dict)
    progress = models.PositiveIntegerField(_("lines done"), default=0)
    total = models.PositiveIntegerField(_("lines"), default=0)
    counts = models.JSONField(_("counts"), default=dict)
    preview = models.JSONField(default=list)
    first_problems = models.JSONField(default=list)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, verbose_name=_("uploaded by"), null=True, related_name="+"
    )
    uploaded_at = models.DateTimeField(_("uploaded"), auto_now_add=True)
    finished_at = models.DateTimeField(_("finished"), null=True)
    claim = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    woken_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)

    objects: ClassVar[models.Manager[NumberImport]] = ScopedManager(account="account")

    class Meta:
        verbose_name = _("import of numbers")
        verbose_name_plural = _("imports of numbers")
        ordering = ["-uploaded_at"]
        indexes = [models.Index(fields=["state", "lease_until"], name="transfers_imports_by_state")]

    def __str__(self) -> str:
        return self.file_name

    @property
    def is_finished(self) -> bool:
        return self.state in FINISHED

    @property
    def is_moving(self) -> bool:
        """Whether somebody works on it, or will without being asked."""
        return self.state in MOVING


class NumberImportFile(models.Model):
    """What an import needs to be checked and written, apart from it: its row changes often and stays small."""

    number_import = models.OneToOneField(NumberImport, models.CASCADE, primary_key=True, related_name="file")
    content = models.BinaryField()
    problems = models.BinaryField(default=b"")
    judged = models.BinaryField(default=b"")

    objects: ClassVar[models.Manager[NumberImportFile]] = ScopedManager(account="number_import__account")

    def __str__(self) -> str:
        return str(self.number_import)


class NumberRules(models.Model):
    """Which numbers, refused otherwise, an account may transfer to."""

    account = models.OneToOneField(Account, models.CASCADE, primary_key=True, related_name="number_rules")
    allows_premium_rate = models.BooleanField(_("premium-rate numbers"), default=False)
    allows_short = models.BooleanField(_("short numbers"), default=False)
    allows_emergency = models.BooleanField(_("emergency numbers"), default=False)

    objects: ClassVar[models.Manager[NumberRules]] = ScopedManager(account="account")

    class Meta:
        verbose_name = _("rules for numbers")
        verbose_name_plural = _("rules for numbers")

    def __str__(self) -> str:
        return str(self.account)


import_kinds("transfers.kinds")
