"""The tools that the model is offered, in the shape that its vendor wants."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.fields import ObjectField, StrictMixin
from accounts.api.permissions import CallsAccess
from accounts.api.scoping import AccountScoped
from actions import manifests
from actions.releases import Plan, load_plan
from calls import records
from calls.api.serializers import ReleaseNumberSerializer
from calls.requests import BeginCall

TAG = ["Calls"]
LONGEST_URL = 2000


class ToolsQuerySerializer(StrictMixin, serializers.Serializer[Any]):
    shape = serializers.ChoiceField(manifests.names(), default=manifests.OWN, help_text="Whose shape; default: ours.")
    bridge_url = serializers.URLField(
        max_length=LONGEST_URL,
        required=False,
        default="",
        help_text="Vapi, Retell: the address of your bridge, which hands their requests on.",
    )


class MisfitSerializer(serializers.Serializer[Any]):
    tool = serializers.CharField(allow_blank=True, help_text="Empty: all of them together.")
    message = serializers.CharField()


class OfferedToolsSerializer(serializers.Serializer[Any]):
    shape = serializers.ChoiceField(manifests.names())
    called = serializers.ChoiceField(manifests.Called.choices, help_text="How the vendor’s tool calls reach the API.")
    agent = serializers.CharField()
    release = ReleaseNumberSerializer()
    tools = serializers.ListField(child=ObjectField(), help_text="As the vendor wants them, one by one.")
    warnings = MisfitSerializer(many=True, help_text="What of them this shape cannot say.")


class AgentToolsView(AccountScoped, APIView):
    permission_classes = [CallsAccess]

    @extend_schema(
        tags=TAG,
        summary="The tools of an agent's published version",
        parameters=[ToolsQuerySerializer],
        responses=OfferedToolsSerializer,
        operation_id="agent_tools",
    )
    def get(self, request: Request, slug: str) -> Response:
        query = _query(request)
        agent = records.find_agent(BeginCall(direction="", agent=slug), any_direction=True)
        assert agent.current_release_id is not None
        return Response(_offered(load_plan(agent.current_release_id), query))


class CallToolsView(AccountScoped, APIView):
    permission_classes = [CallsAccess]

    @extend_schema(
        tags=TAG,
        summary="The tools of a call, of the version that it began with",
        parameters=[ToolsQuerySerializer],
        responses=OfferedToolsSerializer,
        operation_id="call_tools",
    )
    def get(self, request: Request, call_id: UUID) -> Response:
        query = _query(request)
        call = records.find_call(call_id)
        return Response(_offered(load_plan(call.release_id), query, call_id=str(call.pk)))


def _query(request: Request) -> dict[str, str]:
    query = ToolsQuerySerializer(data=request.query_params.dict())
    query.is_valid(raise_exception=True)
    return query.validated_data  # type: ignore[no-any-return]


def _offered(plan: Plan, query: dict[str, str], *, call_id: str = "") -> dict[str, Any]:
    shape = manifests.find(query["shape"])
    place = manifests.Place(
        api_url=f"{settings.PUBLIC_URL}/api/v1",
        language=plan.agent.language,
        call_id=call_id,
        bridge_url=query["bridge_url"],
    )
    manifest = manifests.render(shape, plan.tools, place)
    return {
        "shape": shape.name,
        "called": shape.called.value,
        "agent": plan.agent.slug,
        "release": {"number": plan.number},
        "tools": manifest.tools,
        "warnings": [{"tool": misfit.tool, "message": misfit.message} for misfit in manifest.warnings],
    }
