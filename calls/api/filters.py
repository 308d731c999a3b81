"""How the list of calls can be narrowed."""

from __future__ import annotations

import django_filters

from calls.models import CallDirection, CallState


class CallFilters(django_filters.FilterSet):
    """Declared one by one: made from the model, they would query it at import, outside every scope."""

    agent = django_filters.CharFilter("agent__slug", help_text="Slug of the agent.")
    state = django_filters.ChoiceFilter(choices=CallState.choices)
    direction = django_filters.ChoiceFilter(choices=CallDirection.choices)
    external_id = django_filters.CharFilter()
    begun_after = django_filters.IsoDateTimeFilter("begun_at", "gte")
    begun_before = django_filters.IsoDateTimeFilter("begun_at", "lt")
