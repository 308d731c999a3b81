"""Webhooks in the API: what they must be, who may see what of them, and what was sent."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django_scopes import scope

from accounts import queue as broker
from accounts.models import Account
from actions.models import Agent
from notifications.kinds.webhook import WebhookAction
from notifications.models import WebhookAttempt, WebhookDelivery, WebhookState, WebhookSubscription
from tests.api.conftest import Api, fields_of

HOOK = {"name": "CRM", "url": "https://crm.example/hooks?token=abc123def456ghi789", "event_types": ["call.completed"]}


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker.current_app, "send_task", lambda *args, **options: None)


@pytest.fixture
def hook(api: Api) -> dict[str, Any]:
    created = api.post("webhooks", HOOK)
    assert created.status_code == 201, created.content
    shown: dict[str, Any] = created.json()
    return shown


def test_the_secret_is_shown_once(api: Api, hook: dict[str, Any], account: Account) -> None:
    assert hook["secret"].startswith("whsec_")
    for answer in (api.get("webhooks"), api.get(f"webhooks/{hook['id']}"), api.patch(f"webhooks/{hook['id']}", {})):
        assert b"whsec_" not in answer.content
        assert b"secret" not in answer.content.replace(b"secret_unreadable", b"")
    with scope(account=account):
        assert WebhookSubscription.objects.get().secret == hook["secret"]


def test_a_rotation_gives_a_new_secret_beside_the_former_one(api: Api, hook: dict[str, Any], account: Account) -> None:
    rotated = api.post(f"webhooks/{hook['id']}/rotate-secret", {"overlap_hours": 1})
    assert (rotated.status_code, rotated["Cache-Control"]) == (200, "no-store")
    with scope(account=account):
        keys = WebhookSubscription.objects.get().signing_keys()
    assert list(keys.secrets) == [rotated.json()["secret"], hook["secret"]]
    for overlap in (-1, 10_000, "soon"):
        refused = api.post(f"webhooks/{hook['id']}/rotate-secret", {"overlap_hours": overlap})
        assert (refused.status_code, fields_of(refused)) == (422, {"overlap_hours"})


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"url": "http://crm.example/"}, "url"),
        ({"url": "https://127.0.0.1/"}, "url"),
        ({"url": "https://[::1]/"}, "url"),
        ({"url": "https://169.254.169.254/"}, "url"),
        ({"url": "https://2130706433/"}, "url"),
        ({"url": "gopher://crm.example/"}, "url"),
        ({"url": "https://me:pw@crm.example/"}, "url"),
        ({"url": "https://crm.example/" + "x" * 2000}, "url"),
        ({"url": ""}, "url"),
        ({"event_types": []}, "event_types"),
        ({"event_types": ["call.exploded"]}, "event_types"),
        ({"event_types": "call.completed"}, "event_types"),
        ({"event_types": [["call.completed"]]}, "event_types"),
        ({"event_types": None}, "event_types"),
        ({"agents": ["nobody"]}, "agents"),
        ({"rate_per_minute": 0}, "rate_per_minute"),
        ({"rate_per_minute": 6001}, "rate_per_minute"),
        ({"name": ""}, "name"),
        ({"is_enabled": "perhaps"}, "is_enabled"),
        ({"sealed_secrets": "x"}, "sealed_secrets"),
    ],
)
def test_what_cannot_be_is_refused(api: Api, change: dict[str, Any], field: str) -> None:
    refused = api.post("webhooks", {**HOOK, **change})
    assert refused.status_code == 422
    assert {name.partition(".")[0] for name in fields_of(refused)} == {field}


def test_names_are_given_once(api: Api, hook: dict[str, Any]) -> None:
    assert fields_of(api.post("webhooks", HOOK)) == {"name"}


def test_it_is_changed_and_deleted(api: Api, hook: dict[str, Any], agent: Agent) -> None:
    changed = api.patch(f"webhooks/{hook['id']}", {"agents": ["accueil"], "is_enabled": False, "rate_per_minute": 60})
    assert changed.status_code == 200, changed.content
    assert (changed.json()["agents"], changed.json()["is_enabled"]) == (["accueil"], False)
    assert changed.json()["url"] == HOOK["url"]
    assert api.delete(f"webhooks/{hook['id']}").status_code == 204
    assert api.get(f"webhooks/{hook['id']}").status_code == 404


def test_one_that_signs_for_an_action_is_not_deleted(api: Api, hook: dict[str, Any], agent: Agent) -> None:
    with scope(account=agent.account):
        WebhookAction.objects.create(
            agent=agent, moment="after", name="tell", url="https://crm.example", signed_as_id=hook["id"]
        )
    refused = api.delete(f"webhooks/{hook['id']}")
    assert (refused.status_code, refused.json()["code"]) == (409, "in_use")


def test_a_test_and_what_came_of_it(api: Api, hook: dict[str, Any], account: Account) -> None:
    sent = api.post(f"webhooks/{hook['id']}/ping")
    assert (sent.status_code, sent.json()["event_type"], sent.json()["state"]) == (202, "ping", "queued")
    with scope(account=account):
        delivery = WebhookDelivery.objects.get()
        WebhookAttempt.objects.create(account=account, delivery=delivery, number=1, status=500, error="Ended.")
        WebhookDelivery.objects.update(state=WebhookState.FAILED, attempts=1)
    shown = api.get(f"webhook-deliveries/{sent.json()['id']}").json()
    assert (shown["state"], shown["attempt_list"][0]["status"]) == ("failed", 500)
    assert [each["id"] for each in api.get("webhook-deliveries?state=failed").json()["results"]] == [shown["id"]]
    assert api.get("webhook-deliveries?state=delivered").json()["results"] == []
    for query, found in ((f"webhook={hook['id']}&event_type=ping", 1), ("webhook=999", 0), (f"call={shown['id']}", 0)):
        assert len(api.get(f"webhook-deliveries?{query}").json()["results"]) == found
    again = api.post(f"webhook-deliveries/{shown['id']}/resend")
    assert (again.status_code, again.json()["state"]) == (202, "queued")
    assert again.json()["message_id"] == shown["message_id"]
    waits = api.post(f"webhook-deliveries/{shown['id']}/resend")
    assert (waits.status_code, waits.json()["code"]) == (409, "not_resendable")


def test_another_account_finds_nothing(api: Api, hook: dict[str, Any], stranger_key: str) -> None:
    delivery = api.post(f"webhooks/{hook['id']}/ping").json()["id"]
    theirs = Api(stranger_key)
    assert theirs.get("webhooks").json()["results"] == []
    for method, path in (
        ("GET", f"webhooks/{hook['id']}"),
        ("DELETE", f"webhooks/{hook['id']}"),
        ("POST", f"webhooks/{hook['id']}/rotate-secret"),
        ("POST", f"webhooks/{hook['id']}/ping"),
        ("GET", f"webhook-deliveries/{delivery}"),
        ("POST", f"webhook-deliveries/{delivery}/resend"),
    ):
        assert theirs(method, path, {} if method == "POST" else None).status_code == 404
    with scope(account=Account.objects.get(slug="garage-martin")):
        agent = Agent.objects.create(account=Account.objects.get(slug="garage-martin"), name="A", slug="a")
    assert fields_of(api.post("webhooks", {**HOOK, "name": "b", "agents": [agent.slug]})) == {"agents"}


def test_a_viewer_sees_no_address_and_changes_nothing(hook: dict[str, Any], viewer_user: Any) -> None:
    client = Client()
    client.force_login(viewer_user)
    viewer = Api(client=client)
    shown = viewer.get(f"webhooks/{hook['id']}").json()
    assert shown["url"] == "https://crm.example/hooks?token=***"
    for path in ("rotate-secret", "ping"):
        assert viewer.post(f"webhooks/{hook['id']}/{path}", {}).status_code == 403
    assert viewer.delete(f"webhooks/{hook['id']}").status_code == 403
