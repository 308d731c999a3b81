"""Serializers and fields that every part of the API shares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request

S = TypeVar("S", bound=serializers.Serializer[Any])

JSON_OBJECT = {"type": "object", "additionalProperties": True}


@extend_schema_field(JSON_OBJECT)
class ObjectField(serializers.JSONField):
    """A JSON object."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, dict):
            raise serializers.ValidationError(_("This must be a JSON object."))
        return data


class StrictMixin:
    """Refuses members that it does not know: a misspelt one would otherwise be lost in silence.

    Members that are only read are let in and ignored, so that what was fetched can be sent back.
    """

    def to_internal_value(self, data: Any) -> Any:
        known = self.fields  # type: ignore[attr-defined]
        if isinstance(data, Mapping) and (unknown := sorted(set(data) - set(known))):
            raise serializers.ValidationError({name: [_("Unknown field.")] for name in unknown})
        return super().to_internal_value(data)  # type: ignore[misc]


class StrictSerializer(StrictMixin, serializers.Serializer[Any]):
    """A serializer of plain data."""


def checked(serializer: type[S], request: Request) -> S:
    """The body of the request, valid; raises DRF's ValidationError with every field to blame."""
    body = serializer(data=request.data)
    body.is_valid(raise_exception=True)
    return body
