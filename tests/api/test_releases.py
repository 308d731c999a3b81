from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django_scopes import scope

from accounts.models import User
from actions.models import Agent, Release
from tests.api.conftest import Api, fields_of
from transfers.models import SipConnection
from workflows.models import Workflow

PATH = "agents/accueil/releases"
EMAIL = {"kind": "email", "moment": "after", "subject": "A call", "to": "team@lac.example"}


def test_publishing_makes_a_release_that_calls_run_on(api: Api, agent: Agent) -> None:
    api.post("agents/accueil/actions", {**EMAIL, "name": "report"})
    assert api.get("agents/accueil").json()["has_unpublished_changes"] is True
    published = api.post(PATH, {"note": "First"})
    assert published.status_code == 201
    answer = published.json()
    assert (answer["number"], answer["note"], answer["is_current"]) == (1, "First", True)
    assert (answer["rolled_back_to"], answer["published_by"]) == (None, None)
    assert [action["name"] for action in answer["content"]["actions"]] == ["report"]
    assert api.get(f"{PATH}/1").json() == answer
    shown = api.get("agents/accueil").json()
    assert (shown["published_release"], shown["has_unpublished_changes"]) == (1, False)
    assert api.post("calls", {"agent": "accueil"}).json()["release"] == {"number": 1}


def test_editing_after_publishing_is_an_unpublished_change(api: Api, published_agent: Agent) -> None:
    api.post("agents/accueil/actions", {**EMAIL, "name": "report"})
    assert api.get("agents/accueil").json()["has_unpublished_changes"] is True
    assert api.get(f"{PATH}/1").json()["content"]["actions"] == []


def test_the_body_may_be_left_out(api: Api, agent: Agent) -> None:
    assert api.post(PATH).status_code == 201
    assert api.post(PATH, {}).status_code == 201
    assert [release["number"] for release in api.get(PATH).json()["results"]] == [2, 1]


def test_a_release_tells_who_published_it(
    member_api: Callable[[User], Api], agent: Agent, editor_user: User, api: Api
) -> None:
    assert member_api(editor_user).post(PATH).json()["published_by"] == editor_user.email
    listed = api.get(PATH).json()["results"]
    assert [(each["number"], each["is_current"], each["published_by"]) for each in listed] == [
        (1, True, editor_user.email)
    ]
    assert "content" not in listed[0]


def test_everything_that_keeps_an_agent_from_being_published_is_told_at_once(
    api: Api, agent: Agent, workflow: Workflow
) -> None:
    actions: list[dict[str, Any]] = [
        {"kind": "transfer", "moment": "during", "name": "nowhere"},
        {**EMAIL, "name": "unreadable", "subject": "{{ 1 + }}", "to": "nobody at all"},
        {"kind": "workflow", "moment": "during", "name": "undescribed", "workflow": workflow.name},
        {"kind": "wait", "moment": "during", "name": "fine"},
        {"kind": "transfer", "moment": "during", "name": "switched-off", "enabled": False},
    ]
    for action in actions:
        assert api.post("agents/accueil/actions", action).status_code == 201
    refused = api.post(PATH)
    assert (refused.status_code, refused.json()["code"]) == (422, "not_publishable")
    assert fields_of(refused) == {
        "actions.nowhere.destinations",
        "actions.unreadable.subject",
        "actions.unreadable.to",
        "actions.undescribed.description",
    }
    with scope(account=agent.account):
        assert not Release.objects.exists()


def test_rolling_back_publishes_the_earlier_content_again(api: Api, published_agent: Agent) -> None:
    api.post("agents/accueil/actions", {**EMAIL, "name": "report"})
    api.post(PATH)
    back = api.post(f"{PATH}/1/roll-back", {"note": "Too many emails"})
    assert back.status_code == 201
    answer = back.json()
    assert (answer["number"], answer["rolled_back_to"], answer["note"]) == (3, 1, "Too many emails")
    assert answer["content"]["actions"] == []
    shown = api.get("agents/accueil").json()
    assert (shown["published_release"], shown["has_unpublished_changes"]) == (3, True)
    assert api.get("agents/accueil/actions/report").status_code == 200


def test_a_release_that_this_version_cannot_run_is_not_brought_back(api: Api, published_agent: Agent) -> None:
    with scope(account=published_agent.account):
        release = Release.objects.get()
        action = {"id": 1, "kind": "dance", "moment": "during", "name": "d", "description": "d", "params": {}}
        Release.objects.update(snapshot={**release.snapshot, "actions": [action]})
    refused = api.post(f"{PATH}/1/roll-back")
    assert (refused.status_code, refused.json()["code"]) == (409, "not_runnable")
    assert api.get("agents/accueil").json()["published_release"] == 1


def test_a_release_that_lost_its_line_is_not_brought_back(api: Api, agent: Agent) -> None:
    api.post("sip-connections", {"name": "Trunk", "host": "sip.example.com"})
    line = {"kind": "transfer", "moment": "during", "name": "desk", "sip_connection": "Trunk"}
    assert api.post("agents/accueil/actions", line).status_code == 201
    assert api.post(PATH).status_code == 201
    api.delete("agents/accueil/actions/desk")
    api.post(PATH)
    with scope(account=agent.account):
        SipConnection.objects.all().delete()
    refused = api.post(f"{PATH}/1/roll-back")
    assert (refused.status_code, refused.json()["code"], fields_of(refused)) == (409, "not_runnable", {"actions.desk"})
    assert "SIP connection" in refused.json()["errors"][0]["message"]
    assert api.get("agents/accueil").json()["published_release"] == 2


@pytest.mark.parametrize(
    ("body", "field"),
    [({"note": "x" * 201}, "note"), ({"note": ["x"]}, "note"), ({"notes": "x"}, "notes"), (["x"], ""), ("x", "")],
)
def test_what_does_not_fit_is_named(api: Api, agent: Agent, body: Any, field: str) -> None:
    answer = api.post(PATH, body)
    assert (answer.status_code, fields_of(answer)) == (422, {field})


def test_a_release_cannot_be_changed_or_deleted(api: Api, published_agent: Agent) -> None:
    for method in ("PUT", "PATCH", "DELETE"):
        assert api(method, f"{PATH}/1", {"note": "x"}).status_code == 405


@pytest.mark.parametrize("number", ["0", "2", "999999999", "first"])
def test_a_release_that_does_not_exist_is_not_found(api: Api, published_agent: Agent, number: str) -> None:
    assert api.get(f"{PATH}/{number}").status_code == 404
    assert api.post(f"{PATH}/{number}/roll-back").status_code == 404
