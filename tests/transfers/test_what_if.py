"""The what-if clock: who would ring at another time, and what the agent would be told."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from django_scopes import scope

from actions.models import Agent
from actions.releases import publish
from schedules.models import Schedule
from schedules.weeks import replace_week
from transfers.action import TransferAction
from transfers.models import TransferDestination
from transfers.what_if import Answers, Question, what_if

MONDAY_MORNING, SATURDAY = "2026-11-23T10:00", "2026-11-28T14:05"
OFFICE = [{"days": [0, 1, 2, 3, 4], "from": "09:00", "to": "17:00"}]
WEEKEND = [{"days": [5, 6], "from": "08:00", "to": "20:00"}]


@pytest.fixture
def schedule(agent: Agent) -> Schedule:
    with scope(account=agent.account):
        schedule = Schedule.objects.create(account=agent.account, name="Support")
        replace_week(schedule, OFFICE)
    return schedule


@pytest.fixture
def transfer(agent: Agent, schedule: Schedule) -> TransferAction:
    """In order: the office by the schedule, the stand-by at weekends, the number that was dialled, one switched off."""
    agent.language = "en"
    agent.save()
    with scope(account=agent.account):
        action = TransferAction.objects.create(
            agent=agent, moment="during", kind="transfer", name="transfer", description="x", strategy="in_order"
        )
        for position, columns in enumerate(
            (
                {"phone": "+33612345671", "description": "Office", "schedule": schedule},
                {"phone": "+33612345672", "description": "Stand-by", "time_slots": WEEKEND, "ring_time_s": 30},
                {"phone": "+33199000001", "description": "Reception"},
                {"phone": "+33612345673", "description": "Switchboard"},
                {"phone": "+33612345674", "description": "Former", "enabled": False},
            )
        ):
            TransferDestination.objects.create(action=action, position=position, **columns)
        return TransferAction.objects.select_related("agent__current_release").get()


def asked(transfer: TransferAction, moment: str, **more: str) -> Answers:
    at = datetime.fromisoformat(moment).replace(tzinfo=ZoneInfo("Europe/Paris"))
    with scope(account=transfer.agent.account):
        action = TransferAction.objects.select_related("agent__current_release").get(pk=transfer.pk)
        return what_if(action, Question(at, **more))


def ringing(answers: Answers) -> list[tuple[str, int | None, int | None]]:
    return [(line.name, line.order, line.ring_time_s) for line in answers.draft.lines if line.order]


def silent(answers: Answers) -> dict[str, str]:
    return {line.name: line.hours or line.why for line in answers.draft.lines if not line.order}


def test_on_monday_the_office_rings_first(transfer: TransferAction) -> None:
    answers = asked(transfer, MONDAY_MORNING, dialled="+33199000001")

    assert ringing(answers) == [("Office", 1, 20), ("Switchboard", 2, 20)]
    assert silent(answers) == {
        "Stand-by": "closed, opens Saturday 8:00",
        "Reception": "loop",
        "Former": "disabled",
    }
    assert "Office is being rung" in answers.draft.told


def test_on_saturday_the_stand_by_rings_first(transfer: TransferAction) -> None:
    answers = asked(transfer, SATURDAY, dialled="+33199000001")

    assert ringing(answers) == [("Stand-by", 1, 30), ("Switchboard", 2, 20)]
    assert silent(answers)["Office"] == "closed, opens Monday 9:00"


def test_another_number_dialled_closes_the_loop_elsewhere(transfer: TransferAction) -> None:
    answers = asked(transfer, MONDAY_MORNING, dialled="+33612345671")

    assert silent(answers)["Office"] == "loop"
    assert ("Reception", 1, 20) in ringing(answers)


def test_a_transfer_that_is_closed_as_a_whole_says_when_it_opens(transfer: TransferAction, schedule: Schedule) -> None:
    with scope(account=transfer.agent.account):
        TransferAction.objects.filter(pk=transfer.pk).update(restricted=True, schedule=schedule)

    answers = asked(transfer, SATURDAY)

    assert ringing(answers) == []
    assert answers.draft.hours == "closed, opens Monday 9:00"
    assert "closed, opens Monday 9:00" in answers.draft.told


def test_where_the_agent_chooses_every_destination_says_what_it_would_be_told(transfer: TransferAction) -> None:
    with scope(account=transfer.agent.account):
        TransferAction.objects.filter(pk=transfer.pk).update(strategy="choice")

    draft = asked(transfer, SATURDAY).draft
    told = {line.name: line.told for line in draft.lines}

    assert (draft.is_chosen, draft.told) == (True, "")
    assert "closed, opens Monday 9:00" in told["Office"]
    assert "Stand-by" in told["Stand-by"]
    assert told["Former"] == ""


def test_the_draft_and_the_published_version_are_told_apart(transfer: TransferAction) -> None:
    assert asked(transfer, SATURDAY).published is None
    with scope(account=transfer.agent.account):
        publish(transfer.agent)
    same = asked(transfer, SATURDAY)
    with scope(account=transfer.agent.account):
        TransferDestination.objects.filter(description="Stand-by").update(enabled=False)
    changed = asked(transfer, SATURDAY)

    assert (same.is_same, same.number) == (True, 1)
    assert not changed.is_same
    assert changed.published is not None
    assert next(line.name for line in changed.published.lines if line.order) == "Stand-by"
    assert "Stand-by" not in [name for name, _order, _seconds in ringing(changed)]


def test_a_draft_that_cannot_be_published_says_why(transfer: TransferAction) -> None:
    with scope(account=transfer.agent.account):
        TransferAction.objects.filter(pk=transfer.pk).update(restricted=True)

    draft = asked(transfer, SATURDAY).draft

    assert draft.lines == ()
    assert draft.errors == ("Choose a schedule or add a time slot, or do not restrict the transfer.",)


def test_calling_out_the_agents_own_number_leads_back_too(transfer: TransferAction) -> None:
    agent = transfer.agent
    agent.direction = "outbound"
    agent.save()

    assert silent(asked(transfer, MONDAY_MORNING, caller="+33612345673"))["Switchboard"] == "loop"
