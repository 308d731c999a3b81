"""The runtime API: thin views over ``calls.lifecycle``."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from asgiref.sync import async_to_sync
from django.db.models import Prefetch
from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.fields import checked
from accounts.api.permissions import CallsAccess
from accounts.api.scoping import AccountScoped
from actions.releases import load_plan
from calls import lifecycle, records
from calls.answers import tool_json
from calls.api import serializers
from calls.api.filters import CallFilters
from calls.models import Call, Event, Run
from calls.requests import BeginCall

TAG = ["Calls"]


class CallsView(AccountScoped, generics.ListAPIView[Call]):
    permission_classes = [CallsAccess]
    serializer_class = serializers.CallSummarySerializer
    filterset_class = CallFilters

    def get_queryset(self) -> Any:
        return Call.objects.select_related("agent", "release")

    @extend_schema(tags=TAG, summary="List calls, the newest first")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    @extend_schema(
        tags=TAG,
        summary="A call begins",
        request=serializers.BeginCallSerializer,
        responses={201: serializers.BegunCallSerializer},
    )
    def post(self, request: Request) -> Response:
        body = checked(serializers.BeginCallSerializer, request)
        return Response(async_to_sync(lifecycle.begin)(self.account, body.to_request()), status=201)


class CallView(AccountScoped, generics.RetrieveAPIView[Call]):
    permission_classes = [CallsAccess]
    serializer_class = serializers.CallSerializer
    lookup_url_kwarg = "call_id"

    def get_object(self) -> Call:
        call = records.find_call(self.kwargs["call_id"])
        runs = Prefetch("runs", Run.objects.order_by("created_at", "id"))
        events = Prefetch("events", Event.objects.order_by("received_at", "id"))
        return Call.objects.select_related("agent", "release").prefetch_related(runs, events).get(pk=call.pk)

    @extend_schema(tags=TAG, summary="A call with its runs and events")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)


class InvokeActionView(AccountScoped, APIView):
    permission_classes = [CallsAccess]

    @extend_schema(
        tags=TAG,
        summary="The model calls a tool",
        request=serializers.InvokeActionSerializer,
        responses=serializers.InvokedActionSerializer,
    )
    def post(self, request: Request, call_id: UUID, name: str) -> Response:
        body = checked(serializers.InvokeActionSerializer, request)
        return Response(async_to_sync(lifecycle.invoke)(call_id, body.to_request(name)))


class EventsView(AccountScoped, APIView):
    permission_classes = [CallsAccess]

    @extend_schema(
        tags=TAG,
        summary="Something happened during the call",
        request=serializers.RecordEventSerializer,
        responses={201: serializers.RecordedEventSerializer},
    )
    def post(self, request: Request, call_id: UUID) -> Response:
        body = checked(serializers.RecordEventSerializer, request)
        return Response(async_to_sync(lifecycle.record)(call_id, body.to_request()), status=201)


class CompleteView(AccountScoped, APIView):
    permission_classes = [CallsAccess]

    @extend_schema(
        tags=TAG,
        summary="The call has ended; its after-actions are queued",
        request=serializers.FinishCallSerializer,
        responses={202: serializers.FinishedCallSerializer},
    )
    def post(self, request: Request, call_id: UUID) -> Response:
        body = checked(serializers.FinishCallSerializer, request)
        return Response(async_to_sync(lifecycle.finish)(call_id, body.to_request()), status=202)


class ToolsView(AccountScoped, APIView):
    permission_classes = [CallsAccess]

    @extend_schema(
        tags=TAG, summary="The tools of an agent's published version", responses=serializers.ToolSerializer(many=True)
    )
    def get(self, request: Request, slug: str) -> Response:
        agent = records.find_agent(BeginCall(direction="", agent=slug), any_direction=True)
        assert agent.current_release_id is not None
        return Response([tool_json(tool) for tool in load_plan(agent.current_release_id).tools])
