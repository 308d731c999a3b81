"""The shapes of the runtime API: what is accepted, and what is shown of a call."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator, URLValidator
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.api.fields import ObjectField, StrictSerializer
from calls.analysis.findings import Source
from calls.answers import run_json
from calls.models import Call, CallDirection, CallState, Event, Run, RunSource, Runtime
from calls.records import transcript_of
from calls.requests import BeginCall, FinishCall, InvokeAction, RecordEvent

EARLIEST_END = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
LATEST_END = dt.datetime(2200, 1, 1, tzinfo=dt.UTC)
"""Outside of these, a clock is wrong, and time zones' offsets have seconds, which RFC 3339 cannot write."""


class BeginCallSerializer(StrictSerializer):
    agent = serializers.CharField(max_length=63, required=False, allow_blank=True, help_text="Slug of the agent.")
    direction = serializers.ChoiceField(CallDirection.choices, default=CallDirection.INBOUND)
    runtime = serializers.ChoiceField(
        Runtime.choices, default=Runtime.REST, help_text="Who speaks on the phone: results fit what it can take."
    )
    to = serializers.CharField(max_length=255, required=False, allow_blank=True, help_text="Number dialled.")
    external_id = serializers.CharField(max_length=200, required=False, allow_null=True)
    sip_headers = serializers.DictField(child=serializers.CharField(max_length=4096, allow_blank=True), required=False)
    context = ObjectField(required=False)  # type: ignore[assignment]
    budget_ms = serializers.IntegerField(
        min_value=1, max_value=60_000, required=False, allow_null=True, help_text="How long you wait for the answer."
    )

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        caller = serializers.CharField(
            max_length=255, required=False, allow_blank=True, help_text="The caller as the network gave it."
        )
        # "from" is a keyword of Python.
        return {**super().get_fields(), "from": caller}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs.get("agent") and (attrs["direction"] == CallDirection.OUTBOUND or not attrs.get("to")):
            raise serializers.ValidationError({"agent": [_("Give an agent, or the number that was dialled in “to”.")]})
        return attrs

    def to_request(self) -> BeginCall:
        data = dict(self.validated_data)
        return BeginCall(from_number=data.pop("from", ""), to_number=data.pop("to", ""), **data)


class InvokeActionSerializer(StrictSerializer):
    arguments = ObjectField(required=False)
    tool_call_id = serializers.CharField(
        max_length=200, required=False, allow_null=True, help_text="A repeat gets the first answer."
    )
    budget_ms = serializers.IntegerField(min_value=1, max_value=60_000, required=False, allow_null=True)

    def to_request(self, name: str) -> InvokeAction:
        return InvokeAction(name=name, **self.validated_data)


class RecordEventSerializer(StrictSerializer):
    type = serializers.RegexField(r"^[a-z][a-z_]*(\.[a-z][a-z_]*)*$", max_length=64)
    data = ObjectField(required=False)  # type: ignore[assignment]
    event_id = serializers.CharField(
        max_length=200, required=False, allow_null=True, help_text="A repeat gets the first answer."
    )

    def to_request(self) -> RecordEvent:
        return RecordEvent(**self.validated_data)


class TranscriptPieceSerializer(StrictSerializer):
    role = serializers.ChoiceField(["caller", "agent", "human", "system"])
    text = serializers.CharField(allow_blank=True, trim_whitespace=False)
    time_ms = serializers.IntegerField(min_value=0, required=False, help_text="Milliseconds since the call began.")


