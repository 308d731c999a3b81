"""Rows that others use, in the API: each says by whom, and what is used is not deleted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from django.db import models
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.api.fields import StrictSerializer
from accounts.api.model_serializers import CleanModelSerializer
from accounts.api.viewsets import NAMED, ConfigurationViewSet, InUse
from accounts.usage import Named

M = TypeVar("M", bound=models.Model)


class UseSerializer(StrictSerializer):
    """Who uses a row: a sentence for people, and the page of the admin where it is used."""

    label = serializers.CharField()  # type: ignore[assignment]
    url = serializers.CharField(help_text="Path of a page of the admin.")


class UsedSerializer(CleanModelSerializer[M]):
    """Its view is a :class:`UsedViewSet`; ``used_by`` stands among the fields of its Meta."""

    used_by = serializers.SerializerMethodField()

    @extend_schema_field(UseSerializer(many=True))
    def get_used_by(self, row: M) -> list[dict[str, str]]:
        uses: Sequence[Named] = self.context["view"].uses.get(row.pk, [])
        return [{"label": use.label, "url": use.url} for use in uses]


class UsedViewSet(ConfigurationViewSet[M]):
    def uses_by_row(self, rows: Iterable[M]) -> Mapping[Any, Sequence[Named]]:
        """By primary key."""
        raise NotImplementedError

    @cached_property
    def uses(self) -> Mapping[Any, Sequence[Named]]:
        """Of all rows of the account: looked up once, however many are shown."""
        return self.uses_by_row(self.get_queryset())

    def perform_destroy(self, instance: M) -> None:
        if uses := self.uses_by_row([instance])[instance.pk]:
            shown = [use.label for use in uses[:NAMED]] + (["…"] if len(uses) > NAMED else [])
            raise InUse(_("Used by: %(rows)s.") % {"rows": ", ".join(shown)})
        super().perform_destroy(instance)
