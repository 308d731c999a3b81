"""The kinds of action that exist, and what each has to be told: for programs that offer them to people."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.scoping import AccountScoped
from actions.api.references import ActionReference, LabelReference, NameReference
from actions.api.serializers import after_fields, before_fields, serializer_for
from actions.contract import Kind, Moment
from actions.registry import kinds

TYPES: tuple[tuple[type[serializers.Field[Any, Any, Any, Any]], str], ...] = (
    (serializers.BooleanField, "boolean"),
    (serializers.IntegerField, "integer"),
    (serializers.FloatField, "number"),
    (serializers.ChoiceField, "choice"),
    (serializers.CharField, "text"),
    (LabelReference, "label"),
    (NameReference, "name"),
    (ActionReference, "name"),
    (serializers.JSONField, "json"),
)
"""The first class that fits decides. ``name`` is another row's name, ``label`` a classifier and one of its labels."""


class FieldSerializer(serializers.Serializer[Any]):
    """One member of an action."""

    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    type = serializers.ChoiceField([name for _class, name in TYPES])
    many = serializers.BooleanField(help_text="A list of these.")  # type: ignore[assignment]
    required = serializers.BooleanField()  # type: ignore[assignment]
    default = serializers.JSONField(allow_null=True)
    help = serializers.CharField(allow_blank=True)


class NestedSerializer(serializers.Serializer[Any]):
    """A list of rows that is written as a whole with the action."""

    name = serializers.CharField()
    fields = FieldSerializer(many=True)  # type: ignore[assignment]


class KindSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(help_text="The value of `kind` in an action.")
    label = serializers.CharField()  # type: ignore[assignment]
    summary = serializers.CharField()
    moments = serializers.ListField(child=serializers.ChoiceField(Moment.choices))
    once_per_agent = serializers.BooleanField()
    fields = FieldSerializer(many=True)  # type: ignore[assignment]
    nested = NestedSerializer(many=True)


class KindsView(AccountScoped, APIView):
    @extend_schema(tags=["Actions"], summary="The kinds of action", responses=KindSerializer(many=True))
    def get(self, request: Request) -> Response:
        return Response([_kind_json(kind) for kind in kinds])


def _kind_json(kind: Kind[Any]) -> dict[str, Any]:
    known: Any = serializer_for(kind.name)().fields
    return {
        "name": kind.name,
        "label": str(kind.label),
        "summary": str(kind.summary),
        "moments": [moment.value for moment in Moment if moment in kind.moments],
        "once_per_agent": kind.once_per_agent,
        "fields": [
            _field_json(name, known[name]) for name in (*kind.fields, *before_fields(kind), *after_fields(kind))
        ],
        "nested": [
            {"name": name, "fields": [_field_json(*each) for each in known[name].child.fields.items()]}
            for name in kind.nested
        ],
    }


def _field_json(name: str, field: Any) -> dict[str, Any]:
    inner = getattr(field, "child_relation", field)
    default = None if field.default is serializers.empty else field.default
    return {
        "name": name,
        "label": str(field.label or name),
        "type": next((word for each, word in TYPES if isinstance(inner, each)), "json"),
        "many": inner is not field,
        "required": field.required,
        "default": default() if callable(default) else default,
        "help": str(field.help_text or ""),
    }
