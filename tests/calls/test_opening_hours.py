"""The name ``open``: in the answer to a new call, in the scope of runs, and looked up only where it is read."""

from __future__ import annotations

from typing import Any

import pytest
import time_machine
from django.test import Client
from django_scopes import scope

from accounts.models import Account
from actions.contract import AgentFacts, Moment
from actions.expressions.scope import unknown_names
from actions.models import Action, Agent
from actions.registry import kinds
from actions.releases import load_plan, publish
from calls.facts import opening_of
from schedules.models import Schedule
from schedules.weeks import replace_week

SATURDAY = "2026-11-28T13:05:00Z"
OFFICE = [{"days": [0, 1, 2, 3, 4], "from": "09:00", "to": "17:00"}]


@pytest.fixture
def schedule(account: Account) -> Schedule:
    with scope(account=account):
        schedule = Schedule.objects.create(account=account, name="Office")
        replace_week(schedule, OFFICE)
    return schedule


def begin(api_key: str) -> dict[str, Any]:
    body = {"agent": "accueil", "from": "+33612345678", "to": "+33199000001"}
    headers = {"Authorization": f"Bearer {api_key}"}
    answer = Client().post("/api/v1/calls", body, content_type="application/json", headers=headers)
    assert answer.status_code == 201, answer.content
    begun: dict[str, Any] = answer.json()
    return begun


@pytest.mark.django_db(transaction=True)
def test_a_new_call_is_told_when_the_agent_opens(agent: Agent, schedule: Schedule, api_key: str) -> None:
    agent.opening_hours = schedule
    agent.save()
    with scope(account=agent.account):
        publish(agent)

    with time_machine.travel(SATURDAY, tick=True):
        answer = begin(api_key)

    assert answer["open"] == {
        "now": False,
        "next": "2026-11-30T09:00:00+01:00",
        "until": None,
        "sentence": "fermé, ouvre lundi à 9\u00a0h",
    }


@pytest.mark.django_db(transaction=True)
def test_a_new_call_of_an_agent_without_opening_hours_is_told_nothing(published_agent: Agent, api_key: str) -> None:
    assert begin(api_key)["open"] is None


def test_a_schedule_that_is_gone_leaves_the_agent_open(account: Account) -> None:
    facts = AgentFacts(1, "accueil", "Accueil", "en", "Europe/Paris", opening_hours_id=404)

    with scope(account=account):
        assert opening_of(facts, account.pk) == {"now": True, "next": None, "until": None, "sentence": "open"}


def test_a_published_version_keeps_which_schedule_it_is(agent: Agent, schedule: Schedule) -> None:
    agent.opening_hours = schedule
    agent.save()

    with scope(account=agent.account):
        plan = load_plan(publish(agent).pk)

    assert plan.agent.opening_hours_id == schedule.pk


@pytest.mark.parametrize(("subject", "reads"), [("{{ open.sentence }}", True), ("Opening hours", False)])
def test_hours_are_looked_up_only_where_an_action_reads_them(agent: Agent, subject: str, reads: bool) -> None:
    with scope(account=agent.account):
        email: type[Action] = kinds.get("email").model
        email.objects.create(
            agent=agent, moment="after", name="mail", subject=subject, to="a@lac.example", description="x"
        )
        plan = load_plan(publish(agent).pk)

    assert [action.reads_open for action in plan.of(Moment.AFTER)] == [reads]


def test_what_open_does_not_have_is_a_mistake_with_a_suggestion() -> None:
    assert [str(unknown) for unknown in unknown_names(["open.nxt", "open.now", "open"], Moment.BEFORE)] == [
        "“open.nxt” does not exist. Did you mean “open.next”?"
    ]
