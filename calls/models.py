"""The records of what happened: calls, runs and events. Read-only for people."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

import uuid_utils.compat
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_scopes import ScopedManager

from accounts.models import Account
from actions.contract import Moment
from actions.models import Agent, Release


def new_id() -> UUID:
    """A UUID version 7 (RFC 9562): grows with time, so that inserts land at the end of the index."""
    return uuid_utils.compat.uuid7()


class CallDirection(models.TextChoices):
    INBOUND = "inbound", _("Inbound")
    OUTBOUND = "outbound", _("Outbound")


class CallState(models.TextChoices):
    RINGING = "ringing", _("Ringing")
    IN_PROGRESS = "in_progress", _("In progress")
    COMPLETED = "completed", _("Completed")


class Call(models.Model):
    """One phone call, from ring to report, pinned to the release that it began with."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(Account, models.CASCADE, related_name="+")
    agent = models.ForeignKey(Agent, models.RESTRICT, verbose_name=_("agent"), related_name="calls")
    release = models.ForeignKey(Release, models.RESTRICT, verbose_name=_("published version"), related_name="+")
    external_id = models.CharField(_("external id"), max_length=200, null=True, blank=True)
    direction = models.CharField(_("direction"), max_length=8, choices=CallDirection.choices)
    from_number = models.CharField(_("from"), max_length=255, blank=True)
    to_number = models.CharField(_("to"), max_length=255, blank=True)
    sip_headers = models.JSONField(_("SIP headers"), default=dict)
    context = models.JSONField(_("context"), default=dict)
    state = models.CharField(_("state"), max_length=11, choices=CallState.choices, default=CallState.RINGING)
    parameters = models.JSONField(_("parameters"), default=dict, encoder=DjangoJSONEncoder)
    agent_configuration = models.JSONField(_("agent configuration"), default=dict)
    begun_at = models.DateTimeField(_("begun"), default=timezone.now)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    duration_s = models.FloatField(_("duration (s)"), null=True, blank=True)
    ended_reason = models.CharField(_("reason of the end"), max_length=100, blank=True)
    summary = models.TextField(_("summary"), blank=True)
    transcript = models.JSONField(_("transcript"), default=list)
    classifications = models.JSONField(_("classifications"), default=dict)
    # The first request and its answer, for repeats; ``answer_due_at`` tells a slow answer from a lost one.
    request_digest = models.CharField(max_length=64)
    answer = models.JSONField(null=True, encoder=DjangoJSONEncoder)
    answer_due_at = models.DateTimeField()
    completion_digest = models.CharField(max_length=64, blank=True)

    objects: ClassVar[models.Manager[Call]] = ScopedManager(account="account")

    class Meta:
        verbose_name = _("call")
        verbose_name_plural = _("calls")
        ordering = ["-begun_at"]
        constraints = [models.UniqueConstraint(fields=["account", "external_id"], name="calls_external_id")]
        indexes = [
            models.Index(fields=["account", "-begun_at"], name="calls_by_account"),
            models.Index(fields=["agent", "-begun_at"], name="calls_by_agent"),
        ]

    def __str__(self) -> str:
        return f"{self.from_number or '—'} → {self.to_number or '—'}"


class RunState(models.TextChoices):
    QUEUED = "queued", _("Queued")
    RUNNING = "running", _("Running")
    SUCCEEDED = "succeeded", _("Succeeded")
    SKIPPED = "skipped", _("Skipped")
    FAILED = "failed", _("Failed")
    DEAD = "dead", _("Given up")


FINISHED = (RunState.SUCCEEDED, RunState.SKIPPED, RunState.FAILED, RunState.DEAD)


class Run(models.Model):
    """One execution of one action in one call. An after-call run is queued here; the broker only wakes."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(Account, models.CASCADE, related_name="+")
    call = models.ForeignKey(Call, models.CASCADE, verbose_name=_("call"), related_name="runs")
    moment = models.CharField(_("moment"), max_length=6, choices=Moment.choices)
    action_name = models.CharField(_("action"), max_length=63)
    kind = models.CharField(_("kind of action"), max_length=20)
    state = models.CharField(_("state"), max_length=9, choices=RunState.choices)
    attempt = models.PositiveSmallIntegerField(_("attempt"), default=1)
    tool_call_id = models.CharField(max_length=200, null=True, blank=True)
    request_digest = models.CharField(max_length=64, blank=True)
    arguments = models.JSONField(_("arguments"), default=dict)
    # What the call knew when the run began: with it, a failure can be tried again as it was.
    parameters = models.JSONField(_("parameters"), default=dict, encoder=DjangoJSONEncoder)
    result = models.JSONField(_("result"), null=True, encoder=DjangoJSONEncoder)
    directives = models.JSONField(_("directives"), default=list)
    variables = models.JSONField(_("variables"), default=dict, encoder=DjangoJSONEncoder)
    error_code = models.CharField(_("error code"), max_length=50, blank=True)
    error_message = models.TextField(_("error"), blank=True)
    skipped_reason = models.TextField(_("why it was skipped"), blank=True)
    warnings = models.JSONField(_("warnings"), default=list)
    trace = models.JSONField(_("steps"), default=list, encoder=DjangoJSONEncoder)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    duration_ms = models.FloatField(_("duration (ms)"), null=True, blank=True)
    # Queue of after-call runs: when it may be tried, when a worker was last woken for it, and who has it.
    due_at = models.DateTimeField(null=True, blank=True)
    woken_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    claim = models.UUIDField(null=True, blank=True)

    objects: ClassVar[models.Manager[Run]] = ScopedManager(account="account")

    class Meta:
        verbose_name = _("run")
        verbose_name_plural = _("runs")
        ordering = ["created_at", "id"]
        constraints = [models.UniqueConstraint(fields=["call", "tool_call_id"], name="calls_tool_call_once")]
        indexes = [
            models.Index(fields=["due_at"], name="calls_runs_due", condition=models.Q(state__in=["queued", "running"])),
            models.Index(fields=["account", "-created_at"], name="calls_runs_by_account"),
        ]

    def __str__(self) -> str:
        return f"{self.action_name} ({self.get_state_display()})"

    @property
    def is_finished(self) -> bool:
        return self.state in FINISHED


class Event(models.Model):
    """Something that the runtime reported during the call, and what it meant to a run."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(Account, models.CASCADE, related_name="+")
    call = models.ForeignKey(Call, models.CASCADE, verbose_name=_("call"), related_name="events")
    run = models.ForeignKey(Run, models.CASCADE, verbose_name=_("run"), related_name="events", null=True, blank=True)
    event_id = models.CharField(max_length=200, null=True, blank=True)
    request_digest = models.CharField(max_length=64, blank=True)
    type = models.CharField(_("type"), max_length=64)
    data = models.JSONField(_("data"), default=dict)
    result = models.JSONField(_("result"), null=True)
    directives = models.JSONField(_("directives"), default=list)
    received_at = models.DateTimeField(_("received"), default=timezone.now)

    objects: ClassVar[models.Manager[Event]] = ScopedManager(account="account")

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ["received_at", "id"]
        constraints = [models.UniqueConstraint(fields=["call", "event_id"], name="calls_event_once")]

    def __str__(self) -> str:
        return self.type
