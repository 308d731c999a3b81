"""Where a call can be listened to: reported by the runtime, shown, and known to templates after the call."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from django_scopes import scope

from accounts.models import Account
from actions.models import Agent
from actions.releases import load_plan
from calls.facts import scope_of
from calls.models import Call


@pytest.fixture
def api(published_agent: Agent, api_key: str) -> Callable[..., Any]:
    def post(path: str, body: dict[str, Any]) -> Any:
        headers = {"Authorization": f"Bearer {api_key}"}
        return Client().post(f"/api/v1/{path}", body, content_type="application/json", headers=headers)

    return post


def test_a_recording_is_reported_shown_and_known_to_templates(
    api: Callable[..., Any], account: Account, api_key: str, cast: SimpleNamespace, client_for: Callable[..., Client]
) -> None:
    call_id = api("calls", {"agent": "accueil", "from": "+33639980001"}).json()["id"]
    url = "https://rec.example/a.mp3?sig=1&x=2"
    assert api(f"calls/{call_id}/complete", {"recording_url": url}).status_code == 202
    shown = Client().get(f"/api/v1/calls/{call_id}", headers={"Authorization": f"Bearer {api_key}"}).json()
    assert shown["recording_url"] == url
    with scope(account=account):
        call = Call.objects.get(pk=call_id)
        names = scope_of(call, load_plan(call.release_id))["interaction"]
    assert names["RECORDING_URL"] == url
    assert names["BEGUN_AT"].endswith(("+01:00", "+02:00"))
    page = client_for(cast.viewer).get(f"/admin/calls/call/{call_id}/change/").content.decode()
    assert 'href="https://rec.example/a.mp3?sig=1&amp;x=2"' in page


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "ftp://x.example/a", "rec.example", "https://x.example/" + "a" * 2000]
)
def test_what_is_no_web_address_is_refused(api: Callable[..., Any], url: str) -> None:
    call_id = api("calls", {"agent": "accueil"}).json()["id"]
    answer = api(f"calls/{call_id}/complete", {"recording_url": url})
    assert answer.status_code == 422, answer.content
