"""Calls that end, in a benchmark's own process: an agent with three conditioned actions, and reports of its calls."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any
from uuid import UUID

SUMMARY = "The caller wants to end the contract at the end of the year and asks for a written confirmation."
TRANSCRIPT = tuple(
    {"role": role, "text": text, "time_ms": 1000 * number}
    for number, (role, text) in enumerate(
        [("agent", "Good morning, what can I do for you?"), ("caller", "I want to end my contract.")] * 5
    )
)


def furnish(name: str, http_url: str, *, kinds: Iterable[str] = ("email", "webhook", "workflow")) -> Any:
    """A published agent of an account of its own; each action waits for the label ``Churn``. Enters no scope."""
    from django_scopes import scope

    from accounts.models import Account
    from actions.models import Agent, Classifier, Label
    from actions.releases import publish

    account = Account.objects.create(name=name, slug=name)
    with scope(account=account):
        agent = Agent.objects.create(account=account, name=name, slug=name, language="en")
        classifier = Classifier.objects.create(agent=agent, name="Reason", is_main=True)
        label = Label.objects.create(classifier=classifier, name="Churn")
        for position, kind in enumerate(kinds):
            action = _action(kind, agent, http_url)
            action.position = position
            action.save()
            action.labels.set([label])
        publish(agent)
        agent.refresh_from_db()
    return agent


def _action(kind: str, agent: Any, http_url: str) -> Any:
    from actions.contract import Moment
    from notifications.kinds.email import EmailAction
    from notifications.kinds.webhook import WebhookAction
    from workflows.kinds.workflow import WorkflowAction
    from workflows.models import Workflow

    common = {"agent": agent, "moment": Moment.AFTER}
    if kind == "email":
        subject = "Churn: {{ interaction.ANI }}"
        return EmailAction(**common, name="warn", subject=subject, to="ada@bench.example", body=_BODY)
    if kind == "webhook":
        body = {"call": "{{ system.callId }}", "summary": "{{ interaction.SUMMARY }}"}
        return WebhookAction(**common, name="tell", url=f"{http_url}/hook", body=body)
    graph = {
        "nodes": [
            {"id": "start", "kind": "start", "config": {}},
            {"id": "post", "kind": "api_request", "config": _request(http_url)},
            {"id": "done", "kind": "return", "config": {"parameters": {"ticket": "{{ ticket }}"}}},
        ],
        "edges": [{"source": "start", "target": "post"}, {"source": "post", "target": "done"}],
    }
    workflow = Workflow.objects.create(account=agent.account, name=f"Ticket of {agent.slug}", graph=graph)
    return WorkflowAction(**common, name="ticket", workflow=workflow)


_BODY = "{{ interaction.ANI }} wants to leave: {{ interaction.SUMMARY }}"


def _request(http_url: str) -> dict[str, Any]:
    return {
        "method": "POST",
        "url": f"{http_url}/tickets",
        "body": {"call_id": "{{ system.callId }}", "text": "{{ interaction.SUMMARY }}"},
        "mapping": [{"path": "ticket", "variable": "ticket"}],
    }


def begin(agent: Any, count: int) -> list[UUID]:
    """So many calls in progress."""
    from django.utils import timezone

    from calls.models import Call, CallState

    calls = Call.objects.bulk_create(
        Call(
            account_id=agent.account_id,
            agent=agent,
            release_id=agent.current_release_id,
            direction="inbound",
            state=CallState.IN_PROGRESS,
            from_number=f"+3361234{number % 10_000:04d}",
            to_number="+33199000001",
            answer_due_at=timezone.now(),
            answer={},
        )
        for number in range(count)
    )
    return [call.pk for call in calls]


def finish(agent: Any, call_id: UUID) -> None:
    """As the runtime's report does it: report, runs and wake-up, one transaction."""
    from django_scopes import scope

    from actions.releases import load_plan
    from calls.after import complete_call
    from calls.models import Call
    from calls.requests import FinishCall

    report = FinishCall(summary=SUMMARY, transcript=TRANSCRIPT, classifications={"Reason": "Churn"}, duration_s=41.0)
    with scope(account=agent.account_id):
        call = Call.objects.get(pk=call_id)
        complete_call(call, load_plan(call.release_id), report)


def states(agents: Iterable[Any]) -> dict[str, int]:
    """How many after-runs are in which state."""
    from django.db.models import Count
    from django_scopes import scopes_disabled

    from calls.models import Run

    with scopes_disabled():
        runs = Run.objects.filter(account__in=[agent.account_id for agent in agents], moment="after").order_by()
        return {str(row["state"]): row["n"] for row in runs.values("state").annotate(n=Count("pk"))}


def await_settled(agents: list[Any], *, within_s: float, every_s: float = 0.05) -> float:
    """Seconds until nothing is queued or running. Raises TimeoutError."""
    began_s = time.perf_counter()
    while (left := states(agents)) and ("queued" in left or "running" in left):
        if time.perf_counter() - began_s > within_s:
            raise TimeoutError(f"not settled within {within_s} s: {left}")
        time.sleep(every_s)
    return time.perf_counter() - began_s
