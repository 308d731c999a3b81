"""Mail providers: what they are sent, what their errors mean, and what they report later, over HTTP."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.test import Client
from django_scopes import scope, scopes_disabled

from accounts.models import Account
from actions.contract import ActionError, CallContext
from actions.registry import kinds
from notifications.kinds.email import EmailParams
from notifications.models import Delivery, DeliveryState, ProviderId, Suppression, SuppressionReason
from tests.notifications.provider import Provider, serving

KIND = kinds.get("email")
SECRET = "reports:long-enough-secret"
ID = "b7bc2f4a-e38e-4336-af7d-e6c392c2f817"
MAILGUN_KEY = "key-mailgun-signing"
INACTIVE = (
    "Message OK, but will not deliver to these inactive addresses: {}. Inactive recipients are ones that have "
    "generated a hard bounce or a spam complaint."
)


@pytest.fixture
def postmark(settings: Any) -> Iterator[Provider]:
    with serving() as provider:
        settings.EMAIL_BACKEND = "anymail.backends.postmark.EmailBackend"
        settings.ANYMAIL = {
            "POSTMARK_SERVER_TOKEN": "token",
            "POSTMARK_API_URL": provider.url,
            "WEBHOOK_SECRET": SECRET,
            "REQUESTS_TIMEOUT": 5,
            "MAILGUN_API_KEY": "x",
            "MAILGUN_WEBHOOK_SIGNING_KEY": MAILGUN_KEY,
        }
        settings.DEFAULT_FROM_EMAIL = "Triptyque <triptyque@lac.example>"
        provider.answer = {"ErrorCode": 0, "Message": "OK", "MessageID": ID, "To": "a@lac.example"}
        yield provider


def run(context: CallContext, **fields: Any) -> Any:
    params = EmailParams(**{"subject": "Call", "to": ("a@lac.example",), "body": "Hello", **fields})
    return async_to_sync(KIND.run)(params, context, {})


def failure(context: CallContext, **fields: Any) -> ActionError:
    with pytest.raises(ActionError) as caught:
        run(context, **fields)
    return caught.value


def report(provider: str, payload: Any, secret: str | None = SECRET) -> int:
    headers = {}
    if secret is not None:
        headers["Authorization"] = f"Basic {base64.b64encode(secret.encode()).decode()}"
    answer = Client(raise_request_exception=False).post(
        f"/api/hooks/email/{provider}", json.dumps(payload), content_type="application/json", headers=headers
    )
    return answer.status_code


def bounce(**fields: Any) -> dict[str, Any]:
    """As Postmark writes one."""
    return {
        "RecordType": "Bounce",
        "ID": 4323372036854775807,
        "Type": "HardBounce",
        "TypeCode": 1,
        "Name": "Hard bounce",
        "Tag": "",
        "MessageID": ID,
        "Metadata": {},
        "ServerID": 23,
        "MessageStream": "outbound",
        "Description": "The server was unable to deliver your message (ex: unknown user, mailbox not found).",
        "Details": "smtp;550 5.1.1 The email account that you tried to reach does not exist.",
        "Email": "a@lac.example",
        "From": "triptyque@lac.example",
        "BouncedAt": "2026-11-21T04:02:34.0000000Z",
        "DumpAvailable": True,
        "Inactive": True,
        "CanActivate": True,
        "Subject": "Call",
        "Content": "…",
        **fields,
    }


def delivered(**fields: Any) -> dict[str, Any]:
    return {
        "RecordType": "Delivery",
        "ServerID": 23,
        "MessageStream": "outbound",
        "MessageID": ID,
        "Recipient": "a@lac.example",
        "Tag": "",
        "DeliveredAt": "2026-11-21T04:02:33.0000000Z",
        "Details": "smtp;250 2.0.0 OK",
        "Metadata": {},
        **fields,
    }


def complaint(**fields: Any) -> dict[str, Any]:
    return {
        **bounce(Type="SpamComplaint", TypeCode=100001, Name="Spam complaint"),
        "RecordType": "SpamComplaint",
        **fields,
    }


def mailgun(event: str, message_id: str, **fields: Any) -> dict[str, Any]:
    """As Mailgun writes and signs its events."""
    stamp, token = str(int(time.time())), "a" * 50
    signature = hmac.new(MAILGUN_KEY.encode(), f"{stamp}{token}".encode(), hashlib.sha256).hexdigest()
    data = {
        "event": event,
        "id": "CPgfbmQMTCKtHW6uIWtuVe",
        "timestamp": 1795233754.0,
        "log-level": "info",
        "recipient": "a@lac.example",
        "recipient-domain": "lac.example",
        "user-variables": {},
        "tags": [],
        "message": {"headers": {"to": "a@lac.example", "message-id": message_id.strip("<>"), "from": "t@lac.example"}},
        "delivery-status": {"code": 605, "description": "", "message": "Not delivering to previously bounced address"},
        **fields,
    }
    return {"signature": {"timestamp": stamp, "token": token, "signature": signature}, "event-data": data}


# --- sending ---------------------------------------------------------------------------------------


def test_a_provider_gets_the_message_and_its_stable_id(context: CallContext, postmark: Provider) -> None:
    run(context, cc=("Bob <b@lac.example>",), reply_to=("r@lac.example",), attachment="txt")
    (asked,) = postmark.asked
    delivery = Delivery.objects.get()
    headers = {each["Name"]: each["Value"] for each in asked["Headers"]}
    assert (asked["To"], asked["Cc"], asked["ReplyTo"]) == ("a@lac.example", "Bob <b@lac.example>", "r@lac.example")
    assert (headers["Message-ID"], headers["X-PM-KeepID"]) == (delivery.message_id, "true")
    assert asked["TextBody"] == "Hello"
    assert "Hello" in asked["HtmlBody"]
    assert len(asked["Attachments"]) == 1
    assert (delivery.state, delivery.provider_id) == (DeliveryState.SENT, ID)
    assert {each["state"] for each in delivery.recipient_states.values()} == {"sent"}


@pytest.mark.parametrize(
    ("status", "headers", "permanent", "retry_after_s"),
    [
        (429, {"Retry-After": "120"}, False, 120.0),
        (503, {}, False, None),
        (500, {"Retry-After": "soon"}, False, None),
        (401, {}, False, None),
        (413, {}, True, None),
        (400, {}, True, None),
    ],
)
def test_what_the_errors_of_a_provider_mean(
    context: CallContext,
    postmark: Provider,
    status: int,
    headers: dict[str, str],
    permanent: bool,
    retry_after_s: float | None,
) -> None:
    postmark.status, postmark.headers, postmark.answer = status, headers, {"Message": "<no>" * 1000}
    error = failure(context)
    assert (error.permanent, error.retry_after_s) == (permanent, retry_after_s)
    assert str(status) in error.message
    assert len(error.message) < 700
    assert "token" not in error.message


def test_the_retry_after_a_provider_was_busy_sends_the_same_message(context: CallContext, postmark: Provider) -> None:
    postmark.status = 429
    failure(context)
    postmark.status = 200
    run(context)
    first, second = postmark.asked
    assert first == second


def test_a_provider_that_is_away_or_not_set_up_is_tried_again(
    context: CallContext, postmark: Provider, settings: Any
) -> None:
    settings.ANYMAIL = {**settings.ANYMAIL, "POSTMARK_API_URL": "http://127.0.0.1:9/"}
    assert failure(context).code == "mail_server_unavailable"
    settings.ANYMAIL = {}
    assert failure(context).code == "mail_server_unavailable"


def test_recipients_that_a_provider_refuses_are_final(context: CallContext, postmark: Provider) -> None:
    postmark.status = 422
    postmark.answer = {"ErrorCode": 406, "Message": INACTIVE.format("a@lac.example")}
    assert failure(context).permanent
    assert Delivery.objects.get().state == DeliveryState.DEAD


def test_one_of_two_recipients_refused_by_a_provider_is_noted(context: CallContext, postmark: Provider) -> None:
    message = INACTIVE.format("b@lac.example")
    postmark.answer = {**postmark.answer, "To": "a@lac.example,b@lac.example", "Message": message}
    run(context, to=("a@lac.example", "b@lac.example"))
    delivery = Delivery.objects.get()
    assert {box: known["state"] for box, known in delivery.recipient_states.items()} == {
        "a@lac.example": "sent",
        "b@lac.example": "refused",
    }
    assert len(context.warnings) == 1


def test_a_bad_address_that_holds_up_the_others_does_so_once(context: CallContext, postmark: Provider) -> None:
    both = ("a@lac.example", "b@lac.example")
    good, postmark.status = postmark.answer, 422
    postmark.answer = {"ErrorCode": 300, "Message": "Invalid 'To' address: 'b@lac.example'."}
    assert not failure(context, to=both).permanent
    postmark.status, postmark.answer = 200, good
    run(context, to=both)
    assert [asked["To"] for asked in postmark.asked] == ["a@lac.example, b@lac.example", "a@lac.example"]
    assert Delivery.objects.get().state == DeliveryState.SENT


# --- reports: Postmark -----------------------------------------------------------------------------


def test_a_delivered_message_is_noted(context: CallContext, postmark: Provider) -> None:
    run(context)
    assert report("postmark", delivered()) == 200
    assert Delivery.objects.get().state == DeliveryState.DELIVERED
    assert not Suppression.objects.exists()


def test_a_bounced_address_gets_nothing_more(context: CallContext, postmark: Provider) -> None:
    run(context)
    assert report("postmark", bounce()) == 200
    delivery, suppression = Delivery.objects.get(), Suppression.objects.get()
    assert delivery.state == DeliveryState.BOUNCED
    assert "unknown user" in delivery.error
    assert (suppression.address, suppression.reason) == ("a@lac.example", SuppressionReason.BOUNCED)
    context.run_id = context.call_id
    assert failure(context).code == "no_recipient_left"
    assert len(postmark.requests) == 1


def test_a_complaint_weighs_more_than_a_bounce_and_is_not_taken_back(context: CallContext, postmark: Provider) -> None:
    run(context)
    for each in (complaint(), bounce(), delivered(), complaint()):
        assert report("postmark", each) == 200
    assert Delivery.objects.get().state == DeliveryState.COMPLAINED
    assert Suppression.objects.get().reason == SuppressionReason.COMPLAINED


def test_a_message_is_delivered_once_everybody_has_it(context: CallContext, postmark: Provider) -> None:
    postmark.answer["To"] = "a@lac.example,b@lac.example"
    run(context, to=("a@lac.example", "B@lac.example"))
    report("postmark", delivered())
    assert Delivery.objects.get().state == DeliveryState.SENT
    report("postmark", delivered(Recipient="b@LAC.example"))
    assert Delivery.objects.get().state == DeliveryState.DELIVERED
    report("postmark", bounce(Email="B@lac.example"))
    assert Delivery.objects.get().state == DeliveryState.BOUNCED
    assert Suppression.objects.get().address == "b@lac.example"


@pytest.mark.parametrize("kind", ["Transient", "DnsError", "AutoResponder", "Blocked"])
def test_a_bounce_that_says_nothing_against_the_mailbox_suppresses_nothing(
    context: CallContext, postmark: Provider, kind: str
) -> None:
    run(context)
    assert report("postmark", bounce(Type=kind)) == 200
    assert not Suppression.objects.exists()


def test_somebody_who_was_no_recipient_is_not_suppressed(context: CallContext, postmark: Provider) -> None:
    run(context)
    assert report("postmark", bounce(Email="stranger@x.example")) == 200
    assert not Suppression.objects.exists()
    assert Delivery.objects.get().state == DeliveryState.SENT


def test_a_report_of_a_message_that_is_not_ours_is_taken_and_forgotten(
    context: CallContext, postmark: Provider
) -> None:
    run(context)
    assert report("postmark", bounce(MessageID="00000000-0000-0000-0000-000000000000")) == 200
    assert not Suppression.objects.exists()


def test_a_report_that_comes_before_the_id_is_noted_must_come_again(context: CallContext, postmark: Provider) -> None:
    run(context)
    Delivery.objects.update(state=DeliveryState.QUEUED, provider_id="")
    assert report("postmark", bounce()) == 503
    Delivery.objects.update(state=DeliveryState.SENT, provider_id=ID)
    assert report("postmark", bounce()) == 200
    assert Delivery.objects.get().state == DeliveryState.BOUNCED


def test_a_suppression_is_the_accounts_own(context: CallContext, postmark: Provider, other_account: Account) -> None:
    run(context)
    report("postmark", bounce())
    with scope(account=other_account):
        assert not Suppression.objects.exists()
    with scopes_disabled():
        assert Suppression.objects.get().account_id == context.account_id


def test_each_recipient_may_have_an_id_of_its_own(context: CallContext, postmark: Provider) -> None:
    run(context, to=("a@lac.example", "b@lac.example"))
    ProviderId.objects.create(delivery=Delivery.objects.get(), value="second")
    assert report("postmark", bounce(Email="b@lac.example", MessageID="second")) == 200
    assert Delivery.objects.get().recipient_states["b@lac.example"]["state"] == "bounced"


# --- reports: Mailgun ------------------------------------------------------------------------------


def test_mailgun_reports_by_message_id(context: CallContext, postmark: Provider) -> None:
    run(context)
    message_id = "<20261121040234.1.ABC@lac.example>"
    Delivery.objects.update(provider_id=message_id)
    assert report("mailgun", mailgun("delivered", message_id)) == 200
    assert Delivery.objects.get().state == DeliveryState.DELIVERED
    failed = mailgun("failed", message_id, severity="permanent", reason="suppress-bounce")
    assert report("mailgun", failed) == 200
    assert Delivery.objects.get().state == DeliveryState.BOUNCED
    assert report("mailgun", mailgun("complained", message_id)) == 200
    assert Suppression.objects.get().reason == SuppressionReason.COMPLAINED


def test_a_temporary_failure_of_mailgun_is_no_bounce(context: CallContext, postmark: Provider) -> None:
    run(context)
    Delivery.objects.update(provider_id="<x@lac.example>")
    assert report("mailgun", mailgun("failed", "<x@lac.example>", severity="temporary", reason="generic")) == 200
    assert Delivery.objects.get().state == DeliveryState.SENT


def test_a_report_with_a_wrong_signature_is_refused(context: CallContext, postmark: Provider) -> None:
    run(context)
    Delivery.objects.update(provider_id="<x@lac.example>")
    forged = mailgun("complained", "<x@lac.example>")
    forged["signature"]["signature"] = "0" * 64
    assert report("mailgun", forged) == 403
    assert not Suppression.objects.exists()


# --- the door --------------------------------------------------------------------------------------


@pytest.mark.parametrize("secret", [None, "reports:wrong-secret-here", "reports:", SECRET + "x", ":"])
def test_without_the_secret_nothing_is_believed(context: CallContext, postmark: Provider, secret: str | None) -> None:
    run(context)
    assert report("postmark", bounce(), secret) == 403
    assert not Suppression.objects.exists()


def test_without_a_secret_set_there_is_no_address(context: CallContext, postmark: Provider, settings: Any) -> None:
    run(context)
    settings.ANYMAIL = {**settings.ANYMAIL, "WEBHOOK_SECRET": ""}
    assert report("postmark", bounce()) == 404
    assert report("postmark", bounce(), None) == 404


@pytest.mark.parametrize("provider", ["postmark_inbound", "inbound", "nobody", "mandrill"])
def test_other_addresses_take_nothing(postmark: Provider, db: None, provider: str) -> None:
    assert report(provider, bounce()) == 404


@pytest.mark.parametrize(
    "payload", [[], {}, "x", 1, None, {"RecordType": "Bounce"}, {"RecordType": [], "MessageID": {}}]
)
def test_nonsense_from_who_knows_the_secret_is_refused_quietly(postmark: Provider, db: None, payload: Any) -> None:
    assert report("postmark", payload) in {200, 400}


def test_only_post_is_taken(postmark: Provider, db: None) -> None:
    assert Client().get("/api/hooks/email/postmark").status_code == 405
