"""How the list of calls can be narrowed."""

from __future__ import annotations

import datetime as dt
from typing import Any

import django_filters
from django.db.models import QuerySet

from calls.models import Call, CallDirection, CallState


class MomentFilter(django_filters.IsoDateTimeFilter):
    """In UTC: PostgreSQL refuses offsets of sixteen hours and more, which ISO 8601 allows."""

    def filter(self, qs: QuerySet[Call], value: Any) -> QuerySet[Call]:
        if isinstance(value, dt.datetime):
            try:
                value = value.astimezone(dt.UTC)
            except OverflowError:
                # Before the first year or after the last one: no call lies there.
                value = (
                    dt.datetime.min.replace(tzinfo=dt.UTC) if value.year < 2 else dt.datetime.max.replace(tzinfo=dt.UTC)
                )
        filtered: QuerySet[Call] = super().filter(qs, value)
        return filtered


class CallFilters(django_filters.FilterSet):
    """Declared one by one: made from the model, they would query it at import, outside every scope."""

    agent = django_filters.CharFilter("agent__slug", help_text="Slug of the agent.")
    state = django_filters.ChoiceFilter(choices=CallState.choices)
    direction = django_filters.ChoiceFilter(choices=CallDirection.choices)
    external_id = django_filters.CharFilter()
    external_ids = django_filters.CharFilter(
        "external_ids__value", distinct=True, help_text="What a workflow said that another system calls it: a ticket."
    )
    begun_after = MomentFilter("begun_at", "gte")
    begun_before = MomentFilter("begun_at", "lt")
