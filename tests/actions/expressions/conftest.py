"""One scope, as a run after a call has it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest
from django.utils.translation import override

from actions.contract import JSON
from actions.expressions import scope


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    with override("en"):
        yield


@pytest.fixture
def names() -> Mapping[str, JSON]:
    return scope.build(
        system={"callId": "c-1", "agentId": "lac", "now": "2025-11-20T09:05:00+01:00", "dayOfWeek": "Thursday"},
        interaction={"ANI": "+33199000001", "DISPOSITION": "escalated", "DURATION": 75, "SUMMARY": None},
        sip={"X-Customer-Id": "42", "User-Agent": "softphone"},
        context={"shop": {"id": 7, "_ref": "r7", "__typename": "Shop", "items": ["tea"]}},
        params={"firstName": "Zoé", "vip": True, "tier": "gold"},
        contact={"name": "Zoé Martin", "email": None},
        variables={
            "tier": "silver",
            "orders": [
                {"id": 1, "title": "Tea", "price": 2.5, "open": True},
                {"id": 2, "title": "coffee", "price": 4, "open": False},
                {"id": 3, "title": "Milk", "price": None, "open": True},
            ],
            "nothing": None,
            "empty": [],
            "tag": "<b>&",
            "count": 3,
        },
    )
