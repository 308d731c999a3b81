"""The transfer: what is published, what the model is offered, what the runtime must do, what became of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django_scopes import scope
from django_scopes.exceptions import ScopeError
from jsonschema import Draft202012Validator

from accounts.models import Account
from actions.contract import ActionError, CallContext, CallEvent, FreezeError, Outcome
from actions.directives import Transfer
from actions.registry import kinds
from actions.releases import load_plan, publish
from transfers.kinds.transfer import Choice, TransferAction, TransferDestination, TransferParams

KIND = kinds.get("transfer")
MakeContext = Callable[..., CallContext]

SUPPORT = Choice(name="Support", phone="+33199000010", description="Support")
SALES = Choice(name="Sales", phone="+33199000011", description="Sales")


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
            Choice(name="Service client", phone="+33199000010", description="Service client"),
            Choice(name="Ventes", phone="+33199000011", description="Ventes"),
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


def test_fifty_numbers_can_be_published_and_no_more(transfer: TransferAction) -> None:
    for number in range(11, 60):
        transfer.destinations.create(phone=f"+331990000{number}")
    assert len(KIND.freeze(transfer).destinations) == 50
    transfer.destinations.create(phone="+33199000060")
    assert "50" in errors_of(transfer)["destinations"][0]


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
            "destination": {"type": "number", "value": "+33199000010", "description": "Support"},
            "ring_time_s": 20,
            "sip_headers": {"X-Customer": "7"},
        }
    ]
    assert outcome.result == {
        "status": "requested",
        "destination": "Support",
        "message": "The call is being transferred to Support; nobody has answered yet. "
        "If nobody answers within 20 seconds, the caller comes back to you.",
    }
    assert context.warnings == []


async def test_it_rings_the_destination_that_was_named(context_with: MakeContext) -> None:
    outcome = await KIND.run(params(SUPPORT, SALES), context_with(), {"destination": "Sales"})
    (directive,) = outcome.directives
    assert isinstance(directive, Transfer)
    assert directive.destination.value == "+33199000011"


async def test_a_header_with_a_line_break_is_left_out_and_the_caller_still_transferred(
    context_with: MakeContext,
) -> None:
    context = context_with({"note": "x\r\nVia: evil"})
    outcome = await run(context, sip_headers={"X-Note": "{{ note }}", "X-Fixed": "1"})
    (directive,) = outcome.directives
    assert isinstance(directive, Transfer)
    assert directive.sip_headers == {"X-Fixed": "1"}
    assert "X-Note" in context.warnings[0]


@pytest.mark.parametrize("dialled", ["+33199000010", "01 99 00 00 10"])
async def test_it_refuses_to_transfer_the_call_to_itself(context_with: MakeContext, dialled: str) -> None:
    with pytest.raises(ActionError) as caught:
        await run(context_with(dialled=dialled))
    assert (caught.value.code, caught.value.permanent) == ("transfer_loop", True)
    assert "+33" not in (caught.value.spoken or "+33")


@pytest.mark.parametrize("arguments", [{}, {"destination": "Nobody"}])
async def test_a_destination_that_was_not_offered_is_refused(
    context_with: MakeContext, arguments: dict[str, Any]
) -> None:
    with pytest.raises(ActionError) as caught:
        await KIND.run(params(SUPPORT, SALES), context_with(), arguments)
    assert caught.value.code == "unknown_destination"


# --- what became of it ----------------------------------------------------------------------------


def observe(context: CallContext, event: str, **data: Any) -> Any:
    outcome = KIND.observe(params(ring_time_s=25), context, CallEvent(event, data))
    return None if outcome is None else outcome.result


FAILURES = ["no_answer", "busy", "rejected", "unreachable", "failed", "cancelled"]


@pytest.mark.parametrize("status", ["ringing", "bridged", *FAILURES, "caller_hung_up"])
def test_every_event_becomes_a_status_and_a_sentence(context_with: MakeContext, status: str) -> None:
    result = observe(context_with(), f"transfer.{status}")
    assert result["status"] == status
    assert result["message"]


@pytest.mark.parametrize("status", FAILURES)
def test_after_a_failure_the_agent_knows_that_it_has_the_caller_back(context_with: MakeContext, status: str) -> None:
    assert "The caller is with you again" in observe(context_with(), f"transfer.{status}")["message"]


@pytest.mark.parametrize("status", ["ringing", *FAILURES, "caller_hung_up"])
def test_nothing_but_bridged_claims_a_connection(context_with: MakeContext, status: str) -> None:
    message = observe(context_with(), f"transfer.{status}")["message"]
    assert "transferred" not in message
    assert "is connected" not in message


def test_no_answer_says_how_long_it_rang(context_with: MakeContext) -> None:
    assert "25 seconds" in observe(context_with(), "transfer.no_answer")["message"]


@pytest.mark.parametrize(("given", "kept"), [(503, 503), ("503", None), (200, None), (None, None), (True, None)])
def test_the_final_sip_answer_is_kept(context_with: MakeContext, given: object, kept: int | None) -> None:
    assert observe(context_with(), "transfer.failed", sip_code=given).get("sip_code") == kept


@pytest.mark.parametrize("event", ["transfer.exploded", "transfer.", "transfer", "no_answer", "call.no_answer", ""])
def test_other_events_mean_nothing_to_it(context_with: MakeContext, event: str) -> None:
    assert observe(context_with(), event) is None
