"""A workflow as one JSON file: out of one account, into another. Credentials are named, never contained."""

from __future__ import annotations

from itertools import count
from typing import Any

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.fields import StrictSerializer
from accounts.api.scoping import AccountScoped
from accounts.models import Account
from workflows.api.graphs import GraphErrorSerializer, GraphField, error_json
from workflows.api.workflows import WorkflowSerializer
from workflows.library import check_draft, release_graph, used_names
from workflows.models import Workflow

FORMAT = "triptyque.workflow/1"
TAG = ["Workflows"]
NAME_CHARS = 100


class WorkflowFileSerializer(StrictSerializer):
    """A workflow, without the data of its tests."""

    format = serializers.ChoiceField([FORMAT], default=FORMAT)
    name = serializers.CharField(max_length=NAME_CHARS)
    description = serializers.CharField(allow_blank=True, default="", max_length=10_000)
    graph = GraphField()
    auth_profiles = serializers.ListField(
        child=serializers.CharField(), required=False, help_text="Credentials that the steps name."
    )
    workflows = serializers.ListField(
        child=serializers.CharField(), required=False, help_text="Other workflows that the steps name."
    )


class ImportedSerializer(serializers.Serializer[Any]):
    workflow = WorkflowSerializer()
    errors = GraphErrorSerializer(many=True, help_text="What the account lacks before it can be published.")  # type: ignore[assignment]


class ExportView(AccountScoped, APIView):
    @extend_schema(
        tags=TAG, summary="A workflow as a file", responses=WorkflowFileSerializer, operation_id="export_workflow"
    )
    def get(self, request: Request, id: int) -> Response:
        workflow = Workflow.objects.filter(pk=id).first()
        if workflow is None:
            raise Http404
        file = {
            "format": FORMAT,
            "name": workflow.name,
            "description": workflow.description,
            "graph": release_graph(workflow.graph),
            **used_names(workflow.graph),
        }
        return Response(file, headers={"Content-Disposition": f'attachment; filename="workflow-{workflow.pk}.json"'})


class ImportView(AccountScoped, APIView):
    @extend_schema(
        tags=TAG,
        summary="Create a workflow from a file",
        description="A name that is taken gets a number behind it. Names of credentials and workflows that the "
        "account lacks are told in `errors`; the workflow is created all the same.",
        request=WorkflowFileSerializer,
        responses={201: ImportedSerializer},
        operation_id="import_workflow",
    )
    def post(self, request: Request) -> Response:
        file = WorkflowFileSerializer(data=request.data)
        file.is_valid(raise_exception=True)
        data = file.validated_data
        row = {"name": _free_name(data["name"]), "description": data["description"], "graph": data["graph"]}
        created = WorkflowSerializer(data=row, context={"view": self, "request": request})
        created.is_valid(raise_exception=True)
        created.save()
        return Response({"workflow": created.data, "errors": _missing(row, self.account)}, status=201)


def _missing(row: dict[str, Any], account: Account) -> list[dict[str, Any]]:
    draft = check_draft(row["graph"], account_id=account.pk, name=row["name"])
    return [error_json(error) for error in draft.errors]


def _free_name(name: str) -> str:
    if not Workflow.objects.filter(name=name).exists():
        return name
    numbered = (f"{name[: NAME_CHARS - 8]} ({number})" for number in count(2))
    return next(each for each in numbered if not Workflow.objects.filter(name=each).exists())
