"""The form of a before-action's failure policy and cache, and the cache's own pages."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.test import Client
from django_scopes import scope

from accounts.models import Account
from actions.contract import Moment
from actions.models import Agent
from actions.releases import load_plan, publish
from calls import lifecycle
from calls.cache import live
from calls.cache.closing import close_cache
from calls.cache.keys import masked
from calls.cache.rows import CacheEntry, CacheState
from calls.requests import BeginCall
from tests.admin.conftest import Furnished
from tests.admin.forms import fill_in, text
from workflows.kinds.workflow import WorkflowAction
from workflows.models import Workflow

GRAPH = {
    "nodes": [
        {"id": "start", "kind": "start", "config": {}},
        {"id": "back", "kind": "return", "config": {"parameters": {"vip": True}}},
    ],
    "edges": [{"source": "start", "target": "back"}],
}
CALLER = "+33639980001"


@pytest.fixture
def cached_account(account: Account) -> Account:
    account.before_call_cache = True
    account.save()
    live.forget()
    return account


@pytest.fixture
def action(cached_account: Account, agent: Agent) -> WorkflowAction:
    with scope(account=cached_account):
        workflow = Workflow.objects.create(account=cached_account, name="Look up", graph=GRAPH)
        return WorkflowAction.objects.create(
            agent=agent,
            moment=Moment.BEFORE,
            name="lookup",
            workflow=workflow,
            cache_enabled=True,
            cache_keys=["from", "context.id"],
        )


def call(agent: Agent, **fields: Any) -> dict[str, Any]:
    async def play() -> dict[str, Any]:
        request = BeginCall(**{"direction": "inbound", "agent": agent.slug, "from_number": CALLER, **fields})
        answer = await lifecycle.begin(agent.account, request)
        await close_cache()
        return answer

    return async_to_sync(play)()


@pytest.fixture
def used(action: WorkflowAction) -> WorkflowAction:
    """Published, and asked twice for one key."""
    agent = action.agent
    with scope(account=agent.account):
        publish(agent)
        for _again in range(2):
            answer = call(agent, context={"id": "C-1"})
    assert answer["runs"][0]["source"] == "cache"
    return action


def address(action: WorkflowAction) -> str:
    return f"/admin/workflows/workflowaction/{action.pk}/change/"


def page(action: WorkflowAction) -> str:
    return f"/admin/calls/cacheusage/action/{action.pk}/"


def test_the_form_keeps_policy_and_cache(client_for: Any, cast: SimpleNamespace, action: WorkflowAction) -> None:
    client: Client = client_for(cast.editor)
    assert "data-cache-keys" in text(client.get(address(action)))  # type: ignore[arg-type]
    changes = {
        "cache_keys": "from\r\n\r\n $.sip_headers['X-Tenant'] ",
        "cache_ttl_s": "604800",
        "failure_policy": "say",
        "failure_texts-fr": "Rappelez plus tard.",
    }
    assert fill_in(client, address(action)).status_code == 302
    with scope(account=action.agent.account):
        action.refresh_from_db()
    assert action.cache_keys == ["from", "context.id"]
    assert fill_in(client, address(action), **changes).status_code == 302
    with scope(account=action.agent.account):
        action.refresh_from_db()
    assert action.cache_keys == ["from", "$.sip_headers['X-Tenant']"]
    assert (action.cache_ttl_s, action.failure_policy) == (604_800, "say")
    assert action.failure_texts == {"fr": "Rappelez plus tard."}
    for wrong in ({"cache_ttl_s": "604801"}, {"cache_ttl_s": "299"}, {"cache_keys": "nothing.here"}):
        assert fill_in(client, address(action), **wrong).status_code == 200


def test_without_the_feature_there_is_no_cache_to_fill_in(
    client_for: Any, cast: SimpleNamespace, action: WorkflowAction
) -> None:
    Account.objects.update(before_call_cache=False)
    client: Client = client_for(cast.editor)
    response = client.get(address(action))
    assert b"cache_keys" not in response.content
    assert b"failure_policy" in response.content
    assert fill_in(client, address(action)).status_code == 302
    with scope(account=action.agent.account):
        action.refresh_from_db()
    assert action.cache_keys == ["from", "context.id"]
    assert b"/cacheusage/" not in client.get("/admin/").content


def test_the_pages_show_figures_and_masked_keys(client_for: Any, cast: SimpleNamespace, used: WorkflowAction) -> None:
    client: Client = client_for(cast.viewer)
    overview = client.get("/admin/calls/cacheusage/").content.decode()
    assert "50%" in overview
    assert "lookup" in overview
    html = client.get(page(used)).content.decode()
    assert "39980001" not in html
    assert "C-1" not in html
    assert "+336…01" in html
    # A viewer has no buttons.
    assert "Erase this key" not in html
    assert b"/cacheusage/" in client.get("/admin/").content


@pytest.mark.parametrize("wish", ["all", "number", "key", "name"])
def test_editors_empty_it(client_for: Any, cast: SimpleNamespace, used: WorkflowAction, wish: str) -> None:
    agent = used.agent
    with scope(account=agent.account):
        name = CacheEntry.objects.get().name
    sent = {"do": wish, "number": "+33 6 39 98 00 01", "key-0": CALLER, "key-1": "C-1", "name": name}
    assert client_for(cast.viewer).post(page(used), sent).status_code == 403
    with scope(account=agent.account):
        assert call(agent, context={"id": "C-1"})["runs"][0]["source"] == "cache"
    assert client_for(cast.editor).post(page(used), sent).status_code == 302
    with scope(account=agent.account):
        assert call(agent, context={"id": "C-1"})["runs"][0]["source"] == "action"


@pytest.mark.parametrize("value", [42, "42", 4.5, True, None, {"a": [1]}], ids=repr)
def test_a_key_is_erased_whatever_its_values_were_in_the_call(
    client_for: Any, cast: SimpleNamespace, used: WorkflowAction, value: Any
) -> None:
    agent = used.agent
    with scope(account=agent.account):
        call(agent, context={"id": value})
        assert call(agent, context={"id": value})["runs"][0]["source"] == "cache"
    written = value if isinstance(value, str) else json.dumps(value)
    assert client_for(cast.editor).post(page(used), {"do": "key", "key-0": CALLER, "key-1": written}).status_code == 302
    with scope(account=agent.account):
        assert call(agent, context={"id": value})["runs"][0]["source"] == "action"


@pytest.mark.parametrize(
    ("value", "start"),
    [("+33639980001", "+336…01 #"), ("06 39 98 00 01", "06 3…01 #"), ("123456", "#"), (12345678, "#")],
)
def test_a_short_number_is_masked_whole(value: Any, start: str) -> None:
    shown = str(masked("context.id", value))
    assert shown.startswith(start)
    assert str(value) not in shown


def test_it_is_disabled_and_enabled_at_once(client_for: Any, cast: SimpleNamespace, used: WorkflowAction) -> None:
    client: Client = client_for(cast.editor)
    for wish, source in (("pause", "action"), ("resume", "cache")):
        assert client.post(page(used), {"do": wish}).status_code == 302
        with scope(account=used.agent.account):
            assert call(used.agent, context={"id": "C-1"})["runs"][0]["source"] == source


def test_the_whole_account_is_emptied(client_for: Any, cast: SimpleNamespace, used: WorkflowAction) -> None:
    overview = "/admin/calls/cacheusage/"
    assert client_for(cast.viewer).post(overview, {"do": "all"}).status_code == 403
    for sent in ({"do": "number", "number": CALLER}, {"do": "all"}):
        assert client_for(cast.editor).post(overview, sent).status_code == 302
    with scope(account=used.agent.account):
        assert call(used.agent, context={"id": "C-1"})["runs"][0]["source"] == "action"


def test_another_account_finds_nothing(client_for: Any, cast: SimpleNamespace, used: WorkflowAction) -> None:
    client: Client = client_for(cast.stranger)
    assert client.get(page(used)).status_code == 404
    assert client.post(page(used), {"do": "all"}).status_code == 404
    assert b"lookup" not in client.get("/admin/calls/cacheusage/").content
    with scope(account=used.agent.account):
        assert CacheState.objects.filter(generation__gt=0).count() == 0


def test_an_action_without_a_published_cache_leads_back_to_it(
    client_for: Any, cast: SimpleNamespace, action: WorkflowAction
) -> None:
    response = client_for(cast.editor).get(page(action))
    assert (response.status_code, response.headers["Location"]) == (302, address(action))


def test_a_release_says_it_in_words(client_for: Any, cast: SimpleNamespace, action: WorkflowAction) -> None:
    action.failure_policy, action.failure_transfer_to = "transfer", "+33199000050"
    with scope(account=action.agent.account):
        action.save()
        release = publish(action.agent)
        assert load_plan(release.pk).of(Moment.BEFORE)[0].before is not None
    html = client_for(cast.viewer).get(f"/admin/actions/release/{release.pk}/change/").content.decode()
    assert "Transfer the caller" in html
    assert "+33199000050" in html
    assert "context.id" in html


def test_columns_of_the_same_name_elsewhere_are_shown(furnished: Furnished, people: Callable[..., Client]) -> None:
    url = f"/admin/transfers/transferaction/{furnished.actions['transfer'].pk}/change/"
    page = text(people("editor").get(url))
    assert 'name="failure_texts-fr"' in page
    assert "failure_policy" not in page
