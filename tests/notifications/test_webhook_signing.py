"""What receivers check with a library of the Standard Webhooks specification."""

from __future__ import annotations

import base64
import datetime as dt
import json
import time

import pytest
import time_machine
from django_scopes import scope
from standardwebhooks import Webhook, WebhookVerificationError

from accounts.models import Account
from notifications.models import WebhookSubscription
from notifications.webhooks.secrets import SigningKeys, new_secret

BODY = json.dumps({"type": "ping", "data": {"message": "Ça marche."}}, ensure_ascii=False).encode()


def headers_of(*secrets: str, body: bytes = BODY, at_s: int | None = None) -> dict[str, str]:
    return SigningKeys(secrets).headers("msg_1", int(time.time()) if at_s is None else at_s, body)


def test_a_secret_is_32_random_bytes_in_base64() -> None:
    first, second = new_secret(), new_secret()
    assert first.startswith("whsec_")
    assert len(base64.b64decode(first.removeprefix("whsec_"), validate=True)) == 32
    assert first != second


def test_the_library_of_the_specification_verifies_what_is_sent() -> None:
    secret = new_secret()
    assert Webhook(secret).verify(BODY, headers_of(secret))["type"] == "ping"


def test_another_body_id_or_time_does_not_fit_the_signature() -> None:
    secret = new_secret()
    good = headers_of(secret)
    later = {"webhook-timestamp": str(int(good["webhook-timestamp"]) + 1)}
    for body, headers in (
        (BODY + b" ", good),
        (BODY, {**good, "webhook-id": "msg_2"}),
        (BODY, {**good, **later}),
    ):
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(body, headers)


def test_a_request_that_is_played_again_much_later_is_refused() -> None:
    secret = new_secret()
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(BODY, headers_of(secret, at_s=int(time.time()) - 600))


def test_while_secrets_are_rotated_either_verifies() -> None:
    former, current = new_secret(), new_secret()
    headers = headers_of(current, former)
    assert len(headers["webhook-signature"].split(" ")) == 2
    for secret in (former, current):
        assert Webhook(secret).verify(BODY, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify(BODY, headers)


def test_a_rotated_secret_signs_beside_the_new_one_until_its_time_is_over(account: Account) -> None:
    with scope(account=account), time_machine.travel(dt.datetime(2026, 11, 20, tzinfo=dt.UTC), tick=False) as clock:
        webhook = WebhookSubscription.objects.create(account=account, name="crm", url="https://crm.example")
        former = webhook.secret
        current = webhook.rotate(dt.timedelta(hours=24))
        assert current != former
        webhook = WebhookSubscription.objects.get()
        assert list(webhook.signing_keys().secrets) == [current, former]
        clock.shift(dt.timedelta(hours=24, seconds=1))
        assert list(webhook.signing_keys().secrets) == [current]


def test_secrets_are_sealed_and_no_text_shows_them(account: Account) -> None:
    with scope(account=account):
        webhook = WebhookSubscription.objects.create(account=account, name="crm", url="https://crm.example")
    secret = webhook.secret
    assert secret not in webhook.sealed_secrets
    assert secret not in repr(webhook.signing_keys())
