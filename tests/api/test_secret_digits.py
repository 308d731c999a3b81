"""Secret digits are on no page that people read afterwards: samples, re-runs, records, emails."""

from __future__ import annotations

from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.core import mail
from django.utils import timezone
from django_scopes import scope

from accounts.models import Account
from actions.models import Agent
from calls import after, execution
from calls.after.picking import Turns
from calls.models import Run, RunState
from tests.api.conftest import Api
from tests.workflows.support import graph, node

PIN = "730159"
LEAK = "code {{ params.pin | default('unknown') }}"


@pytest.fixture
def call(api: Api, agent: Agent) -> str:
    """A code was typed, a workflow has used it and failed, and the call goes on."""
    drawn = graph(
        node("copy", "set_variable", variables=[{"variable": "copy", "value": LEAK}]),
        node("end", "return", result="{{ copy }}", parameters={"copy": "{{ copy }}", "bad": "{{ copy / 0 }}"}),
        "start > copy > end",
    )
    send(api, "workflows", {"name": "Check", "graph": drawn})
    during = {"moment": "during", "description": "As asked"}
    actions: tuple[dict[str, Any], ...] = (
        {**during, "kind": "collect_digits", "name": "ask", "variable": "pin", "secret": True},
        {**during, "kind": "workflow", "name": "check", "workflow": "Check"},
        {
            "moment": "after",
            "kind": "email",
            "name": "report",
            "to": "team@lac.example",
            "subject": "Call {{ params.copy | default('') }}",
            "body": LEAK + " {{ interaction.SUMMARY }} {{ interaction.TRANSCRIPT }}",
        },
    )
    for action in actions:
        send(api, "agents/accueil/actions", action)
    send(api, "agents/accueil/releases", {})
    call: str = send(api, "calls", {"agent": "accueil"})["id"]
    send(api, f"calls/{call}/actions/ask", {"tool_call_id": "t1"})
    typed = {"digits": PIN, "reason": "terminator", "tool_call_id": "t1"}
    send(api, f"calls/{call}/events", {"type": "keypad.collected", "data": typed})
    return call


def send(api: Api, path: str, body: dict[str, Any]) -> Any:
    answer = api.post(path, body)
    assert answer.status_code in {200, 201, 202}, answer.content
    assert PIN not in answer.content.decode()
    return answer.json()


def test_samples_and_reruns_show_none_while_the_call_lasts(api: Api, call: str, account: Account) -> None:
    run = send(api, f"calls/{call}/actions/check", {})["run"]
    assert run["state"] == "failed"
    with scope(account=account):
        assert "code ••••" in str(Run.objects.get(pk=run["id"]).trace)
    for moment in ("before", "during", "after"):
        samples = api.get(f"workflows/samples?moment={moment}")
        assert samples.json()[0]["call_id"] == call
        assert PIN not in samples.content.decode()
    shown = graph(node("end", "return", result=LEAK), "start > end")
    assert send(api, f"runs/{run['id']}/rerun", {"graph": shown})["result"] == "code unknown"
    assert PIN not in api.get(f"calls/{call}").content.decode()


def test_the_email_after_the_call_has_none(api: Api, call: str, account: Account) -> None:
    send(api, f"calls/{call}/actions/check", {})
    spoken = [{"role": "caller", "text": f"I typed {PIN}."}]
    send(api, f"calls/{call}/complete", {"summary": f"The code was {PIN}.", "transcript": spoken})
    with scope(account=account):
        Run.objects.filter(moment="after").update(due_at=timezone.now())
        run = after.claim_next(Turns())
        assert run is not None
        async_to_sync(execution.execute)(run)
        run.refresh_from_db()
    assert run.state == RunState.SUCCEEDED
    (message,) = mail.outbox
    assert "The code was ••••." in message.body
    assert PIN not in message.message().as_string()
