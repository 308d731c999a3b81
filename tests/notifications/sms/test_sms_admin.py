"""SMS connections, opt-outs and text messages in the admin: secrets stay in, and only administrators send tests."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from django_scopes import scope

from accounts.models import Account
from actions.models import Agent
from notifications.kinds.sms import SmsAction
from notifications.models import Delivery, DeliveryState, OptOut, SmsConnection, SmsDetails
from tests.admin.forms import fill_in, text
from tests.notifications.sms.conftest import MOBILE, SID, make_twilio
from tests.notifications.sms.server import SmsServer

BASE = "/admin/notifications/smsconnection/"
ADD = f"{BASE}add/?provider=twilio"


@pytest.fixture
def people(cast: SimpleNamespace, client_for: Callable[..., Client]) -> Callable[..., Client]:
    return lambda who, language="en": client_for(getattr(cast, who), language)


@pytest.fixture
def line(account: Account, provider: SmsServer) -> SmsConnection:
    with scope(account=account):
        return make_twilio(account, provider.url)


def test_a_connection_is_entered_and_its_secret_never_shown(people: Any, account: Account) -> None:
    client = people("editor")
    entered = {"name": "Twilio", "sender": "+33199000099", "region": "FR", "setting_account_sid": SID}
    refused = text(fill_in(client, ADD, **entered))
    assert "This field is required" in refused
    saved = fill_in(client, ADD, **entered, secret_auth_token="t0k3n-t0k3n")
    assert saved.status_code == 302, text(saved)
    with scope(account=account):
        row = SmsConnection.objects.get()
        assert (row.provider, row.settings["base_url"]) == ("twilio", "https://api.twilio.com")
        assert row.secrets()["auth_token"] == "t0k3n-t0k3n"
    change = f"{BASE}{row.pk}/change/"
    assert "t0k3n" not in text(client.get(change))
    assert row.token in text(client.get(change))
    assert fill_in(client, change, sender="LAC").status_code == 302
    with scope(account=account):
        row.refresh_from_db()
        assert (row.sender, row.secrets()["auth_token"]) == ("LAC", "t0k3n-t0k3n")


def test_errors_stand_at_their_fields_and_nothing_secret_is_shown(people: Any, account: Account) -> None:
    page = text(
        fill_in(
            people("editor"),
            ADD,
            name="T",
            sender="THIS NAME IS LONG",
            setting_account_sid=SID,
            setting_base_url="https://x.example/y",
            secret_auth_token="t0k3n-t0k3n",
        )
    )
    assert "begins with MG" in page
    assert "Give the address without a path." in page
    assert "t0k3n" not in page


def test_another_address_asks_for_the_secret_again(people: Any, line: SmsConnection) -> None:
    page = text(fill_in(people("editor"), f"{BASE}{line.pk}/change/", setting_base_url="https://evil.example"))
    assert "enter it again" in page


def test_any_provider_is_entered_with_its_defaults(people: Any, account: Account) -> None:
    url = f"{BASE}add/?provider=http"
    saved = fill_in(people("editor"), url, name="Opérateur", setting_url="https://sms.example/send")
    assert saved.status_code == 302, text(saved)
    with scope(account=account):
        row = SmsConnection.objects.get()
    assert row.settings["body"] == {"to": "{{ to }}", "from": "{{ sender }}", "text": "{{ text }}"}
    assert (row.settings["key_header"], row.settings["id_path"]) == ("Idempotency-Key", "")
    change = f"{BASE}{row.pk}/change/"
    assert fill_in(people("editor"), change, setting_key_header="", setting_delivered_values="").status_code == 302
    with scope(account=account):
        row.refresh_from_db()
    assert (row.settings["key_header"], row.settings["delivered_values"]) == ("", "")


def test_viewers_see_nothing_of_how_it_is_set(people: Any, line: SmsConnection) -> None:
    page = text(people("viewer").get(f"{BASE}{line.pk}/change/"))
    assert "Twilio" in page
    assert SID not in page
    assert line.token not in page
    refused = people("viewer").post(f"{BASE}{line.pk}/change/", {"name": "Stolen"})
    assert refused.status_code == 403


def test_an_administrator_sends_a_test_message(
    people: Any, line: SmsConnection, provider: SmsServer, account: Account
) -> None:
    url = f"{BASE}{line.pk}/send_test/"
    for who in ("viewer", "editor"):
        assert people(who).post(url, {"to": MOBILE, "text": "Essai"}).status_code == 403
    assert people("stranger").post(url, {"to": MOBILE, "text": "Essai"}).status_code in {302, 404}
    assert provider.received == []
    answer = people("admin").post(url, {"to": "06 39 98 00 01", "text": "Essai"}, follow=True)
    assert f"The message to {MOBILE} was handed over." in text(answer)
    assert provider.received[0].form()["Body"] == "Essai"
    with scope(account=account):
        delivery = Delivery.objects.get()
        assert (delivery.is_test, delivery.call_id, delivery.state) == (True, None, DeliveryState.SENT)


def test_a_test_message_says_what_went_wrong(
    people: Any, line: SmsConnection, provider: SmsServer, account: Account
) -> None:
    url, client = f"{BASE}{line.pk}/send_test/", people("admin")
    provider.answers = [(400, {"code": 21211, "message": "Invalid To"}, {})]
    assert "21211: Invalid To" in text(client.post(url, {"to": MOBILE, "text": "Essai"}, follow=True))
    assert "emergency number" in text(client.post(url, {"to": "112", "text": "Essai"}, follow=True))
    with scope(account=account):
        OptOut.objects.create(account=account, number=MOBILE)
    assert "opt-out list" in text(client.post(url, {"to": MOBILE, "text": "Essai"}, follow=True))
    assert len(provider.received) == 1


def test_a_connection_in_use_stays(people: Any, line: SmsConnection, account: Account, agent: Agent) -> None:
    with scope(account=account):
        SmsAction.objects.create(agent=agent, moment="after", name="merci", connection=line, text="Merci")
    page = text(people("admin").post(f"{BASE}{line.pk}/delete/", {"post": "yes"}, follow=True))
    assert "“Twilio” cannot be deleted. It is used by: Accueil: merci." in page


def test_opt_outs_are_entered_in_any_spelling(people: Any, account: Account) -> None:
    url, client = "/admin/notifications/optout/add/", people("editor")
    assert fill_in(client, url, number="+33 (0)6 12 34 56 78", note="Par courrier").status_code == 302
    with scope(account=account):
        row = OptOut.objects.get()
        assert (row.number, row.source) == ("+33612345678", "manual")
    assert "on the list already" in text(fill_in(client, url, number="0033612345678"))
    assert "not a phone number" in text(fill_in(client, url, number="0612345678"))
    assert client.post(f"/admin/notifications/optout/{row.pk}/delete/", {"post": "yes"}).status_code == 302
    with scope(account=account):
        assert not OptOut.objects.exists()


def test_the_form_shows_what_means_something_at_its_moment(people: Any, line: SmsConnection, agent: Agent) -> None:
    url = f"/admin/notifications/smsaction/add/?agent={agent.pk}&moment="
    during, after = (text(people("editor").get(url + moment)) for moment in ("during", "after"))
    assert "The agent may give the number" in during
    assert "The agent may give the number" not in after
    for page in (during, after):
        assert 'id="sms-count"' in page
        assert "triptyque/sms.js" in page


def test_a_message_that_waits_says_until_when(people: Any, line: SmsConnection, account: Account) -> None:
    import datetime as dt

    with scope(account=account):
        row = Delivery.objects.create(account=account, channel="sms", to=[MOBILE], body_text="Merci")
        until = dt.datetime(2030, 1, 7, 8, 0, tzinfo=dt.UTC)
        SmsDetails.objects.create(delivery=row, connection=line, encoding="gsm", segments=1, waits_until=until)
    assert "Waits until" in text(people("viewer").get("/admin/notifications/delivery/"))
    page = text(people("viewer").get(f"/admin/notifications/delivery/{row.pk}/change/"))
    assert "Waits until" in page
    assert "1 (telephone’s alphabet)" in page
