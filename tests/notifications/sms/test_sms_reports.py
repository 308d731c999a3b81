"""What providers report: signed or secret, in any order, more than once; and the list of those who want nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from asgiref.sync import async_to_sync
from django.http import QueryDict
from django.test import Client
from django_scopes import scope

from accounts.models import Account
from actions.contract import CallContext
from actions.registry import kinds
from notifications.kinds.sms import SmsParams
from notifications.models import Delivery, DeliveryState, OptOut, SmsConnection, SmsDetails
from notifications.sms.providers.twilio import signature
from outbound.http import session_scope
from tests.notifications.sms.conftest import MOBILE, TOKEN, make_twilio

FORM = "application/x-www-form-urlencoded"


def path(connection: SmsConnection, query: str = "") -> str:
    return f"/api/hooks/sms/{connection.token}{query}"


def signed(connection: SmsConnection, fields: dict[str, str], query: str = "", token: str = TOKEN) -> Any:
    """What Twilio sends: a form, signed with the connection's token."""
    url = f"https://triptyque.example{path(connection, query)}"
    headers = {"X-Twilio-Signature": signature(token, url, fields.items())}
    return Client().post(path(connection, query), urlencode(fields), content_type=FORM, headers=headers)


def reported(connection: SmsConnection, value: Any, query: str = "") -> Any:
    return Client().post(path(connection, query), json.dumps(value), content_type="application/json")


@pytest.fixture
def sent(context_of: Callable[..., CallContext]) -> Callable[[SmsConnection], SmsDetails]:
    """Sends a message through a connection."""

    def send(connection: SmsConnection) -> SmsDetails:
        async def go() -> None:
            params = SmsParams(connection_id=connection.pk, to=MOBILE, text="Bonjour")
            async with session_scope():
                await kinds.get("sms").run(params, context_of(), {})

        async_to_sync(go)()
        return SmsDetails.objects.latest("delivery_id")

    return send


def state() -> tuple[str, str]:
    delivery = Delivery.objects.get()
    return delivery.state, delivery.error


# --- Twilio's signature ---------------------------------------------------------------------------


def test_the_signature_is_that_of_twilios_own_libraries() -> None:
    """The vectors of twilio-python's tests (tests/unit/test_request_validator.py)."""
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    fields = {
        "CallSid": "CA1234567890ABCDE",
        "Digits": "1234",
        "From": "+14158675309",
        "To": "+18005551212",
        "Caller": "+14158675309",
    }
    assert signature("12345", url, fields.items()) == "RSOYDt4T1cUTdK1PDd93/VVr8B8="
    doubled = QueryDict("Sid=CA123&SidAccount=AC123&Digits=5678&Digits=1234")
    pairs = [(name, value) for name, values in doubled.lists() for value in values]
    assert signature("12345", url, pairs) == "IK+Dwps556ElfBT0I3Rgjkr1wJU="


@pytest.mark.parametrize("host", ["triptyque.example:443", "triptyque.example"])
def test_the_port_may_be_signed_or_not(twilio: SmsConnection, host: str) -> None:
    fields = {"MessageSid": "SM1", "MessageStatus": "delivered"}
    headers = {"X-Twilio-Signature": signature(TOKEN, f"https://{host}{path(twilio)}", fields.items())}
    answer = Client().post(path(twilio), urlencode(fields), content_type=FORM, headers=headers)
    assert answer.status_code == 200


def test_what_twilio_has_not_signed_is_refused(twilio: SmsConnection, sent: Callable[..., SmsDetails]) -> None:
    sent(twilio)
    fields = {"MessageSid": "SM1", "MessageStatus": "failed"}
    assert signed(twilio, fields, token="guessed").status_code == 403
    for headers in ({}, {"X-Twilio-Signature": ""}, {"X-Twilio-Signature": "é"}):
        refused = Client().post(path(twilio), urlencode(fields), content_type=FORM, headers=headers)
        assert refused.status_code == 403
    assert state() == (DeliveryState.SENT, "")


