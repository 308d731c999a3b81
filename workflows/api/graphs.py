"""Graphs in requests, and their errors in answers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from actions.contract import JSON, Moment
from workflows.graph import Graph, GraphError, check_graph


@extend_schema_field(cast("Any", Graph))
class DraftGraphField(serializers.JSONField):
    """A graph as it is being drawn, mistakes and all."""


@extend_schema_field(cast("Any", Graph))
class GraphField(serializers.JSONField):
    """The steps and the connections between them; every error is told at its step and setting."""

    def to_internal_value(self, data: Any) -> Any:
        if errors := check_graph(data):
            raise serializers.ValidationError(by_place(errors))
        return data


class MomentField(serializers.ChoiceField):
    """A moment of the call; null: any."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(Moment.choices, **{"required": False, "allow_null": True, "default": None, **kwargs})


class GraphErrorSerializer(serializers.Serializer[Any]):
    node = serializers.CharField(allow_null=True, help_text="Id of the step; null: the whole graph.")
    field = serializers.CharField(allow_null=True, help_text="Path of the setting, such as mapping.0.path.")
    message = serializers.CharField()


def by_place(errors: Iterable[GraphError]) -> dict[str, list[str]]:
    """``nodes.lookup.url`` for a setting of the step ``lookup``, ``edges.3`` for the fourth connection."""
    places: dict[str, list[str]] = {}
    for error in errors:
        on_step = error.node_id is not None and not (error.field or "").startswith("edges.")
        parts = ["nodes", error.node_id, error.field] if on_step else [error.field]
        places.setdefault(".".join(filter(None, parts)) or "non_field_errors", []).append(error.message)
    return places


def error_json(error: GraphError) -> dict[str, JSON]:
    return {"node": error.node_id, "field": error.field, "message": error.message}
