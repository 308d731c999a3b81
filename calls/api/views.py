"""The runtime API: thin views over ``calls.lifecycle``."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from asgiref.sync import async_to_sync
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.fields import checked
from accounts.api.permissions import CallsAccess
from accounts.api.scoping import AccountScoped
from calls import lifecycle, records
from calls.api import serializers
from calls.api.filters import CallFilters
from calls.api.showing import calls_in_full
from calls.mcp.tokens import access_json
from calls.models import Call
from calls.overload import places
from calls.timing import Timing

TAG = ["Calls"]


class OneOfMany(AccountScoped):
    """Mixin: a POST takes one of the account's places, and its answer says where the time went."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method != "POST":
            return super().dispatch(request, *args, **kwargs)
        with Timing() as timing:
            self._timing = timing
            response = super().dispatch(request, *args, **kwargs)
        response["Server-Timing"] = timing.header()
        return response

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if request.method == "POST":
            self._timing.add("lookup", self._timing.elapsed_s)
            self._account_scope.enter_context(places.of_account(self.account.pk))


class CallsView(OneOfMany, generics.ListAPIView[Call]):
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
        answer = async_to_sync(lifecycle.begin)(self.account, body.to_request())
        # Made anew each time: the answer is kept for repeats, and a token is not to be kept.
        return Response({**answer, "mcp": access_json(self.account, UUID(answer["id"]))}, status=201)


class CallView(AccountScoped, generics.RetrieveAPIView[Call]):
    permission_classes = [CallsAccess]
    serializer_class = serializers.CallSerializer
    lookup_url_kwarg = "call_id"

    def get_object(self) -> Call:
        call = records.find_call(self.kwargs["call_id"])
        return calls_in_full().get(pk=call.pk)

    @extend_schema(tags=TAG, summary="A call with its runs and events")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)


class InvokeActionView(OneOfMany, APIView):
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
