"""SIP connections in the API: what they must be, who uses them, and who may read a password."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django_scopes import scope

from accounts.models import Account, ApiKey, KeyScope
from actions.models import Agent
from actions.releases import publish
from outbound.management.commands.rotate_secrets import sealed_fields
from tests.api.conftest import Api, fields_of
from transfers.models import SipConnection

LINE = {"name": "Trunk Paris", "host": "sip.example.com", "user": "tq", "password": "s3cret pass"}
TRANSFER = {"kind": "transfer", "moment": "during", "name": "to_pbx", "sip_connection": "Trunk Paris"}


def credentials(api: Api, name: str = "Trunk Paris") -> Any:
    return api.get(f"sip-connections/{name}/credentials")


def test_a_connection_never_shows_its_password(api: Api, account: Account) -> None:
    created = api.post("sip-connections", LINE)
    assert created.status_code == 201, created.content
    assert (
        created.json().items()
        >= {
            "name": "Trunk Paris",
            "host": "sip.example.com",
            "port": 5060,
            "transport": "udp",
            "has_password": True,
            "headers": [],
            "used_by": [],
        }.items()
    )
    for answer in (created, api.get("sip-connections"), api.get("sip-connections/Trunk Paris")):
        assert b"s3cret" not in answer.content
    with scope(account=account):
        row = SipConnection.objects.get()
        assert "s3cret" not in row.secrets
        assert row.password == "s3cret pass"


@pytest.mark.parametrize(("transport", "port"), [("udp", 5060), ("tcp", 5060), ("tls", 5061)])
def test_the_port_follows_the_transport(api: Api, transport: str, port: int) -> None:
    assert api.post("sip-connections", {**LINE, "transport": transport}).json()["port"] == port


@pytest.mark.parametrize(
    "host", ["sip.example.com", "pbx", "192.0.2.7", "2001:db8::1", "[2001:db8::1]", " SIP.example "]
)
def test_it_takes_names_and_addresses(api: Api, host: str) -> None:
    assert api.post("sip-connections", {**LINE, "host": host}).status_code == 201


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"host": "sip:pbx.example"}, "host"),
        ({"host": "https://pbx.example"}, "host"),
        ({"host": "a b.example"}, "host"),
        ({"host": "pbx.example:5060"}, "host"),
        ({"host": "pbx.example/x"}, "host"),
        ({"host": "300.1.1.1"}, "host"),
        ({"host": "a\r\nb"}, "host"),
        ({"host": ""}, "host"),
        ({"name": "a/b"}, "name"),
        ({"port": 0}, "port"),
        ({"port": 70_000}, "port"),
        ({"transport": "smoke"}, "transport"),
        ({"user": "a b"}, "user"),
        ({"user": "a\r\nb"}, "user"),
        ({"password": "a\nb"}, "password"),
        ({"password": "x" * 201}, "password"),
        ({"caller_id": "0123"}, "caller_id"),
        ({"headers": [{"name": "Via", "value": "x"}]}, "headers"),
        ({"headers": [{"name": "X-A", "value": "{{ oops"}]}, "headers"),
        ({"headers": [{"name": "X-A", "value": "a\r\nVia: b"}]}, "headers"),
        ({"colour": 1}, "colour"),
    ],
)
def test_what_does_not_fit_is_named(api: Api, account: Account, change: dict[str, Any], field: str) -> None:
    answer = api.post("sip-connections", {**LINE, **change})
    assert answer.status_code == 422
    assert {name.split(".")[0] for name in fields_of(answer)} == {field}
    assert b"s3cret" not in answer.content
    with scope(account=account):
        assert not SipConnection.objects.exists()


def test_a_password_that_is_left_out_is_kept(api: Api) -> None:
    api.post("sip-connections", LINE)
    api.patch("sip-connections/Trunk Paris", {"user": "other"})
    api.put("sip-connections/Trunk Paris", {"name": "Trunk Paris", "host": "sip.example.com", "password": ""})
    assert credentials(api).json() == {"user": "", "password": "s3cret pass"}


def test_another_host_gets_no_old_password(api: Api) -> None:
    api.post("sip-connections", LINE)
    refused = api.patch("sip-connections/Trunk Paris", {"host": "evil.example"})
    assert (refused.status_code, fields_of(refused)) == (422, {"password"})
    assert api.patch("sip-connections/Trunk Paris", {"host": "new.example", "password": "again"}).status_code == 200
    assert credentials(api).json()["password"] == "again"


def test_only_a_runtimes_key_reads_the_credentials(api: Api, account: Account, client: Client, admin_user: Any) -> None:
    api.post("sip-connections", LINE)
    answer = credentials(api)
    assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store")
    assert answer.json() == {"user": "tq", "password": "s3cret pass"}
    with scope(account=account):
        _key, plain_text = ApiKey.objects.issue(account=account, name="config only", scopes=[KeyScope.CONFIG])
    url = "/api/v1/sip-connections/Trunk%20Paris/credentials"
    assert client.get(url, headers={"X-Api-Key": plain_text}).status_code == 403
    client.force_login(admin_user)
    assert client.get(url).status_code in {401, 403}
    assert Client().get(url).status_code == 401


def test_another_accounts_connection_does_not_exist(api: Api, stranger_api: Api) -> None:
    api.post("sip-connections", LINE)
    assert stranger_api.get("sip-connections").json()["count"] == 0
    for path in ("sip-connections/Trunk Paris", "sip-connections/Trunk Paris/credentials"):
        assert stranger_api.get(path).status_code == 404
    assert stranger_api.post("sip-connections", LINE).status_code == 201


def test_what_is_used_is_not_deleted(api: Api, agent: Agent) -> None:
    api.post("sip-connections", LINE)
    assert api.post(f"agents/{agent.slug}/actions", TRANSFER).status_code == 201
    used = api.get("sip-connections/Trunk Paris").json()["used_by"]
    assert [use["label"] for use in used] == [f"{agent}: to_pbx"]
    refused = api.delete("sip-connections/Trunk Paris")
    assert (refused.status_code, refused.json()["code"]) == (409, "in_use")
    assert "to_pbx" in refused.json()["detail"]


def test_a_published_version_uses_it_too(api: Api, agent: Agent) -> None:
    api.post("sip-connections", LINE)
    api.post(f"agents/{agent.slug}/actions", TRANSFER)
    with scope(account=agent.account):
        publish(agent)
    api.delete(f"agents/{agent.slug}/actions/to_pbx")
    refused = api.delete("sip-connections/Trunk Paris")
    assert (refused.status_code, refused.json()["detail"]) == (409, f"Used by: {agent}, as published.")
    with scope(account=agent.account):
        publish(agent)
    assert api.delete("sip-connections/Trunk Paris").status_code == 204


def test_its_password_is_rotated_with_the_others(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    api.post("sip-connections", LINE)
    assert SipConnection._meta.get_field("secrets") in sealed_fields()
    call_command("rotate_secrets")
    assert "transfers.SipConnection.secrets: 0 re-encrypted, 1 current" in capsys.readouterr().out
