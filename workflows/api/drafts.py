"""What an editor asks about a graph that is not saved: its mistakes, its names, and how it runs."""

from __future__ import annotations

from typing import Any

from asgiref.sync import AsyncToSync
from django.conf import settings
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.fields import ObjectField, StrictSerializer, checked
from accounts.api.scoping import AccountScoped
from actions.contract import JSON, Moment
from outbound.http import session_scope
from workflows.api.graphs import DraftGraphField, GraphErrorSerializer, MomentField, by_place, error_json
from workflows.callers import callers_of
from workflows.graph import GraphError, GraphInvalidError
from workflows.graph.in_scope import Known, example_of, names_at, names_in
from workflows.library import Draft, check_draft
from workflows.models import Workflow
from workflows.rehearsing import LONGEST_S, Trial, rehearse

TAG = ["Workflows"]


class DraftSerializer(StrictSerializer):
    graph = DraftGraphField()
    moment = MomentField()
    workflow = serializers.IntegerField(
        required=False,
        allow_null=True,
        min_value=1,
        max_value=2**63 - 1,
        help_text="The saved workflow that this is a draft of, if there is one.",
    )

    def saved(self) -> Workflow | None:
        return Workflow.objects.filter(pk=self.validated_data.get("workflow")).first()


class CheckedDraftSerializer(serializers.Serializer[Any]):
    errors = GraphErrorSerializer(many=True)  # type: ignore[assignment]


class DraftVariablesSerializer(DraftSerializer):
    node = serializers.CharField(max_length=64)
    test_data = ObjectField(required=False, help_text="Names in scope, for examples.")


class VariableSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    origin = serializers.CharField(help_text="call, context, parameters, arguments, test or node:<id>.")
    example = serializers.JSONField(required=False)


class VariablesSerializer(serializers.Serializer[Any]):
    variables = VariableSerializer(many=True)


class TrialSerializer(DraftSerializer):
    node = serializers.CharField(
        max_length=64, required=False, allow_null=True, allow_blank=True, help_text="Only this step is run."
    )
    data = ObjectField(required=False, help_text="Names in scope; without it, the test data of the start.")  # type: ignore[assignment]
    pinned = ObjectField(required=False, help_text="Step to the answer that it is given instead of being run.")
    live = serializers.BooleanField(default=False, help_text="Whether steps may reach outside.")
    timeout_s = serializers.FloatField(required=False, min_value=0.1, max_value=LONGEST_S)


class RanSerializer(serializers.Serializer[Any]):
    """How a test went."""

    state = serializers.ChoiceField(["succeeded", "failed"])
    trace = serializers.ListField(child=ObjectField(), help_text="One entry for each step that was begun.")
    variables = ObjectField()
    parameters = ObjectField()
    result = serializers.JSONField(allow_null=True)
    agent_configuration = ObjectField(allow_null=True)
    fail_over = serializers.CharField(allow_blank=True)
    directives = serializers.ListField(child=ObjectField())
    warnings = serializers.ListField(child=serializers.CharField())
    error = ObjectField(allow_null=True, help_text="code and message; null: none.")


class CheckView(AccountScoped, APIView):
    @extend_schema(
        tags=TAG,
        summary="Check a draft",
        request=DraftSerializer,
        responses=CheckedDraftSerializer,
        operation_id="check_workflow",
    )
    def post(self, request: Request) -> Response:
        body = checked(DraftSerializer, request)
        draft = _checked(body, self.account.pk)
        return Response({"errors": [error_json(error) for error in draft.errors]})


