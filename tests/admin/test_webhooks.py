"""Webhooks in the admin: the secret is shown once; tests and messages are sent again by those who may."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django_scopes import scope

from accounts import queue as broker
from notifications.models import WebhookDelivery, WebhookState, WebhookSubscription
from tests.admin.conftest import Furnished

People = Callable[..., Client]
BASE = "/admin/notifications/webhooksubscription"
DELIVERIES = "/admin/notifications/webhookdelivery"

FORM = {
    "name": "Entrepôt",
    "description": "",
    "url": "https://data.lac.example/appels",
    "event_types": ["call.started", "call.completed"],
    "is_enabled": "on",
    "rate_per_minute": "120",
}


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker.current_app, "send_task", lambda *args, **options: None)


def webhook(all: Furnished, name: str) -> WebhookSubscription:
    with scope(account=all.account):
        return WebhookSubscription.objects.get(name=name)


def test_the_secret_is_shown_once_when_it_is_made(furnished: Furnished, people: People) -> None:
    editor = people("editor")
    answer = editor.post(f"{BASE}/add/", FORM)
    made = webhook(furnished, "Entrepôt")
    assert made.secret in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    assert made.event_types == ["call.started", "call.completed"]
    for page in (f"{BASE}/", f"{BASE}/{made.pk}/change/", f"{BASE}/{made.pk}/history/"):
        assert "whsec_" not in editor.get(page).content.decode()


def test_a_rotation_is_asked_for_twice_and_shows_the_new_secret(furnished: Furnished, people: People) -> None:
    editor, former = people("editor"), furnished.webhook.secret
    assert "24 hours" in editor.get(f"{BASE}/{furnished.webhook.pk}/rotate/").content.decode()
    assert webhook(furnished, "CRM").secret == former
    answer = editor.post(f"{BASE}/{furnished.webhook.pk}/rotate/").content.decode()
    rotated = webhook(furnished, "CRM")
    assert rotated.secret in answer
    assert former not in answer
    assert list(rotated.signing_keys().secrets) == [rotated.secret, former]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"url": "http://data.lac.example"}, "Write https://"),
        ({"url": "https://10.1.2.3/"}, "is not a public address"),
        ({"event_types": []}, "This field is required"),
        ({"name": "CRM"}, "Another webhook has this name already"),
        ({"rate_per_minute": "0"}, "greater than or equal to 1"),
    ],
)
def test_mistakes_are_said_at_their_field(
    furnished: Furnished, people: People, change: dict[str, Any], sentence: str
) -> None:
    answer = people("editor").post(f"{BASE}/add/", {**FORM, **change})
    assert answer.status_code == 200
    assert sentence in answer.content.decode()


def test_a_test_is_sent_by_those_who_may(furnished: Furnished, people: People) -> None:
    url = f"{BASE}/{furnished.webhook.pk}/ping/"
    assert people("viewer").post(url).status_code == 403
    assert people("editor").post(url).status_code == 302
    with scope(account=furnished.account):
        assert WebhookDelivery.objects.filter(event_type="ping", state=WebhookState.QUEUED).count() == 1


def test_a_message_is_sent_again_by_those_who_may(furnished: Furnished, people: People) -> None:
    pk = furnished.webhook_delivery.pk
    one, many = f"{DELIVERIES}/{pk}/send_one_again/", {"action": "send_again", "_selected_action": [str(pk)]}
    viewer, editor = people("viewer"), people("editor")
    assert viewer.post(one).status_code == 403
    viewer.post(f"{DELIVERIES}/", many)
    assert _state(furnished) == WebhookState.FAILED
    assert editor.post(one).status_code == 302
    assert _state(furnished) == WebhookState.QUEUED
    assert "Only messages that have ended" in editor.post(one, follow=True).content.decode()
    with scope(account=furnished.account):
        WebhookDelivery.objects.update(state=WebhookState.FAILED)
    editor.post(f"{DELIVERIES}/", many)
    assert _state(furnished) == WebhookState.QUEUED


def _state(all: Furnished) -> str:
    with scope(account=all.account):
        return WebhookDelivery.objects.get(pk=all.webhook_delivery.pk).state


def test_a_viewer_sees_how_it_goes_and_no_secret_address(furnished: Furnished, people: People) -> None:
    viewer = people("viewer")
    pages = [f"{BASE}/", f"{BASE}/{furnished.webhook.pk}/change/"]
    for text in (viewer.get(page).content.decode() for page in pages):
        assert "hooks.lac.example" in text
        assert "abc123def456ghi789" not in text
    with scope(account=furnished.account):
        name = furnished.webhook.name
    viewer.post(pages[1], {**FORM, "name": "Mine"})
    assert webhook(furnished, name)


def test_attempts_are_shown_with_the_message(furnished: Furnished, people: People) -> None:
    page = people("editor", "fr").get(f"{DELIVERIES}/{furnished.webhook_delivery.pk}/change/").content.decode()
    assert furnished.webhook_delivery.message_id in page
    assert "500" in page


def test_it_says_when_the_next_attempt_is_due(furnished: Furnished, people: People) -> None:
    page = f"{DELIVERIES}/{furnished.webhook_delivery.pk}/change/"
    with scope(account=furnished.account):
        WebhookDelivery.objects.update(state=WebhookState.QUEUED, due_at=dt.datetime(2031, 5, 6, 12, tzinfo=dt.UTC))
    assert "6 May 2031" in people("editor").get(page).content.decode()
    with scope(account=furnished.account):
        WebhookDelivery.objects.update(state=WebhookState.DELIVERED)
    assert "6 May 2031" not in people("editor").get(page).content.decode()


def test_the_message_of_an_action_is_listed_with_its_address(furnished: Furnished, people: People) -> None:
    with scope(account=furnished.account):
        WebhookDelivery.objects.create(
            account=furnished.account, event_type="action", url="https://crm.lac.example/calls", state="delivered"
        )
    assert "https://crm.lac.example/calls" in people("viewer").get(f"{DELIVERIES}/").content.decode()


def test_agents_are_ticked_and_not_added_from_the_form(furnished: Furnished, people: People) -> None:
    assert "add_id_agents" not in people("editor").get(f"{BASE}/add/").content.decode()


def test_events_are_named_in_the_readers_language(furnished: Furnished, people: People) -> None:
    for language, sentence in (("fr", "L’appel est terminé"), ("en", "The call has ended")):
        assert sentence in people("editor", language).get(f"{BASE}/add/").content.decode()