class FinishCallSerializer(StrictSerializer):
    ended_reason = serializers.CharField(max_length=100, required=False, allow_blank=True)
    ended_at = serializers.DateTimeField(
        required=False, allow_null=True, validators=[MinValueValidator(EARLIEST_END), MaxValueValidator(LATEST_END)]
    )
    duration_s = serializers.FloatField(min_value=0, required=False, allow_null=True)
    recording_url = serializers.CharField(
        max_length=2000,
        required=False,
        allow_blank=True,
        help_text="Where the call can be listened to: http or https.",
        validators=[URLValidator(schemes=["http", "https"])],
    )
    summary = serializers.CharField(required=False, allow_blank=True, trim_whitespace=False)
    transcript = TranscriptPieceSerializer(many=True, required=False)
    classifications = serializers.DictField(
        child=serializers.CharField(max_length=100), required=False, help_text="Classifier name to label."
    )
    variables = ObjectField(required=False, help_text="Merged into the call's parameters.")

    def to_request(self) -> FinishCall:
        data = dict(self.validated_data)
        return FinishCall(transcript=tuple(data.pop("transcript", ())), **data)


class MessageBeforeSerializer(serializers.Serializer[Any]):
    mode = serializers.ChoiceField(["exact", "example"], help_text="example: as a model for the agent’s own words.")
    texts = serializers.DictField(child=serializers.CharField(), help_text="By language; may be empty.")
    after_ms = serializers.IntegerField(help_text="Only once the tool has taken so long; 0: at once.")


class ToolMessagesSerializer(serializers.Serializer[Any]):
    before = MessageBeforeSerializer()


class ToolSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    description = serializers.CharField()
    parameters = ObjectField(help_text="JSON Schema, draft 2020-12.")
    messages = ToolMessagesSerializer(required=False, help_text="Only for tools that announce themselves.")


class MenuSerializer(serializers.Serializer[Any]):
    """Keys that the caller may press at any time: report each as the event `keypad.pressed`."""

    keys = serializers.ListField(child=serializers.CharField())
    announcement = serializers.DictField(child=serializers.CharField(), help_text="What to say of them, by language.")


class RunErrorSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    message = serializers.CharField()


class RunSummarySerializer(serializers.Serializer[Any]):
    """Outcome and timing of one run."""

    id = serializers.UUIDField()
    action = serializers.CharField()
    kind = serializers.CharField()
    moment = serializers.CharField()
    state = serializers.CharField()
    source = serializers.ChoiceField(  # type: ignore[assignment]
        RunSource.choices, help_text="Where the result comes from; all but `action` only before the call."
    )
    attempt = serializers.IntegerField()
    duration_ms = serializers.FloatField(allow_null=True)
    error = RunErrorSerializer(allow_null=True)
    skipped_reason = serializers.CharField(allow_blank=True)
    warnings = serializers.ListField(child=serializers.CharField())


class ReleaseNumberSerializer(serializers.Serializer[Any]):
    number = serializers.IntegerField()


class FailOverSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField()


class OpeningSerializer(serializers.Serializer[Any]):
    now = serializers.BooleanField()
    next = serializers.DateTimeField(allow_null=True, help_text="When it opens the next time.")
    until = serializers.DateTimeField(allow_null=True, help_text="When it closes; null while it is closed.")
    sentence = serializers.CharField(help_text="For the model, in the agent's language: closed, opens Monday 9:00.")


class McpAccessSerializer(serializers.Serializer[Any]):
    url = serializers.URLField()
    token = serializers.CharField(help_text="Send it as Authorization: Bearer. It ends with the call.")
    expires_at = serializers.DateTimeField()


@extend_schema_field({"type": "object", "properties": {"type": {"type": "string"}}, "additionalProperties": True})
class DirectiveField(serializers.JSONField):
    """say, transfer, hang_up, send_digits or wait."""


class BegunCallSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    state = serializers.CharField()
    agent = serializers.CharField()
    release = ReleaseNumberSerializer()
    parameters = ObjectField()
    agent_configuration = ObjectField()
    fail_over = FailOverSerializer(allow_null=True, help_text="A before-action asks not to let the agent answer.")
    directives = serializers.ListField(
        child=DirectiveField(), help_text="What to do in place of letting the agent answer; empty without a fail-over."
    )
    open = OpeningSerializer(allow_null=True, help_text="Null: the agent has no opening hours.")
    tools = ToolSerializer(many=True)
    menus = MenuSerializer(many=True)
    runs = RunSummarySerializer(many=True)
    mcp = McpAccessSerializer(help_text="The same tools over the Model Context Protocol.")


