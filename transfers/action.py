"""The row that a transfer is configured in. Its kind is ``transfers.kinds.transfer``."""

from __future__ import annotations

from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy
from django_scopes import ScopedManager

from actions.messages import SpeaksBefore, validate_texts
from actions.models import Action
from actions.phones import validate_e164
from schedules.slots import validate_time_slots
from transfers.models import DEFAULT_RING_S, LONGEST_RING_S, SHORTEST_RING_S
from transfers.sip_headers import validate_sip_headers


class Strategy(models.TextChoices):
    CHOICE = "choice", gettext_lazy("The one that the agent chooses")
    IN_ORDER = "in_order", gettext_lazy("One after the other, in their order")
    TOGETHER = "together", gettext_lazy("All at the same time")


class TransferMode(models.TextChoices):
    COLD = "cold", gettext_lazy("At once (cold)")
    WARM_SPOKEN = "warm_spoken", gettext_lazy("The human hears a summary first (warm)")
    WARM_HEADER = "warm_header", gettext_lazy("The human gets a summary in a SIP header (warm)")


class CallerId(models.TextChoices):
    CALLER = "caller", gettext_lazy("The caller’s number")
    DIALLED = "dialled", gettext_lazy("The number that was dialled")
    CONNECTION = "connection", gettext_lazy("That of the SIP connection")
    FIXED = "fixed", gettext_lazy("Another number")


class TransferAction(SpeaksBefore, Action):
    """Whom to ring, how, when, and what the telephone system is told along with the call."""

    KIND = "transfer"

    strategy = models.CharField(
        gettext_lazy("who is rung"), max_length=8, choices=Strategy.choices, default=Strategy.CHOICE
    )
    total_ring_time_s = models.PositiveSmallIntegerField(
        gettext_lazy("overall limit (s)"),
        default=60,
        validators=[MinValueValidator(SHORTEST_RING_S), MaxValueValidator(600)],
        help_text=gettext_lazy("One after the other: after it, no further number is rung."),
    )
    mode = models.CharField(gettext_lazy("how"), max_length=11, choices=TransferMode.choices, default=TransferMode.COLD)
    summary = models.TextField(
        gettext_lazy("summary for the human"),
        blank=True,
        max_length=1000,
        help_text=gettext_lazy("May hold variables. Empty: the reason that the agent gives."),
    )
    summary_header = models.CharField(
        gettext_lazy("SIP header of the summary"), max_length=64, blank=True, default="X-Call-Summary"
    )
    caller_id = models.CharField(
        gettext_lazy("number shown to the human"), max_length=10, choices=CallerId.choices, default=CallerId.CALLER
    )
    caller_id_number = models.CharField(
        gettext_lazy("other number"), max_length=16, blank=True, validators=[validate_e164]
    )
    sip_connection = models.ForeignKey(
        "transfers.SipConnection",
        models.RESTRICT,
        verbose_name=gettext_lazy("SIP connection"),
        related_name="actions",
        null=True,
        blank=True,
        help_text=gettext_lazy("The line to ring through. Without any number, the connection itself is rung."),
    )
    restricted = models.BooleanField(gettext_lazy("restrict the transfer to time slots"), default=False)
    schedule = models.ForeignKey(
        "schedules.Schedule",
        models.RESTRICT,
        verbose_name=gettext_lazy("schedule"),
        related_name="transfers",
        null=True,
        blank=True,
    )
    time_slots = models.JSONField(
        gettext_lazy("time slots"), default=list, blank=True, validators=[validate_time_slots]
    )
    failure_texts = models.JSONField(
        gettext_lazy("what the agent says when nobody answers"),
        default=dict,
        blank=True,
        validators=[validate_texts],
        help_text=gettext_lazy("One sentence for each language that the agent speaks."),
    )
    ring_time_s = models.PositiveSmallIntegerField(
        gettext_lazy("maximum ring time (s)"),
        default=DEFAULT_RING_S,
        validators=[MinValueValidator(SHORTEST_RING_S), MaxValueValidator(LONGEST_RING_S)],
        help_text=gettext_lazy("From 5 to 45 seconds. After it, the agent takes the call back."),
    )
    sip_headers = models.JSONField(
        gettext_lazy("SIP headers"),
        default=list,
        blank=True,
        validators=[validate_sip_headers],
        help_text=gettext_lazy(
            'Sent with the call, for example [{"name": "X-Customer", "value": "{{ params.customerId }}"}].'
        ),
    )

    objects: ClassVar[models.Manager[TransferAction]] = ScopedManager(account="agent__account")

    class Meta:
        verbose_name = gettext_lazy("transfer")
        verbose_name_plural = gettext_lazy("transfers")
