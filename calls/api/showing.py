"""A call in full, for whoever else shows it as the API does."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.db.models import Prefetch, QuerySet
from rest_framework.renderers import JSONRenderer

from actions.contract import JSON
from calls.api.serializers import CallSerializer
from calls.models import Call, Event, Run


def calls_in_full() -> QuerySet[Call]:
    """Calls with all that :class:`CallSerializer` shows of them."""
    runs: Any = Prefetch("runs", Run.objects.order_by("created_at", "id"))
    events: Any = Prefetch("events", Event.objects.order_by("received_at", "id"))
    return Call.objects.select_related("agent", "release").prefetch_related(runs, events, "external_ids")


def shown_call(call_id: UUID) -> dict[str, JSON] | None:
    """What ``GET /calls/{id}`` answers now, as plain JSON; None for a call that is gone."""
    call = calls_in_full().filter(pk=call_id).first()
    if call is None:
        return None
    shown: dict[str, JSON] = json.loads(JSONRenderer().render(CallSerializer(call).data))
    return shown
