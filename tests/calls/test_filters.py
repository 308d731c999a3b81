"""The list of calls can be narrowed by any instant that ISO 8601 can write."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import Account


@pytest.mark.parametrize(
    "instant",
    ["2026-01-01T00:00:00Z", "0810-09-24T13:50:40+22:08", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"],
)
def test_an_instant_with_any_offset_is_taken(instant: str, account: Account, api_key: str) -> None:
    for name in ("begun_after", "begun_before"):
        answer = Client().get("/api/v1/calls", {name: instant}, headers={"x-api-key": api_key})
        assert answer.status_code == 200, answer.content
        assert answer.json()["count"] == 0


def test_what_is_no_instant_is_named(api_key: str) -> None:
    answer = Client().get("/api/v1/calls", {"begun_after": "yesterday"}, headers={"x-api-key": api_key})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "begun_after"