class VariablesView(AccountScoped, APIView):
    @extend_schema(
        tags=TAG,
        summary="What may be written in {{ }} at a step",
        request=DraftVariablesSerializer,
        responses=VariablesSerializer,
        operation_id="workflow_variables",
    )
    def post(self, request: Request) -> Response:
        body = checked(DraftVariablesSerializer, request)
        data = body.validated_data
        moment = _moment(body)
        test_data = data.get("test_data") or start_data(data["graph"])
        known = names_at(data["graph"], data["node"], moment)
        saved = body.saved()
        if saved is not None:
            callers = callers_of(saved, moment)
            known += [Known(name, "arguments") for name in sorted(callers.arguments)]
            known += [Known(name, "parameters") for name in sorted(callers.parameters)]
        known += [Known(name, _origin(name)) for name in names_in(test_data)]
        return Response({"variables": _variables(known, test_data)})


class TestView(AccountScoped, APIView):
    @extend_schema(
        tags=TAG,
        summary="Test a draft, or one of its steps",
        request=TrialSerializer,
        responses=RanSerializer,
        operation_id="test_workflow",
    )
    def post(self, request: Request) -> Response:
        body = checked(TrialSerializer, request)
        data = body.validated_data
        node = data.get("node") or ""
        draft = _checked(body, self.account.pk)
        if node and node not in _node_ids(data["graph"]):
            draft.errors = [*draft.errors, GraphError(node, None, _("There is no such step."))]
        errors = [error for error in draft.errors if not node or error.node_id in (node, None)]
        if errors:
            raise serializers.ValidationError({"graph": by_place(errors)})
        trial = Trial(
            graph=data["graph"],
            workflows=draft.graphs,
            account_id=self.account.pk,
            language=(get_language() or "en").partition("-")[0],
            time_zone=settings.TIME_ZONE,
            moment=_moment(body) or Moment.DURING,
            node=node,
            data=data["data"] if "data" in data else start_data(data["graph"]),
            pinned=data.get("pinned") or {},
            live=data["live"],
            timeout_s=data.get("timeout_s", LONGEST_S),
        )
        return Response(run_trial(trial))


def run_trial(trial: Trial) -> dict[str, JSON]:
    """On a loop of its own, so that what a test leaves open ends with it."""

    async def run() -> dict[str, JSON]:
        async with session_scope():
            return await rehearse(trial)

    try:
        return AsyncToSync(run, force_new_loop=True)()
    except GraphInvalidError as error:
        raise serializers.ValidationError({"graph": by_place(error.errors)}) from error


def _checked(body: DraftSerializer, account_id: int) -> Draft:
    saved, moment = body.saved(), _moment(body)
    names = callers_of(saved, moment).names if saved is not None else None
    graph = body.validated_data["graph"]
    return check_draft(graph, account_id=account_id, name=saved.name if saved else "", moment=moment, flat_names=names)


def _moment(body: DraftSerializer) -> Moment | None:
    moment = body.validated_data.get("moment")
    return Moment(moment) if moment else None


def _node_ids(graph: Any) -> set[str]:
    nodes = graph.get("nodes") if isinstance(graph, dict) else None
    return {str(node.get("id")) for node in nodes if isinstance(node, dict)} if isinstance(nodes, list) else set()


def start_data(graph: Any) -> dict[str, JSON]:
    """The test data that a draft keeps at its start."""
    nodes = graph.get("nodes") if isinstance(graph, dict) else None
    for node in nodes if isinstance(nodes, list) else []:
        config = node.get("config") if isinstance(node, dict) and node.get("kind") == "start" else None
        if isinstance(config, dict) and isinstance(config.get("test_data"), dict):
            data: dict[str, JSON] = config["test_data"]
            return data
    return {}


def _origin(name: str) -> str:
    return "context" if name.startswith("context.") else "test"


def _variables(known: list[Known], test_data: dict[str, JSON]) -> list[dict[str, JSON]]:
    """Each name once, from where it was found first."""
    shown: dict[str, dict[str, JSON]] = {}
    for each in known:
        if each.name not in shown:
            shown[each.name] = {"name": each.name, "origin": each.origin}
            if (example := example_of(each.name, test_data)) is not None:
                shown[each.name]["example"] = example
    return list(shown.values())
