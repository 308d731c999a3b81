"""Destinations in the API: nested in their action while they are few, at an address of their own however many."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.model_serializers import Errors
from accounts.api.viewsets import ConfigurationViewSet
from actions.api.actions import OfAgent
from actions.api.serializers import child_serializer, generic_serializer
from actions.models import Action
from actions.registry import kinds
from transfers.action import TransferAction
from transfers.choices import MOST_CHOICES
from transfers.directory import search_ids
from transfers.models import TransferDestination

TAG = ["Destinations"]
MOST_FOUND = 100

LATE = ("destinations", "destination_count")

NestedDestinations: Any = child_serializer(TransferAction, "destinations")
Generic: Any = generic_serializer(kinds.get("transfer"))


class TransferActionSerializer(Generic):
    """Passes the caller on to a phone number, a SIP address or another agent; unanswered, the agent takes the call
    back.

    ``destinations`` is null, and a PUT or PATCH without it leaves them as they are, where there are more than 50:
    they have an address of their own.
    """

    fetches_itself = frozenset({"destinations"})

    destinations = NestedDestinations(
        many=True,
        allow_null=True,
        default=lambda: None,
        max_length=MOST_CHOICES,
        help_text="Null where there are more than 50: see /agents/{slug}/actions/{name}/destinations.",
    )
    destination_count = serializers.IntegerField(read_only=True)

    class Meta(Generic.Meta):
        fields = [*Generic.Meta.fields, "destination_count"]

    @property
    def _readable_fields(self) -> Any:
        """Without the nested list, which would be fetched whole."""
        return (field for field in super()._readable_fields if field.field_name not in LATE)

    def to_representation(self, instance: Any) -> Any:
        few = _few(instance)
        nested = None if few is None else NestedDestinations(few, many=True, context=self.context).data
        count = instance.destinations.order_by().count() if few is None else len(few)
        return {**super().to_representation(instance), "destinations": nested, "destination_count": count}

    def clean_relations(self, instance: Action, relations: dict[str, Any]) -> Errors:
        if relations.get("destinations") is None:
            if instance.pk and _few(instance) is None:
                del relations["destinations"]
                return {}
            relations["destinations"] = []
        errors: Errors = super().clean_relations(instance, relations)
        return errors

    def save_relations(self, instance: Any, relations: dict[str, Any]) -> None:
        if "destinations" in relations and _few(instance) is None:
            instance.destinations.all().delete()
        super().save_relations(instance, relations)


def _few(action: Any) -> list[TransferDestination] | None:
    """The destinations of an action in their order, None where there are too many to be nested."""
    rows = list(action.destinations.select_related("agent", "schedule")[: MOST_CHOICES + 1])
    return None if len(rows) > MOST_CHOICES else rows


class DestinationSerializer(NestedDestinations):
    """One destination of a transfer: a number (E.164), a SIP address, or another agent, as ``type`` says."""

    class Meta(NestedDestinations.Meta):
        fields = ["id", *NestedDestinations.Meta.fields, "position"]

    def new_instance(self) -> TransferDestination:
        return TransferDestination(action=self.context["view"].transfer)


@extend_schema_view(
    list=extend_schema(
        tags=TAG,
        summary="List, or search, the destinations of a transfer",
        parameters=[
            OpenApiParameter("search", str, description="Words, or the end of a number: the best 100, best first.")
        ],
    ),
    create=extend_schema(tags=TAG, summary="Add a destination"),
    retrieve=extend_schema(tags=TAG, summary="A destination"),
    update=extend_schema(tags=TAG, summary="Replace a destination"),
    partial_update=extend_schema(tags=TAG, summary="Change a destination"),
    destroy=extend_schema(tags=TAG, summary="Delete a destination", request=None, responses={204: None}),
)
class DestinationsViewSet(OfAgent, ConfigurationViewSet[TransferDestination]):
    """With more than 50 enabled destinations they are a live directory: a change counts for the next search."""

    queryset = TransferDestination.objects.none()
    serializer_class = DestinationSerializer
    lookup_value_regex = "[0-9]{1,18}"
    filterset_fields = ("enabled", "type", "phone")

    @cached_property
    def transfer(self) -> TransferAction:
        """Raises Http404, also for another account's action, and for actions of other kinds."""
        rows = TransferAction.objects.select_related("agent__account")
        return get_object_or_404(rows, agent=self.agent, name=self.kwargs["action_name"])

    def get_queryset(self) -> QuerySet[TransferDestination]:
        rows = super().get_queryset().filter(action_id=self.transfer.pk).select_related("agent", "schedule")
        return rows.order_by("phone", "pk")

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        asked = request.query_params.get("search", "").strip()
        if not asked:
            return super().list(request, *args, **kwargs)
        found = search_ids(self.transfer.pk, asked, limit=MOST_FOUND, language=self.agent.language)
        place = {pk: at for at, pk in enumerate(found)}
        rows = sorted(self.filter_queryset(self.get_queryset().filter(pk__in=place)), key=lambda row: place[row.pk])
        page = self.paginate_queryset(rows)
        return self.get_paginated_response(self.get_serializer(page, many=True).data)
