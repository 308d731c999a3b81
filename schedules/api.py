"""Schedules in the API: configured there, and asked whether they are open."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import models
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.model_serializers import CleanModelSerializer, Errors, column_errors
from accounts.api.viewsets import ConfigurationViewSet
from accounts.models import Language
from schedules.live import hours_from
from schedules.models import EARLIEST_YEAR, LATEST_YEAR, DatedException, Schedule
from schedules.names import open_names
from schedules.slots import MOST_SLOTS, validate_time_slots
from schedules.weeks import replace_week, week_of

ID = "[0-9]{1,18}"
TAG = ["Schedules"]
MOST_EXCEPTIONS = 500

TIME_SLOTS_SCHEMA = {
    "type": "array",
    "maxItems": MOST_SLOTS,
    "items": {
        "type": "object",
        "properties": {
            "days": {"type": "array", "items": {"type": "integer", "minimum": 0, "maximum": 6}, "minItems": 1},
            "from": {"type": "string", "pattern": r"^\d\d:\d\d$"},
            "to": {"type": "string", "pattern": r"^\d\d:\d\d$"},
        },
        "required": ["days", "from", "to"],
        "additionalProperties": False,
    },
}


@extend_schema_field(TIME_SLOTS_SCHEMA)
class WeekField(serializers.Field[Any, Any, Any, Any]):
    """Days count from 0 (Monday). ``to`` may be earlier than ``from``: past midnight."""

    def get_attribute(self, instance: Schedule) -> Any:
        return week_of(instance)

    def to_representation(self, value: Any) -> Any:
        return value

    def to_internal_value(self, data: Any) -> Any:
        return data


class ExceptionSerializer(CleanModelSerializer[DatedException]):
    """Closed, all day or from ``opens`` to ``closes`` only; or open from ``opens`` to ``closes`` instead."""

    class Meta:
        model = DatedException
        fields = ["name", "effect", "first_day", "last_day", "opens", "closes"]


class ScheduleSerializer(CleanModelSerializer[Schedule]):
    """Live: a change counts from the next call on. Lists are replaced as a whole. Actions name it by its ``name``."""

    windows = WeekField(default=list, validators=[validate_time_slots])
    exceptions = ExceptionSerializer(many=True, default=list)

    class Meta:
        model = Schedule
        fields = [
            *("id", "name", "time_zone", "holiday_country", "holiday_region", "windows", "exceptions"),
            *("created_at", "updated_at"),
        ]
        read_only_fields = ["created_at", "updated_at"]

    def validate_exceptions(self, exceptions: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if len(exceptions) > MOST_EXCEPTIONS:
            raise serializers.ValidationError(_("Give %(most)d exceptions at most.") % {"most": MOST_EXCEPTIONS})
        return exceptions

    def new_instance(self) -> Schedule:
        return Schedule(account=self.context["view"].account)

    def clean_relations(self, instance: Schedule, relations: dict[str, Any]) -> Errors:
        rows = relations["exceptions"] = [DatedException(**each) for each in relations["exceptions"]]
        errors = {
            position: found for position, row in enumerate(rows) if (found := column_errors(row, exclude=["schedule"]))
        }
        return {"exceptions": errors} if errors else {}

    def save_relations(self, instance: Schedule, relations: dict[str, Any]) -> None:
        replace_week(instance, relations["windows"])
        instance.exceptions.all().delete()
        for row in relations["exceptions"]:
            row.schedule = instance
        DatedException.objects.bulk_create(relations["exceptions"])


class StateSerializer(serializers.Serializer[Any]):
    """Whether it is open at an instant; times are in the schedule's time zone."""

    at = serializers.DateTimeField()
    now = serializers.BooleanField()
    next = serializers.DateTimeField(allow_null=True, help_text="When it opens the next time.")
    until = serializers.DateTimeField(allow_null=True, help_text="When it closes; null while it is closed.")
    reason = serializers.ChoiceField(
        ["hours", "holiday", "exception"], allow_null=True, help_text="Why it is closed; null while it is open."
    )
    sentence = serializers.CharField(help_text="For people: closed, opens Monday 9:00.")


class AskedSerializer(serializers.Serializer[Any]):
    at = serializers.DateTimeField(required=False, help_text="Default: now.")
    language = serializers.ChoiceField(Language.choices, required=False, help_text="Default: that of the request.")

    def validate_at(self, at: datetime) -> datetime:
        if not EARLIEST_YEAR <= at.year <= LATEST_YEAR:
            raise serializers.ValidationError(_("Give a year from 2000 to 2100."))
        return at


@extend_schema_view(
    list=extend_schema(tags=TAG, summary="List schedules"),
    create=extend_schema(tags=TAG, summary="Create a schedule"),
    retrieve=extend_schema(tags=TAG, summary="A schedule"),
    update=extend_schema(tags=TAG, summary="Replace a schedule"),
    partial_update=extend_schema(tags=TAG, summary="Change a schedule"),
    destroy=extend_schema(
        tags=TAG, summary="Delete a schedule", description="Refused with 409 as long as something uses it."
    ),
)
class SchedulesViewSet(ConfigurationViewSet[Schedule]):
    """Opening hours by name: weekly windows, dated exceptions, public holidays, a time zone."""

    queryset = Schedule.objects.none()
    lookup_value_regex = ID
    serializer_class = ScheduleSerializer
    filterset_fields = ("name",)

    def get_queryset(self) -> models.QuerySet[Schedule]:
        return super().get_queryset().select_related("account").prefetch_related("windows", "exceptions")

    @extend_schema(
        tags=TAG,
        summary="Whether a schedule is open",
        parameters=[AskedSerializer, OpenApiParameter("id", int, OpenApiParameter.PATH)],
        responses={200: StateSerializer},
        filters=False,
        operation_id="schedule_state",
    )
    @action(detail=True, methods=["get"], url_path="state", url_name="state", pagination_class=None)
    def state(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        asked = AskedSerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        at = asked.validated_data.get("at") or timezone.now()
        language = asked.validated_data.get("language") or (get_language() or "en")[:2]
        hours = hours_from(self.get_object())
        state = hours.state_at(at)
        shown = at.astimezone(ZoneInfo(hours.time_zone)).isoformat(timespec="seconds")
        return Response({"at": shown, "reason": state.reason, **open_names(state, at, language)})
