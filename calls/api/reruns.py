"""Calls as material for editors: data to test a workflow with, and failed runs to try again on a draft."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from asgiref.sync import AsyncToSync
from django.http import Http404
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.authentication import Access
from accounts.api.fields import ObjectField, StrictSerializer, checked
from accounts.api.scoping import AccountScoped
from accounts.problems import Problem
from actions.contract import JSON, CallContext, Deadline, FreezeError, Kind, Moment
from actions.models import Action
from actions.registry import kinds
from actions.releases import load_plan
from calls.contexts import context_of
from calls.facts import known_of, scope_of
from calls.models import Call, Run
from outbound.http import session_scope

SAMPLES = 10


class CallDataAccess(BasePermission):
    """What callers said is shown to who may edit workflows and may see calls."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        access = request.auth
        return isinstance(access, Access) and access.may_edit_configuration and access.may_call


class NotRerunnable(Problem):
    status = 409
    code = "not_rerunnable"
    title = _("This run cannot be tried again")


class SampleSerializer(serializers.Serializer[Any]):
    call_id = serializers.UUIDField()
    begun_at = serializers.DateTimeField()
    title = serializers.CharField()
    data = ObjectField(help_text="The names in scope.")  # type: ignore[assignment]


class RerunSerializer(StrictSerializer):
    graph = serializers.JSONField(
        required=False, allow_null=True, help_text="The graph as it is being drawn; without it, the saved one."
    )


class RerunAnswerSerializer(serializers.Serializer[Any]):
    """As a test of the workflow answers."""

    state = serializers.ChoiceField(["succeeded", "failed"])
    trace = serializers.ListField(child=ObjectField())
    variables = ObjectField()
    parameters = ObjectField()
    result = serializers.JSONField(allow_null=True)
    agent_configuration = ObjectField(allow_null=True)
    fail_over = serializers.CharField(allow_blank=True)
    directives = serializers.ListField(child=ObjectField())
    warnings = serializers.ListField(child=serializers.CharField())
    error = ObjectField(allow_null=True)


class SamplesView(AccountScoped, APIView):
    permission_classes = [CallDataAccess]

    @extend_schema(
        tags=["Workflows"],
        summary="Data of recent calls, to test a workflow with",
        parameters=[OpenApiParameter("moment", enum=Moment.values)],
        responses=SampleSerializer(many=True),
        operation_id="workflow_samples",
    )
    def get(self, request: Request) -> Response:
        calls = Call.objects.select_related("agent", "release").order_by("-begun_at")[:SAMPLES]
        return Response([_sample(call, request.query_params.get("moment")) for call in calls])


class RerunView(AccountScoped, APIView):
    permission_classes = [CallDataAccess]

    @extend_schema(
        tags=["Workflows"],
        summary="Try a run again with the draft of its workflow",
        description="Takes what the call knew when the run began, and the run's arguments. What the steps send is "
        "sent, under a new idempotency key; the run itself is not touched.",
        request=RerunSerializer,
        responses=RerunAnswerSerializer,
        operation_id="rerun_run",
    )
    def post(self, request: Request, run_id: UUID) -> Response:
        body = checked(RerunSerializer, request)
        run = Run.objects.select_related("call__agent", "call__release").filter(pk=run_id).first()
        if run is None:
            raise Http404
        return Response(_rerun(run, body.validated_data.get("graph")))


def _sample(call: Call, moment: str | None) -> dict[str, JSON]:
    if moment == Moment.BEFORE:
        # As it was when the phone rang.
        call.parameters = dict(call.context)
    scope = scope_of(call, load_plan(call.release_id), known_of(call))
    data = {name: value for name, value in scope.items() if value is not None}
    title = f"{date_format(timezone.localtime(call.begun_at), 'SHORT_DATETIME_FORMAT')} · {call}"
    return {"call_id": str(call.pk), "begun_at": call.begun_at.isoformat(), "title": title, "data": data}


def _rerun(run: Run, graph: JSON) -> dict[str, JSON]:
    kind = kinds.get(run.kind) if run.kind in kinds else None
    action = Action.objects.filter(agent=run.call.agent, moment=run.moment, name=run.action_name).first()
    if kind is None or not kind.rehearses or action is None or action.kind != run.kind:
        raise NotRerunnable(_("Its action is gone, or is of a kind that has no draft."))
    try:
        params = kind.draft(kind.model._default_manager.get(pk=action.pk), graph)
    except FreezeError as error:
        raise serializers.ValidationError(
            {name: [str(text) for text in texts] for name, texts in error.errors.items()}
        ) from error
    _as_it_was(run)
    plan = load_plan(run.call.release_id)
    context = context_of(run.call, plan, run, Deadline.after(kind.time_limit_s(params)), known_of(run.call))
    context.idempotency_key = f"rerun-{uuid4()}"
    return _rehearsed(kind, params, context, run.arguments)


def _as_it_was(run: Run) -> None:
    """Give the call (in memory) back what it knew when the run began: the report came after all but after-runs."""
    call = run.call
    call.parameters = run.parameters
    if run.moment != Moment.AFTER:
        call.summary = call.ended_reason = call.recording_url = ""
        call.transcript, call.classifications, call.duration_s = [], {}, None


def _rehearsed(kind: Kind[Any], params: Any, context: CallContext, arguments: Mapping[str, JSON]) -> dict[str, JSON]:
    """On a loop of its own, so that what it leaves open ends with it; in the agent's language, as in the call."""

    async def rehearse() -> dict[str, JSON]:
        async with session_scope():
            return await kind.rehearse(params, context, arguments)

    with override(context.agent.language):
        answer: dict[str, JSON] = AsyncToSync(rehearse, force_new_loop=True)()
    return answer
