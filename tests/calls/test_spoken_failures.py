"""Whatever breaks during the call, whoever listens hears a sentence: a code is for the program, details for the run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from asgiref.sync import async_to_sync
from django.utils import timezone
from django_scopes import scope

from accounts.models import Account
from actions.contract import ActionError, Kind, Moment
from actions.models import Agent
from actions.registry import kinds
from actions.releases import load_plan, publish
from calls import after, lifecycle
from calls.models import Call, Run, RunState
from calls.requests import BeginCall, InvokeAction
from tests.admin.conftest import make_action
from workflows.models import Workflow

TECHNICAL = "psycopg.OperationalError: connection to server at 10.0.0.3, port 5432 failed: Errno 111 <traceback>"
DURING = [kind.name for kind in kinds if Moment.DURING in kind.moments]


@pytest.fixture
def call(account: Account, agent: Agent) -> Iterator[Call]:
    """Of an agent that has an action of every kind during the call."""
    with scope(account=account):
        workflow = Workflow.objects.create(account=account, name="Reconnaître")
        for name in DURING:
            action = make_action(name, agent, workflow)
            action.moment = Moment.DURING
            action.save()
        publish(agent)
        agent.refresh_from_db()
        request = BeginCall(direction="inbound", agent=agent.slug)
        begun = async_to_sync(lifecycle.begin)(account, request)
        yield Call.objects.get(pk=begun["id"])


def fitting(schema: dict[str, Any]) -> dict[str, Any]:
    """Arguments that the tool takes."""
    given: dict[str, Any] = {}
    for name in schema.get("required", ()):
        wanted = schema["properties"][name]
        given[name] = wanted["enum"][0] if "enum" in wanted else "1"
    return given


def invoke(call: Call, name: str) -> dict[str, Any]:
    planned = load_plan(call.release_id).find(Moment.DURING, f"my_{name}")
    assert planned is not None
    arguments = fitting(planned.kind.arguments_schema(planned.params, "fr"))
    request = InvokeAction(name=f"my_{name}", arguments=arguments, tool_call_id=f"t-{name}")
    answer: dict[str, Any] = async_to_sync(lifecycle.invoke)(UUID(str(call.pk)), request)
    return answer


def assert_speakable(answer: dict[str, Any], code: str) -> None:
    assert (answer["result"]["status"], answer["result"]["code"]) == ("failed", code)
    assert set(answer["result"]) == {"status", "code", "message"}
    message = answer["result"]["message"]
    assert message.endswith(".")
    assert len(message) > 20
    for word in ("Error", "psycopg", "10.0.0.3", "Errno", "<", "{"):
        assert word not in message
    assert TECHNICAL not in str(answer)


@pytest.mark.parametrize("name", DURING)
@pytest.mark.parametrize(
    ("error", "code"),
    [(RuntimeError(TECHNICAL), "internal_error"), (ActionError(TECHNICAL, code="upstream_error"), "upstream_error")],
)
def test_a_kind_that_fails_is_told_in_words(
    call: Call, name: str, error: Exception, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(self: Kind[Any], *args: Any) -> Any:
        raise error

    monkeypatch.setattr(type(kinds.get(name)), "run", fail)
    answer = invoke(call, name)
    assert_speakable(answer, code)
    assert "Présentez vos excuses" in answer["result"]["message"]
    assert invoke(call, name)["result"] == answer["result"]
    kept = Run.objects.get(tool_call_id=f"t-{name}")
    assert (kept.state, kept.error_code) == (RunState.FAILED, code)
    assert kept.error_message
    if isinstance(error, ActionError):
        assert kept.error_message == TECHNICAL


@pytest.mark.parametrize("name", DURING)
def test_a_kind_that_gives_back_nonsense_is_told_in_words(
    call: Call, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from actions.contract import Outcome

    async def nonsense(self: Kind[Any], *args: Any) -> Any:
        return Outcome(result={"of": object()})

    monkeypatch.setattr(type(kinds.get(name)), "run", nonsense)
    assert_speakable(invoke(call, name), "bad_result")


def test_a_tool_whose_server_died_is_told_in_words(call: Call) -> None:
    invoke(call, "wait")
    Run.objects.update(state=RunState.RUNNING, result=None, lease_until=timezone.now())
    assert after.sweep()["abandoned"] == 1
    assert_speakable(invoke(call, "wait"), "interrupted")
