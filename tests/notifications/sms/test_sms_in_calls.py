"""A whole call: the agent texts an address while it speaks, and thanks on Monday for a call of Saturday night."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

import pytest
import time_machine
from asgiref.sync import async_to_sync
from django_scopes import scope

from accounts import queue
from actions.models import Agent
from actions.releases import publish
from calls import after, lifecycle
from calls.after.picking import Turns
from calls.execution import execute
from calls.models import Run, RunState
from calls.requests import InvokeAction
from notifications.kinds.sms import SmsAction
from notifications.models import Delivery, DeliveryState, SmsConnection
from outbound.http import session_scope
from schedules.models import Schedule
from schedules.weeks import replace_week
from tests.api.conftest import Api
from tests.notifications.sms.conftest import MOBILE
from tests.notifications.sms.server import SmsServer

SATURDAY_NIGHT = dt.datetime(2026, 11, 21, 22, 30, tzinfo=dt.UTC)
MONDAY_MORNING = dt.datetime(2026, 11, 23, 8, 0, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def _nobody_works_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue.current_app, "send_task", lambda *args, **options: None)


@pytest.fixture
def texting_agent(agent: Agent, twilio: SmsConnection) -> Agent:
    hours = Schedule.objects.create(account=agent.account, name="Bureau", time_zone="Europe/Paris")
    replace_week(hours, [{"days": [0, 1, 2, 3, 4], "from": "09:00", "to": "18:00"}])
    SmsAction.objects.create(
        agent=agent,
        moment="during",
        name="send_address",
        connection=twilio,
        text="Nous sommes au {{ address }}.",
        variables=[{"name": "address", "description": ""}],
    )
    thanks = {"agent": agent, "moment": "after", "connection": twilio}
    SmsAction.objects.create(**thanks, name="thanks", text="Merci !", schedule=hours, position=1)
    SmsAction.objects.create(
        **thanks, name="team", text="Appel de {{ interaction.ANI }}", to="+33639980002", position=2
    )
    publish(agent)
    return agent


def invoke(call_id: UUID, asked: dict[str, Any]) -> dict[str, Any]:
    """A tool call, as a server answers it that closes its connections in the end."""

    async def go() -> dict[str, Any]:
        async with session_scope():
            return await lifecycle.invoke(call_id, InvokeAction(name="send_address", **asked))

    return async_to_sync(go)()


def work() -> list[str]:
    """Does whatever is due, as a worker does."""
    done = []
    while (run := after.claim_next(Turns())) is not None:
        while run is not None:
            done.append(run.action_name)
            run = async_to_sync(execute)(run, follow=True)
    return done


def test_the_agent_texts_and_what_is_too_late_waits(texting_agent: Agent, provider: SmsServer, api_key: str) -> None:
    api = Api(api_key)
    with time_machine.travel(SATURDAY_NIGHT, tick=True) as clock:
        call = api.post("calls", {"agent": "accueil", "direction": "inbound", "from": MOBILE, "to": "+33199000001"})
        assert call.status_code in {200, 201}, call.content
        tool = next(each for each in call.json()["tools"] if each["name"] == "send_address")
        assert list(tool["parameters"]["properties"]) == ["address"]
        path = f"calls/{call.json()['id']}"

        asked = {"arguments": {"address": "1 rue du Lac"}, "tool_call_id": "t1"}
        with scope(account=texting_agent.account):
            sent = invoke(UUID(call.json()["id"]), asked)
        assert sent["result"]["status"] == "sent"
        assert api.post(f"{path}/actions/send_address", asked).json()["run"]["id"] == sent["run"]["id"]
        again = api.post(f"{path}/actions/send_address", {**asked, "tool_call_id": "t2"}).json()
        assert again["result"]["status"] == "already_sent"
        smuggled = {"arguments": {"address": "x", "phone_number": "+33639980099"}, "tool_call_id": "t3"}
        assert api.post(f"{path}/actions/send_address", smuggled).status_code == 422
        assert [each.form()["Body"] for each in provider.received] == ["Nous sommes au 1 rue du Lac."]

        assert api.post(f"{path}/complete", {}).status_code == 202
        with scope(account=texting_agent.account):
            assert work() == ["thanks", "team"]
            waiting = Run.objects.get(action_name="thanks")
            assert (waiting.state, waiting.attempt, waiting.due_at) == (RunState.QUEUED, 0, MONDAY_MORNING)
            assert [each.form()["To"] for each in provider.received] == [MOBILE, "+33639980002"]
            assert work() == []

            clock.move_to(MONDAY_MORNING + dt.timedelta(seconds=1))
            assert work() == ["thanks"]
            assert Run.objects.get(action_name="thanks").state == RunState.SUCCEEDED
            states: list[Any] = list(Delivery.objects.values_list("state", flat=True))
            assert states == [DeliveryState.SENT] * 3
    assert provider.received[-1].form()["Body"] == "Merci !"
