"""The records of what happened: calls, runs and events. Read-only for people."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

import uuid_utils.compat
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django_scopes import ScopedManager

from accounts.models import Account
from actions.contract import Moment
from actions.models import Agent, Release
from outbound.secrets import SealedField


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


class Runtime(models.TextChoices):
    """Who speaks on the phone and asks us; vendors’ own names."""

    REST = "rest", _("Another, over HTTP")
    VAPI = "vapi", "Vapi"
    RETELL = "retell", "Retell"
    ELEVENLABS = "elevenlabs", "ElevenLabs"
    TWILIO = "twilio", "Twilio"
    JAMBONZ = "jambonz", "jambonz"
    LIVEKIT = "livekit", "LiveKit"
    PIPECAT = "pipecat", "Pipecat"
    MCP = "mcp", "MCP"


class Call(models.Model):
    """One phone call, from ring to report, pinned to the release that it began with."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    # No index of its own for a column that another index begins with: each costs every call a write.
    account = models.ForeignKey(Account, models.CASCADE, related_name="+", db_index=False)
    agent = models.ForeignKey(Agent, models.RESTRICT, verbose_name=_("agent"), related_name="calls", db_index=False)
    release = models.ForeignKey(Release, models.RESTRICT, verbose_name=_("published version"), related_name="+")
    external_id = models.CharField(_("external id"), max_length=200, null=True, blank=True)
    direction = models.CharField(_("direction"), max_length=8, choices=CallDirection.choices)
    runtime = models.CharField(_("telephone system"), max_length=20, choices=Runtime.choices, default=Runtime.REST)
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
    recording_url = models.URLField(_("recording"), max_length=2000, blank=True)
    summary = models.TextField(_("summary"), blank=True)
    transcript = models.JSONField(_("transcript"), default=list)
    classifications = models.JSONField(_("classifications"), default=dict)
    # Who said each part of it (``calls.analysis.findings.Findings.record``).
    analysis = models.JSONField(_("analysis"), default=dict)
    # The first request and its answer, for repeats; ``answer_due_at`` tells a slow answer from a lost one.
    request_digest = models.CharField(max_length=64)
    answer = models.JSONField(null=True, encoder=DjangoJSONEncoder)
    answer_due_at = models.DateTimeField()
    completion_digest = models.CharField(max_length=64, blank=True)
    # What records may not hold (``calls.secrecy``), until the call ends.
    secrets = SealedField()

    objects: ClassVar[models.Manager[Call]] = ScopedManager(account="account")

    class Meta:
        verbose_name = _("call")
        verbose_name_plural = _("calls")
        ordering = ["-begun_at"]
        constraints = [models.UniqueConstraint(fields=["account", "external_id"], name="calls_external_id")]
        indexes = [
            models.Index(fields=["account", "-begun_at"], name="calls_by_account"),
            models.Index(fields=["agent", "-begun_at"], name="calls_by_agent"),
            models.Index(fields=["begun_at"], name="calls_with_secrets", condition=~models.Q(secrets="")),
        ]

    def __str__(self) -> str:
        return f"{self.from_number or '—'} → {self.to_number or '—'}"


class RunState(models.TextChoices):
    QUEUED = "queued", _("Queued")
    RUNNING = "running", _("Running")
    SUCCEEDED = "succeeded", _("Succeeded")
    SKIPPED = "skipped", _("Skipped")
    FAILED = "failed", _("Failed")
    DEAD = "dead", pgettext_lazy("run", "Given up")


class RunSource(models.TextChoices):
    """Where a run's result comes from."""

    ACTION = "action", _("The action itself")
    CACHE = "cache", _("Kept from an earlier call")
    SHARED = "shared", _("Made for another call at the same time")
    STALE = "stale", _("Kept from an earlier call, in place of a failure")
    DEFAULTS = "defaults", _("Default parameters, in place of a failure")


FINISHED = (RunState.SUCCEEDED, RunState.SKIPPED, RunState.FAILED, RunState.DEAD)


