"""Auth profiles in the API: secrets go in, and nothing of them ever comes out."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import pytest
from django.contrib.admin.models import LogEntry
from django.core.management import call_command
from django_scopes import scope, scopes_disabled

from accounts.models import Account
from actions.models import Agent
from outbound.models import AuthProfile
from tests.api.conftest import GRAPH, Api, fields_of
from tests.support.http_server import Handler, serving
from workflows.models import Workflow

SECRET = "s3cret-that-nobody-may-see"
CRM = {"name": "crm", "kind": "bearer", "secrets": {"token": SECRET}, "hosts": ["crm.example"]}


def using(profile: str) -> dict[str, Any]:
    """A graph whose one step uses the profile."""
    node = {"id": "ask", "kind": "api_request", "config": {"url": "https://crm.example/", "auth_profile": profile}}
    edges = [{"source": "start", "target": "ask"}, {"source": "ask", "target": "answer"}]
    return {"nodes": [GRAPH["nodes"][0], node, GRAPH["nodes"][1]], "edges": edges}


@pytest.fixture
def crm(api: Api) -> dict[str, Any]:
    created = api.post("auth-profiles", CRM)
    assert created.status_code == 201, created.content
    return created.json()


def test_a_profile_is_created_read_changed_and_deleted_without_its_secret(
    api: Api, account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    answers = [
        api.post("auth-profiles", CRM),
        api.get("auth-profiles"),
        api.get("auth-profiles/crm"),
        api.patch("auth-profiles/crm", {"description": "The CRM"}),
        api.post("auth-profiles", CRM),
        api.patch("auth-profiles/crm", {"secrets": {"token": f"{SECRET} é"}}),
        api.patch("auth-profiles/crm", {"secrets": {"passwort": SECRET}}),
    ]
    assert [answer.status_code for answer in answers] == [201, 200, 200, 200, 422, 422, 422]
    assert (answers[3].json()["description"], answers[3].json()["hosts"]) == ("The CRM", ["crm.example"])
    assert SECRET not in "".join(answer.content.decode() for answer in answers)
    assert "secrets" not in answers[2].json()
    assert SECRET not in caplog.text
    with scope(account=account):
        profile = AuthProfile.objects.get()
        assert profile.credential().secrets["token"] == SECRET, "kept by a change that does not mention it"
        assert SECRET not in repr(vars(profile)) + repr(profile.credential()) + str(profile)
        assert SECRET not in profile.sealed_secrets
    with scopes_disabled():
        assert not any(SECRET in entry.change_message for entry in LogEntry.objects.all())
    assert api.delete("auth-profiles/crm").status_code == 204
    assert api.get("auth-profiles/crm").status_code == 404


def test_a_dump_of_the_database_holds_no_secrets(crm: Any, account: Account, capsys: Any) -> None:
    with scopes_disabled():
        sealed = AuthProfile.objects.get().sealed_secrets
        call_command("dumpdata", "outbound")
    dumped = capsys.readouterr().out
    assert '"crm"' in dumped
    assert SECRET not in dumped
    assert sealed not in dumped


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": "Not a slug"}, "name"),
        ({"name": ""}, "name"),
        ({"kind": "telepathy"}, "kind"),
        ({"secrets": {}}, "secrets"),
        ({"secrets": {"token": "with\nbreak"}}, "secrets"),
        ({"secrets": {"token": "x" * 17_000}}, "secrets"),
        ({"secrets": {"token": ["x"]}}, "secrets.token"),
        ({"secrets": "x"}, "secrets"),
        ({"settings": {"colour": 1}}, "settings"),
        ({"settings": []}, "settings"),
        ({"hosts": ["https://crm.example"]}, "hosts"),
        ({"hosts": ["*.com"]}, "hosts"),
        ({"hosts": ["crm.example:0"]}, "hosts"),
        ({"colour": "red"}, "colour"),
        ({"kind": "basic", "settings": {}, "secrets": {"password": "x"}}, "settings"),
        ({"kind": "basic", "settings": {"username": "a:b"}, "secrets": {"password": "x"}}, "settings"),
        ({"kind": "api_key", "settings": {"items": []}, "secrets": {}}, "settings"),
        ({"kind": "api_key", "settings": {"items": [{"name": "Host"}]}, "secrets": {"Host": "x"}}, "settings"),
        ({"kind": "api_key", "settings": {"items": [{"name": "k", "in": "moon"}]}, "secrets": {"k": "x"}}, "settings"),
        ({"kind": "api_key", "settings": {"items": [{"name": "k"}, {"name": "K"}]}, "secrets": {"k": "x"}}, "settings"),
        (
            {
                "kind": "oauth2_client_credentials",
                "settings": {"token_url": "ftp://x", "client_id": "a"},
                "secrets": {"client_secret": "x"},
            },
            "settings",
        ),
        ({"kind": "mutual_tls", "secrets": {"certificate": "x", "private_key": "y"}}, "secrets"),
    ],
)
def test_what_is_wrong_is_told_at_its_member(api: Api, account: Account, change: Any, field: str) -> None:
    answer = api.post("auth-profiles", {**CRM, **change})
    assert answer.status_code == 422, answer.content
    assert any(each == field or each.startswith(f"{field}.") for each in fields_of(answer)), answer.content
    with scope(account=account):
        assert not AuthProfile.objects.exists()


def test_name_and_kind_stay(api: Api, crm: Any) -> None:
    assert fields_of(api.patch("auth-profiles/crm", {"name": "erp"})) == {"name"}
    change = {"kind": "basic", "settings": {"username": "a"}, "secrets": {"password": "b"}}
    assert fields_of(api.patch("auth-profiles/crm", change)) == {"kind"}


@pytest.mark.parametrize("hosts", [[], ["crm.example", "evil.example"], ["*.example.com"]])
def test_a_secret_that_one_cannot_read_cannot_be_sent_elsewhere_either(api: Api, crm: Any, hosts: list[str]) -> None:
    answer = api.patch("auth-profiles/crm", {"hosts": hosts})
    assert answer.status_code == 422
    assert fields_of(answer) == {"secrets"}
    assert api.patch("auth-profiles/crm", {"hosts": hosts, "secrets": {"token": SECRET}}).status_code == 200


def test_another_token_server_wants_the_secret_again(api: Api) -> None:
    settings = {"token_url": "https://login.example/token", "client_id": "me"}
    profile = {"name": "erp", "kind": "oauth2_client_credentials", "settings": settings}
    assert api.post("auth-profiles", {**profile, "secrets": {"client_secret": SECRET}}).status_code == 201
    assert api.patch("auth-profiles/erp", {"settings": {**settings, "scope": "calls"}}).status_code == 200
    moved = {**settings, "token_url": "https://evil.example/token"}
    assert fields_of(api.patch("auth-profiles/erp", {"settings": moved})) == {"secrets"}


def test_a_profile_in_use_is_not_deleted(api: Api, crm: Any, account: Account) -> None:
    with scope(account=account):
        workflow = Workflow.objects.create(account=account, name="Look the caller up", graph=using("crm"))
    used_by = api.get("auth-profiles/crm").json()["used_by"]
    assert used_by == [
        {"label": "Workflow “Look the caller up”", "url": f"/admin/workflows/workflow/{workflow.pk}/change/"}
    ]
    refused = api.delete("auth-profiles/crm")
    assert (refused.status_code, refused.json()["code"]) == (409, "in_use")
    assert "Look the caller up" in refused.json()["detail"]
    with scope(account=account):
        workflow.delete()
    assert api.delete("auth-profiles/crm").status_code == 204


def test_a_published_version_keeps_its_profile(api: Api, crm: Any, published_agent: Agent) -> None:
    with scope(account=published_agent.account):
        release = published_agent.current_release
        type(release)._base_manager.filter(pk=release.pk).update(
            snapshot={**release.snapshot, "actions": [{"params": {"graph": using("crm")}}]}
        )
    assert "Accueil" in api.get("auth-profiles/crm").json()["used_by"][0]["label"]
    assert api.delete("auth-profiles/crm").status_code == 409


def test_viewers_see_names_only(
    api: Api, member_api: Callable[[Any], Api], crm: Any, viewer_user: Any, editor_user: Any
) -> None:
    viewer, editor = member_api(viewer_user), member_api(editor_user)
    seen = viewer.get("auth-profiles/crm").json()
    assert (seen["name"], seen["kind"], seen["hosts"], seen["settings"]) == ("crm", "bearer", [], {})
    assert viewer.patch("auth-profiles/crm", {"description": "x"}).status_code == 403
    assert viewer.post("auth-profiles", {**CRM, "name": "x"}).status_code == 403
    assert viewer.delete("auth-profiles/crm").status_code == 403
    assert editor.get("auth-profiles/crm").json()["hosts"] == ["crm.example"]
    assert editor.patch("auth-profiles/crm", {"description": "x"}).status_code == 200


def test_another_accounts_profiles_are_not_there(stranger_api: Api, crm: Any) -> None:
    assert stranger_api.get("auth-profiles").json()["results"] == []
    assert stranger_api.get("auth-profiles/crm").status_code == 404
    assert stranger_api.delete("auth-profiles/crm").status_code == 404
    assert stranger_api.post("auth-profiles", CRM).status_code == 201


def test_a_profile_that_no_key_opens_is_shown_and_can_be_entered_again(api: Api, crm: Any, settings: Any) -> None:
    settings.SECRETS_KEYS = ["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="]
    assert api.get("auth-profiles/crm").status_code == 200
    refused = api.patch("auth-profiles/crm", {"description": "x"})
    assert fields_of(refused) == {"secrets"}
    assert "cannot be decrypted" in refused.content.decode()
    assert api.patch("auth-profiles/crm", {"secrets": {"token": "another-one"}}).status_code == 200


class Mirror(Handler):
    """Answers with what it was told, credentials included: the worst that a server can do to a trace."""

    told: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.told.append(self.headers["Authorization"])
        self.answer(200, json.dumps({"headers": dict(self.headers), "path": self.path}).encode())


@pytest.fixture
def mirror(settings: Any) -> Iterator[str]:
    settings.OUTBOUND_ALLOWED_PRIVATE_HOSTS = ["127.0.0.1"]
    Mirror.told.clear()
    with serving(Mirror) as url:
        yield f"{url}/"


def test_a_workflow_sends_it_and_its_trace_does_not_show_it(
    api: Api, mirror: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    assert api.post("auth-profiles", {**CRM, "hosts": ["127.0.0.1"]}).status_code == 201
    graph = using("crm")
    mapping = [{"variable": "stolen", "path": "$.headers.Authorization"}]
    graph["nodes"][1]["config"] |= {"url": mirror, "mapping": mapping}
    answer = api.post("workflows/test", {"graph": graph, "moment": None, "data": {}, "live": True})
    assert answer.status_code == 200, answer.content
    assert Mirror.told == [f"Bearer {SECRET}"]
    assert answer.json()["state"] == "succeeded", answer.content
    assert answer.json()["variables"]["stolen"] == "Bearer ***"
    assert SECRET not in answer.content.decode() + caplog.text
    graph["nodes"][1]["config"]["auth_profile"] = "erp"
    checked = api.post("workflows/check", {"graph": graph, "moment": None}).json()["errors"]
    assert [(error["node"], error["field"]) for error in checked] == [("ask", "auth_profile")]
