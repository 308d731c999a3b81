"""The what-if clock in the API."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.fields import StrictSerializer, checked
from accounts.api.scoping import AccountScoped
from actions.api.actions import OfAgent
from schedules.models import EARLIEST_YEAR, LATEST_YEAR
from transfers.action import TransferAction
from transfers.what_if import Question, what_if

LONGEST_NUMBER, LONGEST_WORDS = 40, 200


class QuestionSerializer(StrictSerializer):
    """A call that could be."""

    at = serializers.CharField(
        required=False,
        max_length=40,
        help_text="ISO 8601; without an offset in the agent's time zone. Default: now.",
    )
    dialled = serializers.CharField(required=False, allow_blank=True, max_length=LONGEST_NUMBER)
    caller = serializers.CharField(required=False, allow_blank=True, max_length=LONGEST_NUMBER)
    words = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=LONGEST_WORDS,
        help_text="What the caller looks for, where there are more than 50 destinations.",
    )

    def validate_at(self, text: str) -> datetime:
        try:
            at = datetime.fromisoformat(text)
        except ValueError as error:
            raise serializers.ValidationError(_("Give a date and time, for example 2026-12-24T14:05.")) from error
        if not EARLIEST_YEAR <= at.year <= LATEST_YEAR:
            raise serializers.ValidationError(_("Give a year from 2000 to 2100."))
        return at


class LineSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    value = serializers.CharField()
    order = serializers.IntegerField(allow_null=True, help_text="Null: it does not ring.")
    ring_time_s = serializers.IntegerField(allow_null=True)
    why = serializers.CharField(allow_blank=True, help_text="Why not: closed, loop, gone or disabled.")
    hours = serializers.CharField(allow_blank=True)
    told = serializers.CharField(allow_blank=True, help_text="What the agent is told if it chooses this one.")


class AnswerSerializer(serializers.Serializer[Any]):
    lines = LineSerializer(many=True)
    told = serializers.CharField(allow_blank=True, help_text="What the agent is told; empty where it chooses.")
    is_chosen = serializers.BooleanField(help_text="Whether the agent chooses one of them.")
    is_directory = serializers.BooleanField()
    hours = serializers.CharField(allow_blank=True, help_text="When the transfer as a whole opens, while it is closed.")
    errors = serializers.ListField(  # type: ignore[assignment]
        child=serializers.CharField(), help_text="What keeps the draft from being published."
    )


class AnswersSerializer(serializers.Serializer[Any]):
    """Of the saved draft and of the published version, null where that does not have the action."""

    at = serializers.DateTimeField()
    draft = AnswerSerializer()
    published = AnswerSerializer(allow_null=True)
    is_same = serializers.BooleanField(help_text="Whether the published version has the action as it is saved.")


class WhatIfView(OfAgent, AccountScoped, APIView):
    @extend_schema(
        tags=["Actions"],
        summary="What a transfer would do at some time",
        description="Nobody is rung. Schedules are as they are now.",
        request=QuestionSerializer,
        responses=AnswersSerializer,
        operation_id="what_if",
    )
    def post(self, request: Request, agent_slug: str, action_name: str) -> Response:
        body = checked(QuestionSerializer, request)
        rows = TransferAction.objects.select_related("agent__current_release")
        row = get_object_or_404(rows, agent=self.agent, name=action_name)
        asked = body.validated_data
        zone = ZoneInfo(row.agent.time_zone)
        at: datetime = asked.pop("at", None) or timezone.now()
        at = at.replace(tzinfo=zone) if at.tzinfo is None else at.astimezone(zone)
        answers = what_if(row, Question(at=at, **asked))
        return Response({"at": at.isoformat(timespec="seconds"), **_json(answers)})


def _json(answers: Any) -> dict[str, Any]:
    return {
        "draft": AnswerSerializer(answers.draft).data,
        "published": AnswerSerializer(answers.published).data if answers.published else None,
        "is_same": answers.is_same,
    }