class Run(models.Model):
    """One execution of one action in one call. An after-call run is queued here; the broker only wakes."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(Account, models.CASCADE, related_name="+", db_index=False)
    call = models.ForeignKey(Call, models.CASCADE, verbose_name=_("call"), related_name="runs", db_index=False)
    moment = models.CharField(_("moment"), max_length=6, choices=Moment.choices)
    action_name = models.CharField(_("action"), max_length=63)
    kind = models.CharField(_("kind of action"), max_length=20)
    state = models.CharField(_("state"), max_length=9, choices=RunState.choices)
    source = models.CharField(_("result from"), max_length=8, choices=RunSource.choices, default=RunSource.ACTION)
    attempt = models.PositiveSmallIntegerField(_("attempt"), default=1)
    tool_call_id = models.CharField(max_length=200, null=True, blank=True)
    request_digest = models.CharField(max_length=64, blank=True)
    arguments = models.JSONField(_("arguments"), default=dict)
    # What the call knew when the run began: with it, a failure can be tried again as it was.
    parameters = models.JSONField(_("parameters"), default=dict, encoder=DjangoJSONEncoder)
    result = models.JSONField(_("result"), null=True, encoder=DjangoJSONEncoder)
    directives = models.JSONField(_("directives"), default=list)
    variables = models.JSONField(_("variables"), default=dict, encoder=DjangoJSONEncoder)
    # What the kind remembers of this run between events: the attempts of a transfer, for example.
    progress = models.JSONField(_("progress"), null=True, encoder=DjangoJSONEncoder)
    error_code = models.CharField(_("error code"), max_length=50, blank=True)
    error_message = models.TextField(_("error"), blank=True)
    skipped_reason = models.TextField(_("why it was skipped"), blank=True)
    warnings = models.JSONField(_("warnings"), default=list)
    trace = models.JSONField(_("steps"), default=list, encoder=DjangoJSONEncoder)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    duration_ms = models.FloatField(_("duration (ms)"), null=True, blank=True)
    # Queue of after-call runs: their order in the call, when each may be tried (NULL: not before the one before it has
    # ended its first attempt), and who has it.
    position = models.PositiveSmallIntegerField(default=0)
    stops_on_failure = models.BooleanField(default=False)
    due_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    claim = models.UUIDField(null=True, blank=True)

    objects: ClassVar[models.Manager[Run]] = ScopedManager(account="account")

    class Meta:
        verbose_name = _("run")
        verbose_name_plural = _("runs")
        ordering = ["created_at", "id"]
        constraints = [models.UniqueConstraint(fields=["call", "tool_call_id"], name="calls_tool_call_once")]
        indexes = [
            models.Index(
                fields=["account", "due_at"],
                name="calls_runs_queued",
                condition=models.Q(state="queued", due_at__isnull=False),
            ),
            models.Index(fields=["lease_until"], name="calls_runs_leased", condition=models.Q(state="running")),
            models.Index(fields=["account", "-created_at"], name="calls_runs_dead", condition=models.Q(state="dead")),
            models.Index(fields=["account", "-created_at"], name="calls_runs_by_account"),
        ]

    def __str__(self) -> str:
        return f"{self.action_name} ({self.get_state_display()})"

    @property
    def is_finished(self) -> bool:
        return self.state in FINISHED


TRANSCRIPT_EVENT = "transcript"
"""The type of an event that is a piece of the transcript: its role, text and ``time_ms``."""


class DeadRun(Run):
    """An after-call run that was given up, as a list of its own for people."""

    class Meta:
        proxy = True
        verbose_name = _("action given up")
        verbose_name_plural = _("actions given up")


class Event(models.Model):
    """Something that the runtime reported during the call, and what it meant to a run."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(Account, models.CASCADE, related_name="+")
    call = models.ForeignKey(Call, models.CASCADE, verbose_name=_("call"), related_name="events", db_index=False)
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


from calls import external_ids as _external_ids  # noqa: E402, F401  (so that Django finds its models)
from calls.analysis import rows as _analysis_rows  # noqa: E402, F401
from calls.cache import rows as _rows  # noqa: E402, F401
from calls.digests import rows as _digest_rows  # noqa: E402, F401
