"""What a transfer reads at the moment it is made: schedules, other agents, SIP connections, directories."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, time
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django_scopes import scope

from accounts.models import Account
from actions.contract import ActionError, CallContext, CallEvent, Outcome
from actions.directives import Transfer
from actions.models import Agent, AgentNumber, Release
from actions.registry import kinds
from actions.releases import publish
from schedules.models import Schedule, WeeklyWindow
from transfers.choices import Choice
from transfers.hunting import Situation, decide
from transfers.models import SipConnection
from transfers.params import TransferParams

KIND = kinds.get("transfer")
MakeContext = Callable[..., CallContext]

MONDAY_10 = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
SUNDAY_10 = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
MONDAYS = ({"days": [0], "from": "09:00", "to": "17:00"},)
SUPPORT = Choice(name="Support", value="+33199000010", description="Support")
SALES = Choice(name="Sales", value="+33199000012", description="Sales")
NIGHT = Choice(name="Night", value="+33199000011", description="Night", time_slots=MONDAYS)
PARIS = Situation(time_zone="Europe/Paris")


@pytest.fixture(autouse=True)
def _inside(account: Account) -> Iterator[None]:
    with scope(account=account):
        yield


def run(params: TransferParams, context: CallContext, **arguments: Any) -> Outcome:
    return async_to_sync(KIND.run)(params, context, arguments)


def only(outcome: Outcome) -> Transfer:
    (directive,) = outcome.directives
    assert isinstance(directive, Transfer)
    return directive


def told(params: TransferParams, context: CallContext, event: str, **data: Any) -> Outcome:
    outcome = KIND.observe(params, context, CallEvent(event, data))
    assert outcome is not None
    context.progress = outcome.progress
    return outcome


def context_in(make: MakeContext, account: Account, **facts: Any) -> CallContext:
    context = make(**facts)
    context.account_id = account.pk
    return context


# --- hours ----------------------------------------------------------------------------------------


def test_a_restricted_transfer_is_closed_outside_its_hours() -> None:
    params = TransferParams(destinations=(SUPPORT,), restricted=True, time_slots=MONDAYS)
    assert decide(params, [SUPPORT], PARIS, MONDAY_10).rings == (SUPPORT,)
    closed = decide(params, [SUPPORT], PARIS, SUNDAY_10)
    assert (closed.rings, closed.skipped) == ((), ())
    assert closed.closed is not None
    assert closed.closed.next is not None
    assert closed.closed.next.isoformat() == "2026-03-02T09:00:00+01:00"


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        (datetime(2026, 3, 2, 8, 59, tzinfo=UTC), False),
        (datetime(2026, 3, 2, 22, 59, 59, tzinfo=UTC), True),
        (datetime(2026, 3, 2, 23, 0, tzinfo=UTC), False),
    ],
)
def test_a_slot_to_24_00_is_open_to_the_last_second_of_the_day(moment: datetime, is_open: bool) -> None:
    evening = ({"days": [0], "from": "10:00", "to": "24:00"},)
    params = TransferParams(destinations=(SUPPORT,), restricted=True, time_slots=evening)
    assert (decide(params, [SUPPORT], PARIS, moment).rings == (SUPPORT,)) is is_open


def test_a_destination_whose_schedule_is_gone_is_never_rung() -> None:
    lost = replace(SUPPORT, schedule_id=404)
    params = TransferParams(strategy="in_order", destinations=(lost, SALES))
    assert decide(params, params.destinations, PARIS, MONDAY_10).rings == (SALES,)


def test_a_destination_that_is_closed_is_left_out_of_a_hunt() -> None:
    params = TransferParams(destinations=(NIGHT, SUPPORT), strategy="in_order")
    decision = decide(params, [NIGHT, SUPPORT], PARIS, SUNDAY_10)
    assert decision.rings == (SUPPORT,)
    assert [(each.choice.name, each.why) for each in decision.skipped] == [("Night", "closed")]


def test_a_schedule_or_a_slot_is_enough_to_be_open() -> None:
    params = TransferParams(destinations=(SUPPORT,), restricted=True, schedule_id=1, time_slots=MONDAYS)
    assert decide(params, [SUPPORT], PARIS, MONDAY_10).closed is None


def test_a_schedule_that_is_gone_is_never_open() -> None:
    params = TransferParams(destinations=(SUPPORT,), restricted=True, schedule_id=1)
    assert decide(params, [SUPPORT], PARIS, MONDAY_10).closed is not None


def test_the_agent_can_say_when_a_closed_transfer_opens(context_with: MakeContext, account: Account) -> None:
    schedule = Schedule.objects.create(account=account, name="Never", time_zone="Europe/Paris")
    params = TransferParams(destinations=(SUPPORT,), restricted=True, schedule_id=schedule.pk)
    outcome = run(params, context_in(context_with, account))
    assert outcome.directives == ()
    assert outcome.result["status"] == "closed"
    assert outcome.result["open"]["now"] is False
    assert outcome.result["message"] == (
        "Nobody can be reached now: closed until further notice. The call is not transferred; say so, and offer "
        "another way."
    )


def test_a_change_of_the_schedule_counts_at_once(context_with: MakeContext, account: Account) -> None:
    schedule = Schedule.objects.create(account=account, name="Desk", time_zone="Europe/Paris")
    params = TransferParams(destinations=(SUPPORT,), restricted=True, schedule_id=schedule.pk)
    assert run(params, context_in(context_with, account)).result["status"] == "closed"
    WeeklyWindow.objects.create(schedule=schedule, days=[*range(7)], opens="00:00", closes="00:00")
    assert run(params, context_in(context_with, account)).result["status"] == "requested"


def test_a_chosen_destination_that_is_closed_says_so(context_with: MakeContext, account: Account) -> None:
    schedule = Schedule.objects.create(account=account, name="Never", time_zone="Europe/Paris")
    shut = replace(SUPPORT, schedule_id=schedule.pk)
    outcome = run(TransferParams(destinations=(shut,)), context_in(context_with, account))
    assert (outcome.directives, outcome.result["status"]) == ((), "closed")
    assert "Support: closed until further notice." in outcome.result["message"]


def test_texts_of_a_restricted_transfer_speak_of_its_own_hours(context_with: MakeContext, account: Account) -> None:
    schedule = Schedule.objects.create(account=account, name="Desk", time_zone="Europe/Paris")
    WeeklyWindow.objects.create(schedule=schedule, days=[*range(7)], opens="00:00", closes="00:00")
    params = TransferParams(
        destinations=(SUPPORT,), restricted=True, schedule_id=schedule.pk, sip_headers={"X-Open": "{{ open.now }}"}
    )
    assert only(run(params, context_in(context_with, account))).sip_headers == {"X-Open": "true"}


def test_a_leg_is_judged_when_it_is_ordered(context_with: MakeContext, account: Account) -> None:
    schedule = Schedule.objects.create(account=account, name="Desk", time_zone="Europe/Paris")
    WeeklyWindow.objects.create(schedule=schedule, days=[*range(7)], opens="00:00", closes="00:00")
    desk = replace(SUPPORT, name="Desk", value="+33199000012", schedule_id=schedule.pk)
    last = replace(SUPPORT, name="Last", value="+33199000013")
    params = TransferParams(destinations=(SUPPORT, desk, last), strategy="in_order")
    context = context_in(context_with, account)
    context.progress = run(params, context).progress
    for window in schedule.windows.all():
        window.delete()
    following = told(params, context, "transfer.busy", attempt=1)
    assert [each.value for each in only(following).destinations] == [last.value]
    ended = told(params, context, "transfer.no_answer", attempt=2)
    assert ended.result["not_rung"] == [{"destination": "Desk", "reason": "closed"}]
    assert "Closed now: Desk." in ended.result["message"]


def test_a_transfer_that_closes_in_the_middle_of_a_hunt_rings_nobody_else(
    context_with: MakeContext, account: Account
) -> None:
    schedule = Schedule.objects.create(account=account, name="Desk", time_zone="Europe/Paris")
    window = WeeklyWindow.objects.create(schedule=schedule, days=[*range(7)], opens="00:00", closes="00:00")
    second = replace(SUPPORT, name="Second", value="+33199000013")
    params = TransferParams(
        destinations=(SUPPORT, second), strategy="in_order", restricted=True, schedule_id=schedule.pk
    )
    context = context_in(context_with, account)
    context.progress = run(params, context).progress
    window.delete()
    ended = told(params, context, "transfer.busy", attempt=1)
    assert (ended.result["status"], ended.directives) == ("busy", ())
    assert "Closed now: Second." in ended.result["message"]


# --- other agents ---------------------------------------------------------------------------------


@pytest.fixture
def night(account: Account) -> Agent:
    agent = Agent.objects.create(account=account, name="Nuit", slug="nuit")
    AgentNumber.objects.create(agent=agent, number="+33199000099")
    publish(agent)
    agent.refresh_from_db()
    return agent


def to_agent(agent: Agent) -> TransferParams:
    return TransferParams(destinations=(Choice(name="Night", type="agent", value="old", agent_id=agent.pk),))


def test_an_agent_is_rung_under_the_short_name_it_has_now(
    context_with: MakeContext, account: Account, night: Agent
) -> None:
    context = context_in(context_with, account)
    context.agent = context.agent.__class__(night.pk + 1, "accueil", "Accueil", "en", "Europe/Paris")
    (destination,) = only(run(to_agent(night), context)).destinations
    assert (destination.type, destination.value) == ("agent", "nuit")


def test_an_agent_that_was_deleted_is_passed_over_in_a_hunt(
    context_with: MakeContext, account: Account, night: Agent
) -> None:
    params = to_agent(night).model_copy(
        update={"strategy": "in_order", "destinations": (*to_agent(night).destinations, SUPPORT)}
    )
    Agent.objects.filter(pk=night.pk).update(current_release=None)
    Release.objects.filter(agent=night).delete()
    night.delete()
    outcome = run(params, context_in(context_with, account))
    assert [each.value for each in only(outcome).destinations] == [SUPPORT.value]


def test_a_schedule_that_is_renamed_stays_the_same_one(context_with: MakeContext, account: Account) -> None:
    schedule = Schedule.objects.create(account=account, name="Day", time_zone="Europe/Paris")
    WeeklyWindow.objects.create(schedule=schedule, days=list(range(7)), opens=time(0), closes=time(0))
    params = TransferParams(destinations=(SUPPORT,), restricted=True, schedule_id=schedule.pk)
    schedule.name = "Every day"
    schedule.save()
    assert only(run(params, context_in(context_with, account))).destinations[0].value == SUPPORT.value


def test_an_agent_that_answers_the_dialled_number_is_a_loop(
    context_with: MakeContext, account: Account, night: Agent
) -> None:
    context = context_in(context_with, account, dialled="+33199000099")
    context.agent = context.agent.__class__(night.pk + 1, "accueil", "Accueil", "en", "Europe/Paris")
    with pytest.raises(ActionError) as caught:
        run(to_agent(night), context)
    assert caught.value.code == "transfer_loop"


def test_an_agent_that_is_not_published_cannot_be_reached(context_with: MakeContext, account: Account) -> None:
    draft = Agent.objects.create(account=account, name="Draft", slug="draft")
    with pytest.raises(ActionError) as caught:
        run(to_agent(draft), context_in(context_with, account))
    assert caught.value.code == "destination_gone"


def test_another_accounts_agent_cannot_be_reached(
    context_with: MakeContext, account: Account, other_account: Account
) -> None:
    with scope(account=other_account):
        foreign = Agent.objects.create(account=other_account, name="Foreign", slug="foreign")
        publish(foreign)
    with pytest.raises(ActionError) as caught:
        run(to_agent(foreign), context_in(context_with, account))
    assert caught.value.code == "destination_gone"


# --- SIP connections ------------------------------------------------------------------------------


@pytest.fixture
def line(account: Account) -> SipConnection:
    row = SipConnection(
        account=account,
        name="Trunk",
        host="pbx.example",
        port=5061,
        transport="tls",
        user="tq",
        caller_id="+33199000077",
        headers=[{"name": "X-Line", "value": "{{ tier }}"}, {"name": "X-Both", "value": "line"}],
    )
    row.new_password = "s3cret"
    row.save()
    return row


def test_a_line_brings_its_headers_and_caller_id_but_no_password(
    context_with: MakeContext, account: Account, line: SipConnection
) -> None:
    params = TransferParams(
        destinations=(SUPPORT,), sip_connection_id=line.pk, caller_id="connection", sip_headers={"x-both": "own"}
    )
    outcome = run(params, context_in(context_with, account, params={"tier": "gold"}))
    directive = only(outcome)
    assert directive.sip_headers == {"X-Line": "gold", "x-both": "own"}
    assert directive.caller_id == "+33199000077"
    assert directive.sip_connection is not None
    assert directive.sip_connection.model_dump() == {
        "name": "Trunk",
        "host": "pbx.example",
        "port": 5061,
        "transport": "tls",
        "user": "tq",
    }
    assert "s3cret" not in str(outcome)


def test_without_a_destination_the_line_itself_is_rung(
    context_with: MakeContext, account: Account, line: SipConnection
) -> None:
    directive = only(run(TransferParams(sip_connection_id=line.pk), context_in(context_with, account)))
    assert directive.destinations[0].model_dump() == {
        "type": "sip_uri",
        "value": "sip:pbx.example:5061;transport=tls",
        "description": "",
    }


def test_a_line_that_is_gone_is_a_failure_that_nobody_hears_in_technical_words(
    context_with: MakeContext, account: Account
) -> None:
    with pytest.raises(ActionError) as caught:
        run(TransferParams(sip_connection_id=1), context_in(context_with, account))
    assert caught.value.code == "no_connection"
    assert not caught.value.spoken


# --- directories ----------------------------------------------------------------------------------


@pytest.fixture
def directory(account: Account, transfer: Any) -> TransferParams:
    for number in range(60):
        transfer.destinations.create(phone=f"+3319900{number + 100:04}", description=f"Bureau {number}")
    return KIND.freeze(transfer)  # type: ignore[no-any-return]


def test_a_query_gives_matches_and_rings_nobody(
    context_with: MakeContext, account: Account, directory: TransferParams
) -> None:
    outcome = run(directory, context_in(context_with, account), query="Bureau 42")
    assert (outcome.directives, outcome.result["status"]) == ((), "matches")
    assert {"destination": "Bureau 42", "description": "Bureau 42"} in outcome.result["matches"]


def test_a_match_is_rung_by_its_name(context_with: MakeContext, account: Account, directory: TransferParams) -> None:
    directive = only(run(directory, context_in(context_with, account), destination="Bureau 42"))
    assert directive.destinations[0].value == "+33199000142"


def test_a_name_that_no_search_gave_rings_nobody(
    context_with: MakeContext, account: Account, directory: TransferParams
) -> None:
    with pytest.raises(ActionError) as caught:
        run(directory, context_in(context_with, account), destination="Nowhere")
    assert caught.value.code == "unknown_destination"


def test_a_directory_wants_a_query_or_a_destination(
    context_with: MakeContext, account: Account, directory: TransferParams
) -> None:
    with pytest.raises(ActionError) as caught:
        run(directory, context_in(context_with, account))
    assert caught.value.code == "nothing_asked"