class InvokedActionSerializer(serializers.Serializer[Any]):
    run = RunSummarySerializer()
    result = serializers.JSONField(help_text="For the model.")
    directives = serializers.ListField(child=DirectiveField(), help_text="For the runtime.")


class RecordedEventSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    type = serializers.CharField()
    run_id = serializers.UUIDField(allow_null=True)
    result = serializers.JSONField(allow_null=True)
    directives = serializers.ListField(child=DirectiveField())


class FinishedCallSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    state = serializers.CharField()


class RunSerializer(serializers.ModelSerializer[Run]):
    """A run in full: what went in, what came out, step by step."""

    class Meta:
        model = Run
        fields = [
            "arguments",
            "result",
            "directives",
            "variables",
            "progress",
            "trace",
            "tool_call_id",
            "created_at",
            "finished_at",
        ]

    def to_representation(self, instance: Run) -> dict[str, Any]:
        return {**run_json(instance), **super().to_representation(instance)}


class EventSerializer(serializers.ModelSerializer[Event]):
    class Meta:
        model = Event
        fields = ["id", "event_id", "type", "data", "run_id", "result", "directives", "received_at"]


class AnalysisSerializer(serializers.Serializer[Any]):
    """Who said what the call says of itself: `report` (the runtime), `rule`, `model` or `default`."""

    state = serializers.ChoiceField(["none", "pending", "done"], help_text="`none`: the agent asks for nothing.")
    labels = serializers.DictField(child=serializers.ChoiceField(Source.choices), help_text="By classifier.")
    summary = serializers.ChoiceField(["", *Source.values])
    fields = serializers.DictField(child=serializers.ChoiceField(Source.choices), help_text="By name of information.")  # type: ignore[assignment]
    error = serializers.CharField(help_text="Why the language model did not answer, where it was asked.")

    def to_representation(self, instance: Any) -> dict[str, Any]:
        return {"state": "none", "labels": {}, "summary": "", "fields": {}, "error": "", **instance}


class CallSummarySerializer(serializers.ModelSerializer[Call]):
    analysis = AnalysisSerializer(read_only=True)
    agent = serializers.SlugRelatedField[Any](slug_field="slug", read_only=True)
    release = ReleaseNumberSerializer()
    to = serializers.CharField(source="to_number")

    class Meta:
        model = Call
        fields = [
            "id",
            "external_id",
            "state",
            "agent",
            "release",
            "direction",
            "runtime",
            "to",
            "begun_at",
            "ended_at",
            "duration_s",
            "ended_reason",
            "classifications",
            "analysis",
        ]

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {**super().get_fields(), "from": serializers.CharField(source="from_number")}


class CallSerializer(CallSummarySerializer):
    """A call in full."""

    external_ids = serializers.SerializerMethodField(help_text="What workflows said other systems call it.")
    runs = RunSerializer(many=True, read_only=True)
    events = EventSerializer(many=True, read_only=True)

    class Meta(CallSummarySerializer.Meta):
        fields = [
            *CallSummarySerializer.Meta.fields,
            "sip_headers",
            "context",
            "parameters",
            "agent_configuration",
            "recording_url",
            "summary",
            "transcript",
            "external_ids",
            "runs",
            "events",
        ]

    @extend_schema_field({"type": "object", "additionalProperties": {"type": "string"}})
    def get_external_ids(self, call: Call) -> dict[str, str]:
        return {each.name: each.value for each in call.external_ids.all()}

    def to_representation(self, instance: Call) -> dict[str, Any]:
        """While the call goes on, its transcript is what was reported of it so far."""
        shown = super().to_representation(instance)
        if instance.state != CallState.COMPLETED:
            shown["transcript"] = transcript_of(instance.events.all())
        return shown
