"""SMS connections and opt-outs in the API: secrets go in and never come out, the list is exact."""

from __future__ import annotations

from typing import Any

import pytest
from django_scopes import scope

from accounts.models import Account
from actions.models import Agent
from actions.releases import publish
from notifications.kinds.sms import SmsAction
from notifications.models import OptOut, SmsConnection
from outbound.management.commands.rotate_secrets import sealed_fields
from tests.api.conftest import Api, fields_of
from tests.notifications.sms.conftest import SID

TWILIO = {
    "name": "Twilio",
    "provider": "twilio",
    "sender": "+33199000099",
    "settings": {"account_sid": SID},
    "secrets": {"auth_token": "t0k3n-t0k3n"},
}
HTTP = {"name": "Operator", "provider": "http", "sender": "LAC", "settings": {"url": "https://sms.example/send"}}


@pytest.fixture
def api(api_key: str) -> Api:
    return Api(api_key)


@pytest.fixture
def stranger_api(stranger_key: str) -> Api:
    return Api(stranger_key)


def test_a_connection_never_shows_its_secrets(api: Api, account: Account) -> None:
    created = api.post("sms-connections", TWILIO)
    assert created.status_code == 201, created.content
    answer = created.json()
    assert answer["settings"] == {"account_sid": SID, "base_url": "https://api.twilio.com"}
    assert "/api/hooks/sms/" in answer["report_url"]
    for each in (created, api.get("sms-connections"), api.get("sms-connections/Twilio")):
        assert b"t0k3n" not in each.content
        assert b"secrets" not in each.content
    with scope(account=account):
        row = SmsConnection.objects.get()
        assert "t0k3n" not in row.sealed_secrets
        assert dict(row.secrets()) == {"auth_token": "t0k3n-t0k3n"}
    assert any(field.model is SmsConnection for field in sealed_fields())


def test_secrets_that_are_left_out_are_kept_unless_they_would_go_elsewhere(api: Api, account: Account) -> None:
    api.post("sms-connections", TWILIO)
    kept = api.patch("sms-connections/Twilio", {"sender": "LAC"})
    assert kept.status_code == 200, kept.content
    with scope(account=account):
        assert SmsConnection.objects.get().secrets()["auth_token"] == "t0k3n-t0k3n"
    elsewhere = {"settings": {"account_sid": SID, "base_url": "https://evil.example"}}
    assert fields_of(api.patch("sms-connections/Twilio", elsewhere)) == {"secrets.auth_token"}
    entered = {**elsewhere, "secrets": {"auth_token": "another"}}
    assert api.patch("sms-connections/Twilio", entered).status_code == 200


