"""The transfer: what is published, what the model is offered, what the runtime must do, what became of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django_scopes import scope
from django_scopes.exceptions import ScopeError
from jsonschema import Draft202012Validator

from accounts.models import Account
from actions.contract import ActionError, CallContext, FreezeError, Outcome
from actions.directives import Transfer
from actions.models import Agent
from actions.registry import kinds
from actions.releases import load_plan, publish
from transfers.action import TransferAction
from transfers.choices import Choice
from transfers.models import SipConnection, TransferDestination
from transfers.params import TransferParams

KIND = kinds.get("transfer")
MakeContext = Callable[..., CallContext]

SUPPORT = Choice(name="Support", value="+33199000010", description="Support")
SALES = Choice(name="Sales", value="+33199000011", description="Sales")


def params(*choices: Choice, **fields: Any) -> TransferParams:
    return TransferParams(destinations=choices or (SUPPORT,), **fields)


def errors_of(action: TransferAction) -> dict[str, list[Any]]:
    with pytest.raises(FreezeError) as caught:
        KIND.freeze(action)
    return caught.value.errors


async def run(context: CallContext, arguments: dict[str, Any] | None = None, **fields: Any) -> Outcome:
    return await KIND.run(params(**fields), context, arguments or {})


# --- configuring and publishing -------------------------------------------------------------------


def test_publishing_keeps_numbers_names_and_ring_time(transfer: TransferAction) -> None:
    transfer.ring_time_s = 25
    transfer.sip_headers = [{"name": "X-Customer", "value": "{{ params.id }}"}]
    transfer.save()
    transfer.destinations.create(phone="+33 1 99 00 00 11", description="Ventes", position=1)
    plan = load_plan(publish(transfer.agent).pk)
    action = next(action for action in plan.actions if action.name == "transfer")
    assert action.params == TransferParams(
        ring_time_s=25,
        sip_headers={"X-Customer": "{{ params.id }}"},
        destinations=(
            Choice(name="Service client", value="+33199000010", description="Service client"),
            Choice(name="Ventes", value="+33199000011", description="Ventes"),
        ),
    )
    assert action.tool is not None
    assert action.tool.description.startswith("Transf")


def test_the_default_ring_time_is_20_seconds(transfer: TransferAction) -> None:
    assert KIND.freeze(transfer).ring_time_s == 20


def test_publishing_tells_every_error_at_once(transfer: TransferAction) -> None:
    TransferDestination.objects.update(phone="+33112")
    transfer.ring_time_s = 46
    transfer.sip_headers = [{"name": "Via", "value": "x"}, {"name": "X-A", "value": "{{ interaction.DNSI }}"}]
    assert set(errors_of(transfer)) == {"ring_time_s", "sip_headers", "destinations"}


def test_a_transfer_without_a_number_cannot_be_published(transfer: TransferAction) -> None:
    transfer.destinations.all().delete()
    assert "destinations" in errors_of(transfer)


def test_up_to_fifty_numbers_are_frozen_and_more_are_a_directory(transfer: TransferAction) -> None:
    for number in range(11, 60):
        transfer.destinations.create(phone=f"+331990000{number}")
    few = KIND.freeze(transfer)
    assert (len(few.destinations), few.directory_action_id) == (50, None)
    transfer.destinations.create(phone="+33199000060")
    many = KIND.freeze(transfer)
    assert (many.destinations, many.directory_action_id) == ((), transfer.pk)


@pytest.mark.parametrize("strategy", ["in_order", "together"])
def test_a_directory_cannot_be_rung_as_a_whole(transfer: TransferAction, strategy: str) -> None:
    for number in range(11, 61):
        transfer.destinations.create(phone=f"+331990000{number}")
    transfer.strategy = strategy
    assert set(errors_of(transfer)) == {"strategy"}


def test_a_destination_that_is_switched_off_is_not_published(transfer: TransferAction) -> None:
    transfer.destinations.create(phone="+33199000011", description="Ventes", enabled=False)
    assert [choice.name for choice in KIND.freeze(transfer).destinations] == ["Service client"]


def test_sip_addresses_and_other_agents_are_destinations(transfer: TransferAction) -> None:
    second = Agent.objects.create(account=transfer.agent.account, name="Nuit", slug="nuit")
    transfer.destinations.create(type="sip_uri", sip_uri="sip:garde@pbx.example", position=1)
    transfer.destinations.create(type="agent", agent=second, description="La nuit", position=2)
    _first, by_sip, by_agent = KIND.freeze(transfer).destinations
    assert (by_sip.type, by_sip.value, by_sip.name) == ("sip_uri", "sip:garde@pbx.example", "sip:garde@pbx.example")
    assert (by_agent.type, by_agent.value, by_agent.agent_id) == ("agent", "nuit", second.pk)


def test_an_agent_does_not_transfer_to_itself(transfer: TransferAction) -> None:
    transfer.destinations.create(type="agent", agent=transfer.agent)
    assert "this agent already" in errors_of(transfer)["destinations"][0]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"mode": "warm_spoken", "summary": "{{ oops"}, "summary"),
        ({"mode": "warm_spoken", "summary": "{{ interaction.SUMMARY }}"}, "summary"),
        ({"mode": "warm_header", "summary_header": ""}, "summary_header"),
        ({"mode": "warm_header", "summary_header": "Via"}, "summary_header"),
        ({"mode": "warm_header", "summary_header": "X A"}, "summary_header"),
        (
            {"mode": "warm_header", "summary_header": "X-A", "sip_headers": [{"name": "x-a", "value": "1"}]},
            "summary_header",
        ),
        ({"caller_id": "connection"}, "caller_id"),
        ({"caller_id": "fixed"}, "caller_id_number"),
        ({"caller_id": "fixed", "caller_id_number": "0123"}, "caller_id_number"),
        ({"restricted": True}, "time_slots"),
        ({"strategy": "in_order", "ring_time_s": 45, "total_ring_time_s": 30}, "total_ring_time_s"),
        ({"message_mode": "exact"}, "message_texts"),
    ],
)
def test_publishing_refuses_what_could_not_work(transfer: TransferAction, changes: dict[str, Any], field: str) -> None:
    for name, value in changes.items():
        setattr(transfer, name, value)
    assert set(errors_of(transfer)) == {field}


def test_the_caller_id_of_a_connection_must_be_there(transfer: TransferAction) -> None:
    line = SipConnection.objects.create(account=transfer.agent.account, name="Trunk", host="sip.example.com")
    transfer.sip_connection, transfer.caller_id = line, "connection"
    assert set(errors_of(transfer)) == {"caller_id"}
    line.caller_id = "+33199000077"
    assert KIND.freeze(transfer).caller_id == "connection"


@pytest.mark.parametrize("strategy", ["choice", "in_order", "together"])
def test_whatever_the_strategy_somebody_must_be_rung(transfer: TransferAction, strategy: str) -> None:
    transfer.strategy = strategy
    transfer.destinations.update(enabled=False)
    assert set(errors_of(transfer)) == {"destinations"}


def test_settings_that_do_not_apply_are_neither_demanded_nor_published(transfer: TransferAction) -> None:
    transfer.time_slots = [{"days": [0], "from": "09:00", "to": "24:00"}]
    transfer.summary_header, transfer.caller_id_number = "", "0123"
    frozen = KIND.freeze(transfer)
    assert (frozen.time_slots, frozen.summary_header, frozen.caller_id_number) == ((), "", "")


def test_a_connection_may_be_all_that_is_rung(transfer: TransferAction) -> None:
    transfer.destinations.all().delete()
    transfer.sip_connection = SipConnection.objects.create(
        account=transfer.agent.account, name="Trunk", host="a.example"
    )
    frozen = KIND.freeze(transfer)
    assert (frozen.destinations, frozen.sip_connection_id) == ((), transfer.sip_connection.pk)


@pytest.mark.parametrize("ring_time_s", [4, 46])
def test_the_form_refuses_ring_times_out_of_bounds(transfer: TransferAction, ring_time_s: int) -> None:
    transfer.ring_time_s = ring_time_s
    with pytest.raises(ValidationError) as caught:
        transfer.full_clean()
    assert set(caught.value.error_dict) == {"ring_time_s"}


def test_a_number_is_stored_without_the_spaces_that_were_typed(transfer: TransferAction) -> None:
    row = TransferDestination(action=transfer, phone=" +33 1 99 00 00 12 ")
    row.full_clean()
    row.save()
    assert row.phone == "+33199000012"
    row.refresh_from_db()
    assert row.phone == "+33199000012"


def test_an_action_has_a_number_once(transfer: TransferAction) -> None:
    again = TransferDestination(action=transfer, phone="+33 199 000 010")
    with pytest.raises(ValidationError, match="has the number already"):
        again.full_clean()
    with pytest.raises(IntegrityError), transaction.atomic():
        again.save()


def test_destinations_are_another_accounts_business(transfer: TransferAction, other_account: Account) -> None:
    with scope(account=other_account):
        assert not TransferDestination.objects.exists()
    assert TransferDestination.objects.count() == 1


def test_no_destination_is_seen_outside_an_account(db: None) -> None:
    with pytest.raises(ScopeError):
        TransferDestination.objects.count()


# --- offering it to the model ---------------------------------------------------------------------


def fits(schema: dict[str, Any], arguments: object) -> bool:
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema).is_valid(arguments)


def test_one_destination_need_not_be_named() -> None:
    schema = KIND.arguments_schema(params(), "en")
    assert fits(schema, {})
    assert fits(schema, {"destination": "Support", "reason": "wants a person"})


def test_of_several_destinations_one_must_be_named_exactly() -> None:
    schema = KIND.arguments_schema(params(SUPPORT, SALES), "en")
    assert fits(schema, {"destination": "Sales"})
    for arguments in ({}, {"destination": "sales"}, {"destination": "+33199000011"}, {"destination": None}):
        assert not fits(schema, arguments)


def test_nothing_else_is_taken_from_the_model() -> None:
    schema = KIND.arguments_schema(params(), "en")
    assert not fits(schema, {"phone": "+33899123456"})
    assert not fits(schema, {"reason": "x" * 501})


def test_it_speaks_to_the_model_in_the_agents_language() -> None:
    assert KIND.default_description("en").startswith("Transfer the call")
    assert "Where to transfer the call." in json.dumps(KIND.arguments_schema(params(), "en"))


# --- running it -----------------------------------------------------------------------------------


async def test_it_orders_the_transfer_and_claims_no_more(context_with: MakeContext) -> None:
    context = context_with({"id": 7})
    outcome = await run(context, {"reason": "refund"}, sip_headers={"X-Customer": "{{ params.id }}"})
    assert [directive.model_dump() for directive in outcome.directives] == [
        {
            "type": "transfer",
            "destinations": ({"type": "number", "value": "+33199000010", "description": "Support"},),
            "ring_time_s": 20,
            "mode": "cold",
            "attempt": 1,
            "caller_id": "",
            "sip_connection": None,
            "sip_headers": {"X-Customer": "7"},
            "briefing": None,
        }
    ]
    assert outcome.result == {
        "status": "requested",
        "destination": "Support",
        "attempt": 1,
        "message": "The call is being transferred to Support; nobody has answered yet. "
        "If nobody answers within 20 seconds, the caller comes back to you.",
    }
    assert context.warnings == []


async def test_it_rings_the_destination_that_was_named(context_with: MakeContext) -> None:
    outcome = await KIND.run(params(SUPPORT, SALES), context_with(), {"destination": "Sales"})
    assert [each.value for each in only(outcome).destinations] == ["+33199000011"]


async def test_a_destination_rings_for_its_own_time(context_with: MakeContext) -> None:
    patient = replace(SUPPORT, ring_time_s=45)
    assert only(await KIND.run(params(patient), context_with(), {})).ring_time_s == 45


async def test_all_ring_together_as_long_as_the_most_patient(context_with: MakeContext) -> None:
    patient = replace(SALES, ring_time_s=40)
    outcome = await KIND.run(params(SUPPORT, patient, strategy="together"), context_with(), {})
    directive = only(outcome)
    assert [each.value for each in directive.destinations] == ["+33199000010", "+33199000011"]
    assert directive.ring_time_s == 40
    assert outcome.result["destination"] == "Support and Sales"


async def test_fifty_ring_together_in_one_order(context_with: MakeContext) -> None:
    many = [Choice(name=f"Desk {number}", value=f"+331990000{number}") for number in range(10, 60)]
    outcome = await KIND.run(params(*many, strategy="together"), context_with(), {})
    assert [each.value for each in only(outcome).destinations] == [choice.value for choice in many]
    assert outcome.result["status"] == "requested"


@pytest.mark.parametrize("caller", ["anonymous", "", None, "Unavailable", "sip:anonymous@anonymous.invalid"])
async def test_a_caller_without_a_number_is_transferred_too(context_with: MakeContext, caller: str | None) -> None:
    context = context_with()
    context.scope["interaction"]["ANI"] = caller
    outcome = await run(context, mode="warm_spoken", summary="{{ interaction.ANI }}", caller_id="caller")
    assert (only(outcome).caller_id, only(outcome).destinations[0].value) == ("", SUPPORT.value)


async def test_a_header_with_a_line_break_is_left_out_and_the_caller_still_transferred(
    context_with: MakeContext,
) -> None:
    context = context_with({"note": "x\r\nVia: evil"})
    outcome = await run(context, sip_headers={"X-Note": "{{ note }}", "X-Fixed": "1"})
    assert only(outcome).sip_headers == {"X-Fixed": "1"}
    assert "X-Note" in context.warnings[0]


@pytest.mark.parametrize("dialled", ["+33199000010", "01 99 00 00 10"])
async def test_it_refuses_to_transfer_the_call_to_itself(context_with: MakeContext, dialled: str) -> None:
    with pytest.raises(ActionError) as caught:
        await run(context_with(dialled=dialled))
    assert (caught.value.code, caught.value.permanent) == ("transfer_loop", True)
    assert "+33" not in (caught.value.spoken or "+33")


async def test_a_hunt_leaves_out_the_number_that_was_dialled(context_with: MakeContext) -> None:
    outcome = await KIND.run(params(SUPPORT, SALES, strategy="in_order"), context_with(dialled=SUPPORT.value), {})
    assert [each.value for each in only(outcome).destinations] == [SALES.value]
    assert outcome.progress["skipped"] == [{"name": "Support", "value": SUPPORT.value, "why": "loop", "opens_at": None}]


@pytest.mark.parametrize("arguments", [{}, {"destination": "Nobody"}])
async def test_a_destination_that_was_not_offered_is_refused(
    context_with: MakeContext, arguments: dict[str, Any]
) -> None:
    with pytest.raises(ActionError) as caught:
        await KIND.run(params(SUPPORT, SALES), context_with(), arguments)
    assert caught.value.code == "unknown_destination"


# --- which number the human sees, and what the human is told ---------------------------------------


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ({"caller_id": "caller"}, ""),
        ({"caller_id": "dialled"}, "+33199000001"),
        ({"caller_id": "fixed", "caller_id_number": "+33199000055"}, "+33199000055"),
    ],
)
async def test_it_shows_the_number_that_was_chosen(
    context_with: MakeContext, fields: dict[str, str], shown: str
) -> None:
    assert only(await run(context_with(), **fields)).caller_id == shown


async def test_a_dialled_number_that_is_none_is_not_shown(context_with: MakeContext) -> None:
    assert only(await run(context_with(dialled="anonymous"), caller_id="dialled")).caller_id == ""


async def test_a_warm_transfer_tells_the_human_why(context_with: MakeContext) -> None:
    context = context_with({"name": "Hélène"})
    directive = only(await run(context, mode="warm_spoken", summary="{{ name }}\nveut résilier"))
    assert directive.mode == "warm"
    assert directive.briefing is not None
    assert directive.briefing.model_dump() == {
        "by": "speech",
        "text": "Hélène veut résilier",
        "language": "en",
        "header": "",
    }


async def test_without_a_summary_the_reason_of_the_model_counts(context_with: MakeContext) -> None:
    told = only(await run(context_with(), {"reason": "Wants a refund"}, mode="warm_spoken")).briefing
    silent = only(await run(context_with(), {}, mode="warm_spoken")).briefing
    assert (told and told.text, silent and silent.text) == ("Wants a refund", "A caller is transferred to you.")


async def test_a_summary_in_a_header_is_ascii_and_one_line(context_with: MakeContext) -> None:
    context = context_with({"note": "Hélène – « cœur »\r\nVia: evil"})
    directive = only(await run(context, mode="warm_header", summary="{{ note }}", summary_header="X-Sum"))
    assert directive.sip_headers == {"X-Sum": 'Helene - " coeur " Via: evil'}
    assert directive.briefing is not None
    assert (directive.briefing.by, directive.briefing.header) == ("sip_header", "X-Sum")
    assert directive.briefing.text == "Hélène – « cœur » Via: evil"


# --- asking again ---------------------------------------------------------------------------------


async def test_a_second_request_while_it_rings_orders_nothing(context_with: MakeContext) -> None:
    first = await run(context_with())
    context = context_with()
    context.earlier = [first.progress]
    second = await run(context)
    assert second.directives == ()
    assert second.result["status"] == "requested"
    assert "under way already: Support" in second.result["message"]


async def test_a_request_beside_one_that_is_not_answered_yet_orders_nothing(context_with: MakeContext) -> None:
    context = context_with()
    context.earlier = [None]
    assert (await run(context)).directives == ()


async def test_a_run_that_died_holds_others_up_for_a_moment_only(context_with: MakeContext) -> None:
    waiting: dict[str, Any] = {"waits_since": "2026-01-01T00:00:00+00:00"}
    context = context_with()
    context.earlier = [None, waiting, waiting]
    assert (await run(context)).directives != ()


async def test_a_transfer_under_way_is_found_behind_those_that_waited(context_with: MakeContext) -> None:
    first = await run(context_with())
    context = context_with()
    context.earlier = [None]
    second = await run(context)
    context.earlier = [None, second.progress]
    assert (await run(context)).directives == ()
    context.earlier = [first.progress, second.progress]
    third = await run(context)
    context.earlier = [first.progress, second.progress, third.progress]
    assert (await run(context)).directives == ()


async def test_after_an_attempt_that_nobody_reported_on_it_may_be_tried_again(context_with: MakeContext) -> None:
    first = await run(context_with())
    first.progress["attempts"][0]["requested_at"] = "2026-01-01T00:00:00Z"
    context = context_with()
    context.earlier = [first.progress]
    assert (await run(context)).directives != ()


def only(outcome: Outcome) -> Transfer:
    (directive,) = outcome.directives
    assert isinstance(directive, Transfer)
    return directive
