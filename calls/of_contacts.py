"""The calls that a contact's page shows."""

from __future__ import annotations

from django.db.models import Q
from django.urls import reverse

from calls.models import Call, CallDirection
from contacts.history import PastCall


def calls_with(phone: str, most: int) -> list[PastCall]:
    """The latest first; inside the account's scope."""
    caller = Q(direction=CallDirection.INBOUND, from_number=phone)
    called = Q(direction=CallDirection.OUTBOUND, to_number=phone)
    columns = ("begun_at", "agent__name", "direction", "classifications", "summary", "state")
    calls = Call.objects.filter(caller | called).select_related("agent").only("id", *columns)
    return [
        PastCall(
            url=reverse("admin:calls_call_change", args=[call.pk]),
            begun_at=call.begun_at,
            agent=call.agent.name,
            direction=call.get_direction_display(),
            labels=[str(label) for label in call.classifications.values()],
            what=call.summary[:200] or call.get_state_display(),
        )
        for call in calls.order_by("-begun_at")[:most]
    ]