@pytest.mark.parametrize(
    ("body", "change", "field"),
    [
        (TWILIO, {"secrets": {}}, "secrets.auth_token"),
        (TWILIO, {"secrets": {"auth_token": "a\nb"}}, "secrets.auth_token"),
        (TWILIO, {"secrets": {"auth_token": "a", "other": "b"}}, "secrets.other"),
        (TWILIO, {"settings": {}}, "settings.account_sid"),
        (TWILIO, {"settings": {"account_sid": "AC1"}}, "settings.account_sid"),
        (TWILIO, {"settings": {"account_sid": SID, "base_url": "ftp://x"}}, "settings.base_url"),
        (TWILIO, {"settings": {"account_sid": SID, "base_url": "https://x.example/y"}}, "settings.base_url"),
        (TWILIO, {"settings": {"account_sid": SID, "more": 1}}, "settings.more"),
        (TWILIO, {"settings": []}, "settings"),
        (TWILIO, {"sender": ""}, "sender"),
        (TWILIO, {"sender": "THIS NAME IS LONG"}, "sender"),
        (TWILIO, {"provider": "pigeon"}, "provider"),
        (TWILIO, {"region": "XX"}, "region"),
        (TWILIO, {"name": "a/b"}, "name"),
        (TWILIO, {"auth_profile": "nobody"}, "auth_profile"),
        (HTTP, {"settings": {"url": ""}}, "settings.url"),
        (HTTP, {"settings": {"url": "https://x.example", "body": {"text": "{{ text }}"}}}, "settings.body"),
        (HTTP, {"settings": {"url": "https://x.example", "body": {"a": "{{ to }}{{ text }}{{ x }}"}}}, "settings.body"),
        (HTTP, {"settings": {"url": "https://x.example", "body": {"a": "{{"}}}, "settings.body"),
        (HTTP, {"settings": {"url": "https://x.example", "body": []}}, "settings.body"),
        (HTTP, {"settings": {"url": "https://x.example", "method": "DELETE"}}, "settings.method"),
        (HTTP, {"settings": {"url": "https://x.example", "id_path": "a["}}, "settings.id_path"),
        (HTTP, {"settings": {"url": "https://x.example", "permanent_statuses": "4xx"}}, "settings.permanent_statuses"),
        (HTTP, {"settings": {"url": "https://x.example", "key_header": "a b"}}, "settings.key_header"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(api: Api, body: dict[str, Any], change: dict[str, Any], field: str) -> None:
    answer = api.post("sms-connections", {**body, **change})
    assert answer.status_code == 422, answer.content
    assert fields_of(answer) == {field}
    assert b"t0k3n" not in answer.content


def test_a_form_takes_no_lists(api: Api) -> None:
    settings = {"url": "https://x.example", "format": "form", "body": {"a": ["{{ to }}", "{{ text }}"]}}
    assert fields_of(api.post("sms-connections", {**HTTP, "settings": settings})) == {"settings.body"}


def test_the_provider_stays(api: Api) -> None:
    api.post("sms-connections", HTTP)
    assert fields_of(api.patch("sms-connections/Operator", {"provider": "twilio"})) >= {"provider"}


def test_a_connection_in_use_says_by_what_and_stays(api: Api, account: Account, agent: Agent) -> None:
    api.post("sms-connections", HTTP)
    with scope(account=account):
        connection = SmsConnection.objects.get()
        action = SmsAction.objects.create(
            agent=agent, moment="after", name="thanks", connection=connection, text="Thanks"
        )
        assert [use["label"] for use in api.get("sms-connections/Operator").json()["used_by"]] == ["Accueil: thanks"]
        publish(agent)
        action.delete()
    refused = api.delete("sms-connections/Operator")
    assert (refused.status_code, refused.json()["code"]) == (409, "in_use")
    assert "Accueil, as published" in refused.json()["detail"]


def test_viewers_see_that_there_is_one_and_no_more(api: Api, client_for: Any, viewer_user: Any) -> None:
    api.post("sms-connections", TWILIO)
    seen = Api(client=client_for(viewer_user)).get("sms-connections/Twilio").json()
    assert (seen["name"], seen["settings"], seen["report_url"], seen["used_by"]) == ("Twilio", {}, "", [])


def test_another_accounts_rows_do_not_exist(api: Api, stranger_api: Api) -> None:
    api.post("sms-connections", HTTP)
    opted = api.post("opt-outs", {"number": "+33612345678"}).json()["id"]
    assert stranger_api.get("sms-connections/Operator").status_code == 404
    assert stranger_api.get(f"opt-outs/{opted}").status_code == 404
    assert stranger_api.delete(f"opt-outs/{opted}").status_code == 404
    assert stranger_api.get("opt-outs").json()["results"] == []


def test_opt_outs_are_stored_in_one_spelling_once(api: Api, account: Account) -> None:
    created = api.post("opt-outs", {"number": "+33 (0)6 12 34 56 78", "note": "Asked by letter"})
    assert created.status_code == 201, created.content
    assert created.json().items() >= {"number": "+33612345678", "source": "api", "note": "Asked by letter"}.items()
    again = api.post("opt-outs", {"number": "0033612345678"})
    assert fields_of(again) == {"number"}
    with scope(account=account):
        assert OptOut.objects.count() == 1
    assert api.delete(f"opt-outs/{created.json()['id']}").status_code == 204


@pytest.mark.parametrize("number", ["", "0612345678", "anonymous", "+33", "x" * 40, None, 33612345678901234567890])
def test_what_is_no_number_is_refused(api: Api, number: Any) -> None:
    assert fields_of(api.post("opt-outs", {"number": number})) == {"number"}


def test_an_auth_profile_that_a_connection_needs_stays(api: Api) -> None:
    profile = {"name": "sms-key", "kind": "bearer", "secrets": {"token": "abc"}, "hosts": ["sms.example"]}
    assert api.post("auth-profiles", profile).status_code == 201
    assert api.post("sms-connections", {**HTTP, "auth_profile": "sms-key"}).json()["auth_profile"] == "sms-key"
    refused = api.delete("auth-profiles/sms-key")
    assert refused.status_code == 409
    assert "SMS connection “Operator”" in refused.json()["detail"]


def test_an_account_goes_with_all_that_is_its_own(api: Api, account: Account, agent: Agent) -> None:
    api.post("sms-connections", HTTP)
    api.post("opt-outs", {"number": "+33612345678"})
    with scope(account=account):
        connection = SmsConnection.objects.get()
        SmsAction.objects.create(agent=agent, moment="after", name="thanks", connection=connection, text="Thanks")
        publish(agent)
        account.delete()
    assert not SmsConnection._base_manager.exists()