def test_a_signature_is_for_its_own_address_and_fields(twilio: SmsConnection, account: Account) -> None:
    other = make_twilio(account, "https://api.twilio.com", name="Other")
    fields = {"MessageSid": "SM1", "MessageStatus": "delivered"}
    headers = {"X-Twilio-Signature": signature(TOKEN, f"https://triptyque.example{path(other)}", fields.items())}
    assert Client().post(path(twilio), urlencode(fields), content_type=FORM, headers=headers).status_code == 403
    longer = urlencode({**fields, "MessageStatus": "failed"})
    assert Client().post(path(other), longer, content_type=FORM, headers=headers).status_code == 403


# --- receipts -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "becomes"),
    [
        ("queued", "sent"),
        ("sent", "sent"),
        ("delivered", "delivered"),
        ("read", "delivered"),
        ("undelivered", "failed"),
        ("failed", "failed"),
        ("nonsense", "sent"),
    ],
)
def test_a_receipt_moves_the_delivery(
    twilio: SmsConnection, sent: Callable[..., SmsDetails], word: str, becomes: str
) -> None:
    sent(twilio)
    fields = {"MessageSid": "SM1", "MessageStatus": word, "ErrorCode": "30006", "From": "+33199000099", "To": MOBILE}
    answer = signed(twilio, fields)
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/xml; charset=utf-8")
    assert b"<Response>" in answer.content
    assert state() == (becomes, "30006" if becomes == "failed" else "")


@pytest.mark.parametrize(
    ("words", "ends"),
    [
        (("delivered", "sent"), "delivered"),
        (("delivered", "failed"), "delivered"),
        (("delivered", "delivered"), "delivered"),
        (("failed", "sent"), "failed"),
        (("failed", "delivered"), "delivered"),
        (("sent", "queued", "failed"), "failed"),
    ],
)
def test_receipts_in_any_order_never_lead_back(
    twilio: SmsConnection, sent: Callable[..., SmsDetails], words: tuple[str, ...], ends: str
) -> None:
    sent(twilio)
    for word in words:
        assert signed(twilio, {"MessageSid": "SM1", "MessageStatus": word}).status_code == 200
    assert state()[0] == ends


def test_a_receipt_names_the_message_by_our_reference_too(
    twilio: SmsConnection, sent: Callable[..., SmsDetails]
) -> None:
    """So that it counts even where the answer with the provider's id was lost."""
    details = sent(twilio)
    Delivery.objects.update(provider_id="", state=DeliveryState.FAILED, error="timed out")
    query = f"?message={details.reference}"
    assert signed(twilio, {"MessageSid": "SM7", "MessageStatus": "sent"}, query).status_code == 200
    assert state() == (DeliveryState.SENT, "")
    assert Delivery.objects.get().provider_id == "SM7"


@pytest.mark.parametrize("query", ["?message=nonsense", "?message=00000000-0000-4000-8000-000000000000", "?message="])
def test_a_receipt_of_an_unknown_message_is_taken_and_means_nothing(
    twilio: SmsConnection, sent: Callable[..., SmsDetails], query: str
) -> None:
    sent(twilio)
    assert signed(twilio, {"MessageSid": "SM404", "MessageStatus": "failed"}, query).status_code == 200
    assert state() == (DeliveryState.SENT, "")


def test_one_connection_does_not_report_for_another(
    twilio: SmsConnection, other_account: Account, sent: Callable[..., SmsDetails], client: Client
) -> None:
    details = sent(twilio)
    with scope(account=other_account):
        foreign = make_twilio(other_account, "https://api.twilio.com")
    fields = {"MessageSid": "SM1", "MessageStatus": "failed"}
    assert signed(foreign, fields, f"?message={details.reference}").status_code == 200
    assert state() == (DeliveryState.SENT, "")


