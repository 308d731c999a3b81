"""Workflows in the API; an action names the one it runs."""

from __future__ import annotations

from typing import Any, cast

from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers

from accounts.api.model_serializers import CleanModelSerializer
from accounts.api.viewsets import ConfigurationViewSet
from workflows.graph import Graph, GraphError, check_graph, default_graph
from workflows.models import Workflow


@extend_schema_field(cast("Any", Graph))
class GraphField(serializers.JSONField):
    """The steps and the connections between them; every error is told at its step and setting."""

    def to_internal_value(self, data: Any) -> Any:
        if errors := check_graph(data):
            raise serializers.ValidationError(_by_place(errors))
        return data


def _by_place(errors: list[GraphError]) -> dict[str, list[str]]:
    """``nodes.lookup.url`` for a setting of the step ``lookup``, ``edges.3`` for the fourth connection."""
    places: dict[str, list[str]] = {}
    for error in errors:
        on_step = error.node_id is not None and not (error.field or "").startswith("edges.")
        parts = ["nodes", error.node_id, error.field] if on_step else [error.field]
        places.setdefault(".".join(filter(None, parts)) or "non_field_errors", []).append(error.message)
    return places


class WorkflowSerializer(CleanModelSerializer[Workflow]):
    """A graph that actions run."""

    graph = GraphField(default=default_graph)

    class Meta:
        model = Workflow
        fields = ["id", "name", "description", "graph", "created_at", "updated_at"]
        read_only_fields = ["created_at", "updated_at"]

    def new_instance(self) -> Workflow:
        return Workflow(account=self.context["view"].account)


TAG = ["Workflows"]


@extend_schema_view(
    list=extend_schema(tags=TAG, summary="List workflows"),
    create=extend_schema(tags=TAG, summary="Create a workflow"),
    retrieve=extend_schema(tags=TAG, summary="A workflow"),
    update=extend_schema(tags=TAG, summary="Replace a workflow"),
    partial_update=extend_schema(tags=TAG, summary="Change a workflow"),
    destroy=extend_schema(
        tags=TAG, summary="Delete a workflow", description="Refused with 409 as long as an action runs it."
    ),
)
class WorkflowsViewSet(ConfigurationViewSet[Workflow]):
    """Actions name a workflow by its ``name``. Editing one touches no call until the agent is published."""

    queryset = Workflow.objects.none()
    lookup_value_regex = "[0-9]{1,18}"
    serializer_class = WorkflowSerializer
    filterset_fields = ("name",)
