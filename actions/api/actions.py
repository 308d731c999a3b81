"""Actions of every kind at one address: ``kind`` tells which members an action has."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any

from django.db import models
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.viewsets import ConfigurationViewSet
from actions.api.serializers import ActionSerializer, after_fields, before_fields, serializer_for
from actions.contract import Kind, Moment
from actions.models import Action, Agent, Label
from actions.registry import kinds

TAG = ["Actions"]


def _serializers() -> dict[str, serializers.Serializer[Any] | type[serializers.Serializer[Any]]]:
    return {kind.name: serializer_for(kind.name) for kind in kinds}


ANY_KIND = PolymorphicProxySerializer(
    component_name="Action",
    serializers=_serializers,
    resource_type_field_name="kind",
)


class OfAgent:
    """Mixin of views below ``agents/{agent_slug}/``."""

    kwargs: dict[str, Any]

    @cached_property
    def agent(self) -> Agent:
        """Raises Http404, also for another account's agent."""
        agents = Agent.objects.select_related("account", "current_release")
        return get_object_or_404(agents, slug=self.kwargs["agent_slug"])


@extend_schema_view(
    list=extend_schema(tags=TAG, summary="List an agent's actions", responses=ANY_KIND),
    create=extend_schema(tags=TAG, summary="Add an action", request=ANY_KIND, responses={201: ANY_KIND}),
    retrieve=extend_schema(tags=TAG, summary="An action", responses=ANY_KIND),
    update=extend_schema(tags=TAG, summary="Replace an action", request=ANY_KIND, responses=ANY_KIND),
    partial_update=extend_schema(tags=TAG, summary="Change an action", request=ANY_KIND, responses=ANY_KIND),
    destroy=extend_schema(tags=TAG, summary="Delete an action", request=None, responses={204: None}),
)
class ActionsViewSet(OfAgent, ConfigurationViewSet[Action]):
    """Nested lists are replaced as a whole. The kind of an action never changes."""

    queryset = Action.objects.none()
    lookup_field = "name"
    lookup_value_regex = "[A-Za-z0-9_-]{1,63}"
    filterset_fields = ("moment", "kind", "enabled")

    def get_queryset(self) -> models.QuerySet[Action]:
        order = models.Case(*(models.When(moment=moment, then=at) for at, moment in enumerate(Moment.values)))
        return super().get_queryset().filter(agent=self.agent).order_by(order, "position", "pk")

    def get_object(self) -> Action:
        return configured([super().get_object()])[0]

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        assert page is not None
        context = self.get_serializer_context()
        rows = [serializer_for(row.kind)(row, context=context).data for row in configured(page)]
        return self.get_paginated_response(rows)

    def get_serializer(self, *args: Any, **kwargs: Any) -> ActionSerializer:
        row = args[0] if args else None
        kind = row.kind if row is not None else _kind_asked_for(kwargs.get("data"))
        return serializer_for(kind)(*args, **kwargs, context=self.get_serializer_context())


def configured(actions: Iterable[Action]) -> list[Action]:
    """The rows as their kinds' own models, in the same order; a few queries for each kind among them."""
    wanted = list(actions)
    rows: dict[int, Action] = {}
    for name in {action.kind for action in wanted}:
        kind = kinds.get(name)
        pks = [action.pk for action in wanted if action.kind == name]
        rows |= {row.pk: row for row in _with_relations(kind).filter(pk__in=pks)}
    return [rows[action.pk] for action in wanted if action.pk in rows]


def _with_relations(kind: Kind[Any]) -> models.QuerySet[Action]:
    columns = [kind.model._meta.get_field(name) for name in (*kind.fields, *before_fields(kind), *after_fields(kind))]
    ones = [column.name for column in columns if column.many_to_one]
    many = [
        f"{column.name}__classifier" if column.related_model is Label else column.name
        for column in columns
        if column.many_to_many
    ]
    known = [name for name in kind.nested if name not in serializer_for(kind.name).fetches_itself]
    nested = [path for name in known for path in _nested_paths(kind, name)]
    return kind.model.objects.select_related("agent__account", *ones).prefetch_related(*many, *nested)


def _nested_paths(kind: Kind[Any], name: str) -> list[str]:
    """A nested relation, and the rows that its own rows name."""
    relation: Any = kind.model._meta.get_field(name)
    named = [column.name for column in relation.related_model._meta.fields if column.many_to_one]
    return [name, *(f"{name}__{each}" for each in named if each != relation.field.name)]


def _kind_asked_for(data: Any) -> str:
    name = data.get("kind") if isinstance(data, dict) else None
    if not isinstance(name, str) or name not in kinds:
        known = ", ".join(kind.name for kind in kinds)
        raise serializers.ValidationError({"kind": [_("Choose one of: %(known)s.") % {"known": known}]})
    return name