@pytest.mark.parametrize(
    ("value", "becomes"),
    [
        ({"id": "m-1", "status": "DELIVERED"}, ("delivered", "")),
        ({"id": "m-1", "status": "rejected", "reason": "no\nsuch subscriber"}, ("failed", "no such subscriber")),
        ({"id": "m-1", "status": "buffered"}, ("sent", "")),
        ({"id": "m-1"}, ("sent", "")),
        ({"id": ["m-1"], "status": {"a": 1}}, ("sent", "")),
        ([], ("sent", "")),
        (None, ("sent", "")),
        ({"id": "m-1", "status": "a\x00\ud800"}, ("sent", "")),
    ],
)
def test_any_provider_reports_in_its_own_words(
    operator: SmsConnection, sent: Callable[..., SmsDetails], value: Any, becomes: tuple[str, str]
) -> None:
    sent(operator)
    answer = reported(operator, value)
    assert (answer.status_code, answer.content) == (200, b"")
    assert state() == becomes


def test_any_provider_may_report_as_a_form(operator: SmsConnection, sent: Callable[..., SmsDetails]) -> None:
    sent(operator)
    assert Client().post(path(operator), "id=m-1&status=delivered", content_type=FORM).status_code == 200
    assert state() == ("delivered", "")


# --- what is no report ----------------------------------------------------------------------------


def test_an_address_that_is_none_is_not_there(twilio: SmsConnection) -> None:
    assert Client().post("/api/hooks/sms/guessed", {}).status_code == 404
    twilio.account.is_active = False
    twilio.account.save()
    assert signed(twilio, {"MessageSid": "SM1"}).status_code == 404


def test_only_posts_of_some_size_are_read(operator: SmsConnection) -> None:
    assert Client().get(path(operator)).status_code == 405
    large = Client().post(path(operator), "a" * (64 * 1024 + 1), content_type=FORM)
    assert large.status_code == 413


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"{", "application/json"),
        (b"[" * 60_000, "application/json"),
        (b'{"id": NaN}', "application/json"),
        (b"\xff\xfe", "application/json"),
        (b"a=\xff", FORM),
        (b"&".join(b"a=1" for _ in range(201)), FORM),
    ],
)
def test_what_cannot_be_read_is_refused(operator: SmsConnection, body: bytes, kind: str) -> None:
    assert Client().post(path(operator), body, content_type=kind).status_code == 400


def test_a_connection_whose_secrets_are_lost_asks_to_come_again(twilio: SmsConnection, settings: Any) -> None:
    from cryptography.fernet import Fernet

    settings.SECRETS_KEYS = [Fernet.generate_key().decode()]
    assert signed(twilio, {"MessageSid": "SM1", "MessageStatus": "sent"}).status_code == 503


# --- STOP and START -------------------------------------------------------------------------------


def answered(connection: SmsConnection, text: str, **fields: str) -> None:
    given = {"MessageSid": "SM9", "SmsStatus": "received", "From": MOBILE, "To": "+33199000099", "Body": text, **fields}
    assert signed(connection, given).status_code == 200


def test_stop_and_start_move_a_number_on_and_off_the_list(twilio: SmsConnection) -> None:
    answered(twilio, "Arrêt")
    answered(twilio, "STOP")
    row = OptOut.objects.get()
    assert (row.number, row.source, row.note) == (MOBILE, "keyword", "Arrêt")
    answered(twilio, "Merci !")
    assert OptOut.objects.count() == 1
    answered(twilio, "unstop")
    answered(twilio, "START")
    assert not OptOut.objects.exists()


def test_twilios_own_reading_counts(twilio: SmsConnection) -> None:
    answered(twilio, "No more of this", OptOutType="STOP")
    assert OptOut.objects.count() == 1
    answered(twilio, "HELP", OptOutType="HELP")
    answered(twilio, "Encore", OptOutType="START")
    assert not OptOut.objects.exists()


def test_any_provider_passes_stop_on(operator: SmsConnection) -> None:
    assert reported(operator, {"from": "06 39 98 00 01", "text": "Stop"}).status_code == 200
    assert OptOut.objects.get().number == MOBILE
    reported(operator, {"from": "MUTUELLE", "text": "Stop"})
    assert OptOut.objects.count() == 1


def test_the_list_is_the_accounts_own(twilio: SmsConnection, other_account: Account) -> None:
    answered(twilio, "STOP")
    with scope(account=other_account):
        assert not OptOut.objects.exists()
        foreign = make_twilio(other_account, "https://api.twilio.com")
    answered(foreign, "START")
    assert OptOut.objects.count() == 1
