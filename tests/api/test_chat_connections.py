"""Language models in the API, and what agents and calls say of the analysis."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone
from django_scopes import scope

from accounts.models import Account
from actions.models import Agent
from calls import external_ids
from calls.models import Call
from tests.api.conftest import Api, fields_of
from tests.support.chat_server import ChatServer, chat_server, fails, says

NEW = {"name": "GPT", "url": "https://api.example/v1", "auth_profile": None, "model": "gpt-4o", "timeout_s": 20}


@pytest.fixture
def server(settings: Any) -> Iterator[ChatServer]:
    with chat_server() as server:
        settings.OUTBOUND_ALLOWED_PRIVATE_HOSTS = [server.url.split("/")[2]]
        yield server


def test_one_is_created_read_changed_and_deleted(api: Api) -> None:
    created = api.post("chat-connections", {**NEW, "url": " https://api.example/v1/ "})
    assert created.status_code == 201, created.content
    answer = created.json()
    assert answer.items() >= NEW.items()
    path = f"chat-connections/{answer['id']}"
    assert api.patch(path, {"model": "other"}).json()["model"] == "other"
    assert fields_of(api.post("chat-connections", NEW)) == {"name"}
    assert api.delete(path).status_code == 204


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"url": "ftp://x"}, "url"),
        ({"url": ""}, "url"),
        ({"timeout_s": 0}, "timeout_s"),
        ({"auth_profile": "x"}, "auth_profile"),
    ],
)
def test_what_does_not_fit_is_named(api: Api, change: dict[str, Any], field: str) -> None:
    answer = api.post("chat-connections", {**NEW, **change})
    assert (answer.status_code, fields_of(answer)) == (422, {field})


def test_another_accounts_are_unknown(api: Api, stranger_api: Api) -> None:
    path = f"chat-connections/{api.post('chat-connections', NEW).json()['id']}"
    assert stranger_api.get(path).status_code == 404
    assert stranger_api.post(f"{path}/test").status_code == 404
    body = {"name": "A", "slug": "a", "analysis_model": "GPT"}
    assert fields_of(stranger_api.post("agents", body)) == {"analysis_model"}


def test_it_is_tested(api: Api, server: ChatServer) -> None:
    path = f"chat-connections/{api.post('chat-connections', {**NEW, 'url': server.url}).json()['id']}/test"
    server.answers = [says({"colour": "red"}), fails(401, "who are you?")]
    assert "answers" in api.post(path).json()["message"]
    refused = api.post(path)
    assert (refused.status_code, refused.json()["code"]) == (502, "model_failed")
    assert "who are you?" in refused.json()["detail"]


def test_an_agent_names_one_and_keeps_it(api: Api, agent: Agent) -> None:
    path = f"chat-connections/{api.post('chat-connections', NEW).json()['id']}"
    change = {
        "analysis_model": "GPT",
        "analysis_wait_s": 60,
        "collected_fields": [{"name": "amount", "type": "number", "description": ""}],
        "classifiers": [
            {"name": "Reason", "labels": [{"name": "b", "rule": "params.x == 1"}, {"name": "a", "is_default": True}]}
        ],
    }
    answer = api.patch("agents/accueil", change)
    assert answer.status_code == 200, answer.content
    shown = api.get("agents/accueil").json()
    assert {name: shown[name] for name in ("analysis_model", "analysis_wait_s", "collected_fields")} == {
        name: change[name] for name in ("analysis_model", "analysis_wait_s", "collected_fields")
    }
    assert [label["name"] for label in shown["classifiers"][0]["labels"]] == ["b", "a"]
    assert api.delete(path).status_code == 409


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"analysis_wait_s": 3601}, "analysis_wait_s"),
        ({"collected_fields": [{"name": "a"}, {"name": "a"}]}, "collected_fields.1"),
        ({"collected_fields": [{"name": "1a"}]}, "collected_fields.0.name"),
        ({"collected_fields": [{"name": "params"}]}, "collected_fields.0.name"),
        ({"collected_fields": [{"name": "a", "type": "blob"}]}, "collected_fields.0.type"),
        ({"classifiers": [{"name": "R", "labels": [{"name": "a", "rule": "1 +"}]}]}, "classifiers.0.labels.0.rule"),
        (
            {"classifiers": [{"name": "R", "labels": [{"name": n, "is_default": True} for n in "ab"]}]},
            "classifiers.0.labels",
        ),
    ],
)
def test_what_is_asked_of_calls_is_checked(api: Api, agent: Agent, change: dict[str, Any], field: str) -> None:
    answer = api.patch("agents/accueil", change)
    assert answer.status_code == 422
    assert any(name.startswith(field) for name in fields_of(answer)), fields_of(answer)


def test_calls_are_found_by_what_other_systems_call_them(api: Api, published_agent: Agent, account: Account) -> None:
    with scope(account=account):
        calls = [
            Call.objects.create(
                account=account,
                agent=published_agent,
                release=published_agent.current_release,
                direction="inbound",
                answer_due_at=timezone.now(),
                analysis={"state": "done", "labels": {"Reason": "rule"}, "summary": "", "fields": {}, "error": ""},
            )
            for _number in range(2)
        ]
        for value in ("T-1", "T-2"):
            external_ids.keep(calls[0].pk, account.pk, {"ticket": value, "crm": "T-2"})
    found = api.get("calls?external_ids=T-2").json()["results"]
    assert [call["id"] for call in found] == [str(calls[0].pk)]
    assert api.get("calls?external_ids=T-1").json()["results"] == []
    shown = api.get(f"calls/{calls[0].pk}").json()
    assert shown["external_ids"] == {"ticket": "T-2", "crm": "T-2"}
    assert shown["analysis"]["labels"] == {"Reason": "rule"}
    assert api.get(f"calls/{calls[1].pk}").json()["external_ids"] == {}
