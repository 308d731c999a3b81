"""The kinds of node that an editor offers, with the forms that it shows."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.fields import ObjectField
from accounts.api.scoping import AccountScoped
from actions.contract import JSON, Moment
from workflows.nodes.base import AnyNodeKind, FieldForm
from workflows.nodes.registry import discover


class OptionSerializer(serializers.Serializer[Any]):
    value = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]


class NodeFieldSerializer(serializers.Serializer[Any]):
    """One setting of a node."""

    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    widget = serializers.CharField(help_text="How to show it: text, template, select, key-value …")
    help = serializers.CharField(allow_blank=True)
    required = serializers.BooleanField()  # type: ignore[assignment]
    placeholder = serializers.CharField(allow_blank=True)
    unit = serializers.CharField(allow_blank=True)
    moments = serializers.ListField(child=serializers.ChoiceField(Moment.choices))
    minimum = serializers.FloatField(required=False)
    maximum = serializers.FloatField(required=False)
    options = OptionSerializer(many=True, required=False)


class NodeKindSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(help_text="The value of `kind` in a step.")
    label = serializers.CharField()  # type: ignore[assignment]
    summary = serializers.CharField()
    icon = serializers.CharField(help_text="Name of a Material Symbol.")
    moments = serializers.ListField(child=serializers.ChoiceField(Moment.choices))
    outputs = serializers.ListField(
        child=serializers.CharField(), allow_null=True, help_text="Ways out; null: they depend on the settings."
    )
    acts = serializers.BooleanField(help_text="Whether it asks or changes something outside.")
    fields = NodeFieldSerializer(many=True)  # type: ignore[assignment]
    default_config = ObjectField()


class NodesView(AccountScoped, APIView):
    @extend_schema(
        tags=["Workflows"],
        summary="The kinds of step",
        parameters=[OpenApiParameter("moment", enum=Moment.values, description="Only those possible at this moment.")],
        responses=NodeKindSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        moment = request.query_params.get("moment")
        kinds = discover().for_moment(moment) if moment in Moment.values else list(discover())
        return Response([_kind_json(kind, self.account.pk) for kind in kinds])


def _kind_json(kind: AnyNodeKind, account_id: int) -> dict[str, JSON]:
    return {
        "name": kind.name,
        "label": str(kind.label),
        "summary": str(kind.summary),
        "icon": kind.icon,
        "moments": _moments(kind.moments),
        "outputs": None if kind.outputs_vary else list(kind.outputs(kind.Config.model_construct())),
        "acts": kind.acts,
        "fields": [_field_json(form, account_id) for form in kind.fields if form.widget != "hidden"],
        "default_config": dict(kind.default_config),
    }


def _field_json(form: FieldForm, account_id: int) -> dict[str, JSON]:
    shown: dict[str, JSON] = {
        "name": form.name,
        "label": str(form.label),
        "widget": form.widget,
        "help": str(form.help),
        "required": form.required,
        "placeholder": str(form.placeholder),
        "unit": form.unit,
        "moments": _moments(form.moments),
    }
    options = form.options_for(account_id) if form.options_for else form.options
    if options or form.options_for:
        shown["options"] = [{"value": value, "label": str(label)} for value, label in options]
    bounds = {"minimum": form.minimum, "maximum": form.maximum}
    return {**shown, **{name: value for name, value in bounds.items() if value is not None}}


def _moments(moments: frozenset[Moment]) -> list[str]:
    return [moment.value for moment in Moment if moment in moments]
