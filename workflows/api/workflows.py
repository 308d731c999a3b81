"""Workflows in the API; an action names the one it runs."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers

from accounts.api.model_serializers import ChangedMeanwhile, CleanModelSerializer
from accounts.api.viewsets import NAMED, ConfigurationViewSet, InUse
from workflows.api.graphs import GraphField
from workflows.graph import default_graph
from workflows.library import run_by
from workflows.models import Workflow

LARGEST_VERSION = 2**31 - 1


class WorkflowSerializer(CleanModelSerializer[Workflow]):
    """A graph that actions run."""

    graph = GraphField(default=default_graph)
    version = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=LARGEST_VERSION,
        help_text="Grows with each change. Sent back, the change is refused with 409 if it is not the latest.",
    )

    class Meta:
        model = Workflow
        fields = ["id", "name", "description", "graph", "version", "created_at", "updated_at"]
        read_only_fields = ["created_at", "updated_at"]

    def new_instance(self) -> Workflow:
        return Workflow(account=self.context["view"].account)

    def create(self, validated_data: dict[str, Any]) -> Workflow:
        validated_data.pop("version", None)
        return super().create(validated_data)

    def _store(self, instance: Workflow, data: dict[str, Any]) -> Workflow:
        seen = data.pop("version", None)
        user = self.context["request"].user
        instance.changed_by = user if getattr(user, "is_authenticated", False) else None
        with transaction.atomic():
            if instance.pk and seen is not None:
                _refuse_if_changed(instance, seen)
            return super()._store(instance, data)


def _refuse_if_changed(workflow: Workflow, seen: int) -> None:
    """Raises ChangedMeanwhile if ``seen`` is not the stored version; locks the row otherwise."""
    stored = Workflow.objects.select_for_update().get(pk=workflow.pk)
    if stored.version != seen:
        raise ChangedMeanwhile(
            members={
                "version": stored.version,
                "changed_by": str(stored.changed_by) if stored.changed_by else None,
                "changed_at": stored.updated_at.isoformat(),
            }
        )


TAG = ["Workflows"]


@extend_schema_view(
    list=extend_schema(tags=TAG, summary="List workflows"),
    create=extend_schema(tags=TAG, summary="Create a workflow"),
    retrieve=extend_schema(tags=TAG, summary="A workflow"),
    update=extend_schema(tags=TAG, summary="Replace a workflow"),
    partial_update=extend_schema(tags=TAG, summary="Change a workflow"),
    destroy=extend_schema(
        tags=TAG,
        summary="Delete a workflow",
        description="Refused with 409 while something runs it.",
    ),
)
class WorkflowsViewSet(ConfigurationViewSet[Workflow]):
    """Actions name a workflow by its ``name``. Editing one touches no call until the agent is published."""

    queryset = Workflow.objects.none()
    lookup_value_regex = "[0-9]{1,18}"
    serializer_class = WorkflowSerializer
    filterset_fields = ("name",)

    def perform_destroy(self, instance: Workflow) -> None:
        if users := run_by(instance.name, Workflow.objects.values_list("name", "graph")):
            raise InUse(_("Used by: %(rows)s.") % {"rows": ", ".join(users[:NAMED])})
        super().perform_destroy(instance)
