"""Dead letters by API: what was given up after calls, to be tried again or skipped."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.fields import StrictSerializer, checked
from accounts.api.permissions import CallsAccess
from accounts.api.scoping import AccountScoped
from calls.admin.carrying_out import carried_out
from calls.after import dead
from calls.api.filters import MomentFilter
from calls.models import Run

TAG = ["Calls"]
MOST_IDS = 1000
_LOOKUPS = {
    "ids": "pk__in",
    "agent": "call__agent__slug",
    "action": "action_name",
    "kind": "kind",
    "error_code": "error_code",
}


class DeadRunFilters(django_filters.FilterSet):
    """Declared one by one: made from the model, they would query it at import, outside every scope."""

    agent = django_filters.CharFilter("call__agent__slug", help_text="Slug of the agent.")
    action = django_filters.CharFilter("action_name", help_text="Name of the action.")
    kind = django_filters.CharFilter(help_text="Kind of action: email, webhook, …")
    error_code = django_filters.CharFilter()
    given_up_after = MomentFilter("finished_at", "gte")
    given_up_before = MomentFilter("finished_at", "lt")


class DeadRunSerializer(serializers.ModelSerializer[Run]):
    call_id = serializers.UUIDField()
    action = serializers.CharField(source="action_name")
    agent = serializers.CharField(source="call.agent.slug")
    given_up_at = serializers.DateTimeField(source="finished_at")

    class Meta:
        model = Run
        fields = ["id", "call_id", "agent", "action", "kind", "attempt", "error_code", "error_message", "given_up_at"]


class ChosenRunsSerializer(StrictSerializer):
    """Which of them: those that fit all that is given; without anything, every one."""

    ids = serializers.ListField(child=serializers.UUIDField(), required=False, min_length=1, max_length=MOST_IDS)
    agent = serializers.CharField(required=False, max_length=63, help_text="Slug of the agent.")
    action = serializers.CharField(required=False, max_length=63, help_text="Name of the action.")
    kind = serializers.CharField(required=False, max_length=20, help_text="Kind of action: email, webhook, …")
    error_code = serializers.CharField(required=False, max_length=50)

    def chosen(self) -> QuerySet[Run]:
        given = self.validated_data
        return _dead_runs().filter(**{_LOOKUPS[name]: value for name, value in given.items()})


class DoneSerializer(serializers.Serializer[Any]):
    runs = serializers.IntegerField(help_text="How many were given up still, and are not any more.")


def _dead_runs() -> QuerySet[Run]:
    return dead.dead_runs(Run.objects.all())


class DeadRunsView(AccountScoped, generics.ListAPIView[Run]):
    permission_classes = [CallsAccess]
    serializer_class = DeadRunSerializer
    filterset_class = DeadRunFilters

    def get_queryset(self) -> Any:
        return _dead_runs().select_related("call__agent").order_by("-finished_at", "-id")

    @extend_schema(tags=TAG, summary="List what was given up after calls, the latest first")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)


class RetryDeadRunsView(AccountScoped, APIView):
    permission_classes = [CallsAccess]

    @extend_schema(
        tags=TAG,
        summary="Try what was given up again",
        description="Attempts count on, and idempotency keys stay: what did get through is not done twice.",
        request=ChosenRunsSerializer,
        responses=DoneSerializer,
        operation_id="retry_dead_runs",
    )
    def post(self, request: Request) -> Response:
        return _carried_out(request, dead.retry, "Tried again.")


class SkipDeadRunsView(AccountScoped, APIView):
    permission_classes = [CallsAccess]

    @extend_schema(
        tags=TAG,
        summary="Skip what was given up for good",
        request=ChosenRunsSerializer,
        responses=DoneSerializer,
        operation_id="skip_dead_runs",
    )
    def post(self, request: Request) -> Response:
        return _carried_out(request, dead.skip, "Skipped.")


def _carried_out(request: Request, work: Callable[..., list[UUID]], note: str) -> Response:
    """What a member does is entered in the log of changes, as in the admin; a program has a key and no name there."""
    chosen = checked(ChosenRunsSerializer, request).chosen()
    person: Any = request.user
    runs = len(work(chosen, by="API")) if person is None else carried_out(person, work, chosen, note)
    return Response({"runs": runs})
