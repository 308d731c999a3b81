"""The before-call cache over the API."""

from __future__ import annotations

from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django_scopes import scope

from accounts.models import Account
from actions.contract import Moment
from actions.models import Agent
from actions.releases import publish
from calls import lifecycle
from calls.cache import live
from calls.cache.closing import close_cache
from calls.requests import BeginCall
from tests.api.conftest import GRAPH, Api, fields_of
from tests.conftest import issue_key
from workflows.kinds.workflow import WorkflowAction
from workflows.models import Workflow

PATH = "agents/accueil/actions/lookup/cache"
CALLER = "+33639980001"


@pytest.fixture
def used(account: Account, agent: Agent) -> Agent:
    """An agent whose action was asked twice for one key."""
    account.before_call_cache = True
    account.save()
    live.forget()
    with scope(account=account):
        workflow = Workflow.objects.create(account=account, name="Cached", graph=GRAPH)
        WorkflowAction.objects.create(
            agent=agent,
            moment=Moment.BEFORE,
            name="lookup",
            workflow=workflow,
            cache_enabled=True,
            cache_keys=["from", "context.id"],
        )
        publish(agent)
        agent.refresh_from_db()
    assert [source(agent), source(agent)] == ["action", "cache"]
    return agent


def source(agent: Agent) -> str:
    async def play() -> str:
        request = BeginCall(direction="inbound", agent=agent.slug, from_number=CALLER, context={"id": 7})
        answer: dict[str, Any] = await lifecycle.begin(agent.account, request)
        await close_cache()
        return str(answer["runs"][0]["source"])

    with scope(account=agent.account):
        return async_to_sync(play)()


def test_it_tells_what_it_does(api: Api, used: Agent) -> None:
    (row,) = api.get("before-call-cache").json()
    assert row == api.get(PATH).json()
    counted = {name: row[name] for name in ("hits", "misses", "hit_rate", "entries", "paused", "keys")}
    assert counted == {
        "hits": 1,
        "misses": 1,
        "hit_rate": 0.5,
        "entries": 1,
        "paused": False,
        "keys": ["from", "context.id"],
    }


@pytest.mark.parametrize(
    ("path", "body", "erased"),
    [
        (f"{PATH}/empty", {}, None),
        (f"{PATH}/empty", {"number": "+33 6 39 98 00 01"}, 1),
        (f"{PATH}/empty", {"key": {"from": CALLER, "context.id": 7}}, 1),
        ("before-call-cache/empty", {}, None),
        ("before-call-cache/empty", {"number": CALLER}, 1),
    ],
)
def test_it_is_emptied(api: Api, used: Agent, path: str, body: Any, erased: int | None) -> None:
    assert api.post(path, body).json() == {"erased": erased}
    assert source(used) == "action"


def test_other_keys_and_numbers_stay(api: Api, used: Agent) -> None:
    assert api.post(f"{PATH}/empty", {"key": {"from": CALLER, "context.id": 8}}).json() == {"erased": 0}
    assert api.post(f"{PATH}/empty", {"number": "+33639980002"}).json() == {"erased": 0}
    assert source(used) == "cache"


def test_it_is_paused_and_resumed(api: Api, used: Agent) -> None:
    assert api.patch(PATH, {"paused": True}).json()["paused"] is True
    assert source(used) == "action"
    assert api.patch(PATH, {"paused": False}).json()["paused"] is False
    assert source(used) == "cache"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"number": CALLER, "key": {}}, "key"),
        ({"key": {"to": 1}}, "key"),
        ({"key": []}, "key"),
        ({"number": ""}, "number"),
        ({"everything": True}, "everything"),
    ],
)
def test_what_makes_no_sense_is_refused(api: Api, used: Agent, body: Any, field: str) -> None:
    assert fields_of(api.post(f"{PATH}/empty", body)) == {field}


def test_payloads_of_past_calls_are_for_editors(api: Api, account: Account, used: Agent) -> None:
    sample = api.get("agents/accueil/call-payloads").json()[0]
    assert sample["payload"]["from"] == CALLER
    assert sample["payload"]["context"] == {"id": 7}
    assert Api(key=issue_key(account, "calls")).get("agents/accueil/call-payloads").status_code == 403


def test_another_account_finds_nothing(stranger_api: Api, used: Agent) -> None:
    assert stranger_api.get("before-call-cache").json() == []
    for answer in (
        stranger_api.get(PATH),
        stranger_api.post(f"{PATH}/empty", {}),
        stranger_api.patch(PATH, {"paused": True}),
        stranger_api.get("agents/accueil/call-payloads"),
    ):
        assert answer.status_code == 404
    assert stranger_api.post("before-call-cache/empty", {}).status_code == 200
    assert source(used) == "cache"
