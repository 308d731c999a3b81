"""What becomes of a call when a before-action fails: defaults, a sentence, a transfer, or another action."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django_scopes import scope

from actions.contract import ActionError, CallContext, Moment, Outcome
from actions.models import Agent
from actions.releases import PlannedAction, PublishError, load_plan, publish, take_snapshot
from calls import lifecycle
from calls.models import Run
from calls.requests import BeginCall
from tests.support.cached import before_action
from workflows.kinds.workflow import WorkflowAction
from workflows.models import Workflow

NOWHERE = {"nodes": [{"id": "start", "kind": "start", "config": {}}], "edges": []}


async def fail(context: CallContext) -> Outcome:
    raise ActionError("The CRM said 500.", code="upstream_error")


async def succeed(context: CallContext) -> Outcome:
    return Outcome(variables={"from": "the other"})


@pytest.fixture
def in_account(published_agent: Agent) -> Iterator[Agent]:
    with scope(account=published_agent.account):
        yield published_agent


@pytest.fixture
def begin_with(in_account: Agent, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    def begin(*actions: PlannedAction) -> dict[str, Any]:
        monkeypatch.setattr(lifecycle, "load_plan", lambda pk: dataclasses.replace(load_plan(pk), actions=actions))
        request = BeginCall(direction="inbound", agent=in_account.slug, from_number="+33639980001")
        return async_to_sync(lifecycle.begin)(in_account.account, request)

    return begin


def test_defaults_let_the_call_go_on(begin_with: Any) -> None:
    answer = begin_with(before_action(fail, defaults={"vip": False}))
    assert (answer["parameters"], answer["fail_over"], answer["directives"]) == ({"vip": False}, None, [])
    assert (answer["runs"][0]["state"], answer["runs"][0]["source"]) == ("failed", "defaults")


def test_a_sentence_is_said_and_the_call_is_ended(begin_with: Any) -> None:
    texts = {"fr": "Rappelez plus tard.", "en": "Call again later."}
    answer = begin_with(
        before_action(fail, failure={"policy": "say", "texts": texts}), before_action(succeed, name="never")
    )
    assert answer["fail_over"]["reason"] == "«\u00a0lookup\u00a0» a échoué\u00a0: The CRM said 500."
    assert [directive["type"] for directive in answer["directives"]] == ["say", "hang_up"]
    assert (answer["directives"][0]["text"], answer["directives"][0]["language"]) == ("Rappelez plus tard.", "fr")
    assert [run["action"] for run in answer["runs"]] == ["lookup"]
    assert Run.objects.get().directives == answer["directives"]


@pytest.mark.parametrize(("to", "kind"), [("+33199000050", "number"), ("sip:desk@pbx.example.com", "sip_uri")])
def test_the_caller_is_transferred(begin_with: Any, to: str, kind: str) -> None:
    answer = begin_with(before_action(fail, failure={"policy": "transfer", "transfer_to": to}))
    (directive,) = answer["directives"]
    assert (directive["type"], directive["destinations"][0]["value"]) == ("transfer", to)
    assert directive["destinations"][0]["type"] == kind


def test_a_fail_over_that_the_action_asks_for_goes_the_same_way(begin_with: Any) -> None:
    async def refuse(context: CallContext) -> Outcome:
        return Outcome(variables={"kept": 1}, fail_over="Nobody is there")

    failure = {"policy": "transfer", "transfer_to": "+33199000050"}
    answer = begin_with(before_action(refuse, failure=failure))
    assert answer["fail_over"] == {"reason": "Nobody is there"}
    assert (answer["parameters"], answer["directives"][0]["type"]) == ({"kept": 1}, "transfer")
    assert (answer["runs"][0]["state"], answer["runs"][0]["source"]) == ("succeeded", "action")


def test_another_action_runs_in_its_place_and_only_then(begin_with: Any) -> None:
    failure = {"policy": "action", "action": "spare"}
    spare = before_action(succeed, name="spare")
    answer = begin_with(before_action(fail, failure=failure, defaults={"from": "defaults"}), spare)
    assert answer["parameters"] == {"from": "the other"}
    assert [(run["action"], run["state"]) for run in answer["runs"]] == [("lookup", "failed"), ("spare", "succeeded")]

    async def fine(context: CallContext) -> Outcome:
        return Outcome(variables={"from": "the first"})

    answer = begin_with(before_action(fine, failure=failure), spare)
    assert [run["action"] for run in answer["runs"]] == ["lookup"]


def test_the_one_in_its_place_has_a_policy_of_its_own(begin_with: Any) -> None:
    spare = before_action(fail, name="spare", failure={"policy": "say", "texts": {"fr": "Au revoir."}})
    answer = begin_with(before_action(fail, failure={"policy": "action", "action": "spare"}), spare)
    assert [directive["type"] for directive in answer["directives"]] == ["say", "hang_up"]


# --- publishing ---


@pytest.fixture
def action(in_account: Agent) -> WorkflowAction:
    workflow = Workflow.objects.create(account=in_account.account, name="Look up", graph=NOWHERE)
    return WorkflowAction.objects.create(agent=in_account, moment=Moment.BEFORE, name="lookup", workflow=workflow)


@pytest.mark.parametrize(
    ("columns", "field"),
    [
        ({"failure_policy": "say"}, "failure_texts"),
        ({"failure_policy": "say", "failure_texts": {"en": "Bye."}}, "failure_texts"),
        ({"failure_policy": "transfer"}, "failure_transfer_to"),
        ({"failure_policy": "transfer", "failure_transfer_to": "nobody"}, "failure_transfer_to"),
        ({"failure_policy": "action"}, "failure_action"),
        ({"failure_policy": "prayer"}, "failure_policy"),
        ({"cache_enabled": True}, "cache_keys"),
        ({"cache_enabled": True, "cache_keys": ["nothing.here"]}, "cache_keys"),
        ({"cache_enabled": True, "cache_keys": ["from", "from"]}, "cache_keys"),
        ({"cache_enabled": True, "cache_keys": ["from["]}, "cache_keys"),
        ({"cache_enabled": True, "cache_keys": "from"}, "cache_keys"),
        ({"cache_enabled": True, "cache_keys": ["from"], "cache_ttl_s": 299}, "cache_ttl_s"),
        ({"cache_enabled": True, "cache_keys": ["from"], "cache_ttl_s": 604_801}, "cache_ttl_s"),
        ({"cache_enabled": True, "cache_keys": ["from"], "cache_stale_s": 604_801}, "cache_stale_s"),
    ],
)
def test_what_makes_no_sense_is_not_published(
    in_account: Agent, action: WorkflowAction, columns: dict[str, Any], field: str
) -> None:
    WorkflowAction.objects.filter(pk=action.pk).update(**columns)
    with pytest.raises(PublishError) as refused:
        publish(in_account)
    assert [problem.field for problem in refused.value.problems] == [field]


def test_a_stand_in_must_be_enabled_here_and_no_chain(in_account: Agent, action: WorkflowAction) -> None:
    spare = WorkflowAction.objects.create(
        agent=in_account, moment=Moment.BEFORE, name="spare", workflow=action.workflow, enabled=False
    )
    action.failure_policy, action.failure_action = "action", spare
    action.save()

    def problems() -> list[str]:
        with pytest.raises(PublishError) as refused:
            publish(in_account)
        return [str(problem.message) for problem in refused.value.problems]

    assert "not enabled" in problems()[0]
    spare.enabled, spare.failure_policy, spare.failure_action = True, "action", action
    spare.save()
    assert all("chain" in text for text in problems())
    spare.failure_policy, spare.failure_action = "defaults", None
    spare.save()
    publish(in_account)


def test_a_release_holds_settings_and_its_digest_follows_them(in_account: Agent, action: WorkflowAction) -> None:
    def planned() -> Any:
        release = publish(in_account)
        return load_plan(release.pk).of(Moment.BEFORE)[0].before

    action.cache_enabled, action.cache_keys, action.cache_ttl_s = True, ["from", "context.id"], 300
    action.failure_policy, action.failure_transfer_to = "transfer", "+33199000050"
    action.save()
    first = planned()
    assert first.settings.model_dump() == {
        "cache": {
            "keys": ("from", "context.id"),
            "ttl_s": 300,
            "if_missing": "skip",
            "default": "",
            "stale_s": 0,
            "refresh_ahead": False,
        },
        "failure": {"policy": "transfer", "texts": {}, "transfer_to": "+33199000050", "action": ""},
    }
    action.description = "Says what it is for"
    action.position = 5
    action.save()
    assert planned().digest == first.digest
    action.timeout_s = 9
    action.save()
    assert planned().digest != first.digest
    assert take_snapshot(in_account)["actions"][0]["before"]["cache"]["ttl_s"] == 300
