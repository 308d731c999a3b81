"""The way back to a version is closed when what it refers to, and never copied, was deleted meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django_scopes import scope

from actions.contract import Moment
from actions.models import Agent, Release
from actions.releases import RollBackError, publish, roll_back
from knowledge.kinds.knowledge import KnowledgeAction
from knowledge.models import Source
from outbound.profiles import AuthProfile
from outbound.secrets import Secrets
from schedules.models import Schedule
from tests.workflows.support import graph, node
from transfers.action import TransferAction
from transfers.models import SipConnection
from workflows.kinds.workflow import WorkflowAction
from workflows.models import Workflow


@pytest.fixture
def draft(agent: Agent) -> Iterator[Agent]:
    with scope(account=agent.account):
        yield agent


def transfer_of(agent: Agent, **fields: Any) -> TransferAction:
    action = TransferAction.objects.create(agent=agent, moment=Moment.DURING, name="desk", **fields)
    action.destinations.create(phone="+33199000010", description="Support")
    return action


def line(agent: Agent) -> tuple[TransferAction, Any]:
    row = SipConnection.objects.create(account=agent.account, name="Trunk", host="sip.example.com")
    return transfer_of(agent, sip_connection=row), row


def hours(agent: Agent) -> tuple[TransferAction, Any]:
    row = Schedule.objects.create(account=agent.account, name="Day", time_zone="Europe/Paris")
    return transfer_of(agent, restricted=True, schedule=row), row


def hours_of_a_destination(agent: Agent) -> tuple[TransferAction, Any]:
    row = Schedule.objects.create(account=agent.account, name="Day", time_zone="Europe/Paris")
    action = transfer_of(agent)
    action.destinations.update(schedule=row)
    return action, row


def another_agent(agent: Agent) -> tuple[TransferAction, Any]:
    row = Agent.objects.create(account=agent.account, name="Night", slug="night")
    action = transfer_of(agent)
    action.destinations.create(type="agent", agent=row, description="The night")
    return action, row


def directory(agent: Agent) -> tuple[TransferAction, Any]:
    action = transfer_of(agent)
    for number in range(11, 62):
        action.destinations.create(phone=f"+331990000{number}")
    return action, None


def source(agent: Agent) -> tuple[KnowledgeAction, Any]:
    row = Source.objects.create(account=agent.account, name="Tariffs")
    action = KnowledgeAction.objects.create(
        agent=agent, moment=Moment.DURING, name="desk", description="Look it up.", source=row
    )
    return action, row


def credentials(agent: Agent) -> tuple[WorkflowAction, Any]:
    row = AuthProfile(account=agent.account, name="crm", kind="bearer")
    row.new_secrets = Secrets({"token": "t"})
    row.save()
    ask = node("ask", "api_request", url="https://crm.example/", auth_profile="crm")
    workflow = Workflow.objects.create(account=agent.account, name="crm", graph=graph(ask, "start > ask"))
    action = WorkflowAction.objects.create(
        agent=agent, moment=Moment.DURING, name="desk", description="Ask the CRM.", workflow=workflow
    )
    return action, row


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (line, "The SIP connection to ring through was deleted."),
        (hours, "The schedule of the transfer was deleted."),
        (hours_of_a_destination, "The schedule of the destination “Support” was deleted."),
        (another_agent, "The agent of the destination “The night” was deleted."),
        (directory, "The transfer whose numbers were searched was deleted."),
        (source, "The data source “Tariffs” was deleted."),
        (credentials, "There are no credentials called “crm”."),
    ],
)
def test_a_version_that_lost_something_is_not_brought_back(
    draft: Agent, make: Callable[[Agent], tuple[Any, Any]], sentence: str
) -> None:
    action, row = make(draft)
    first = publish(draft)
    assert roll_back(draft, to=first).number == 2, "as long as it is all there"
    action.delete()
    publish(draft)
    if row is not None:
        row.delete()
    with pytest.raises(RollBackError) as refusal:
        roll_back(draft, to=first)
    assert [(each.action, each.message) for each in refusal.value.missing] == [("desk", sentence)]
    assert Release.objects.count() == 3


def test_everything_that_is_lost_is_told_at_once(draft: Agent) -> None:
    action, schedule = hours(draft)
    connection = SipConnection.objects.create(account=draft.account, name="Trunk", host="sip.example.com")
    action.sip_connection = connection
    action.save()
    draft.opening_hours = schedule
    draft.save()
    first = publish(draft)
    action.delete()
    draft.opening_hours = None
    draft.save()
    publish(draft)
    schedule.delete()
    connection.delete()
    with pytest.raises(RollBackError) as refusal:
        roll_back(draft, to=first)
    assert [each.action for each in refusal.value.missing] == ["", "desk", "desk"]


def test_what_was_renamed_is_no_loss(draft: Agent) -> None:
    _action, connection = line(draft)
    first = publish(draft)
    connection.name = "Another trunk"
    connection.save()
    assert roll_back(draft, to=first).rolled_back_to == first
