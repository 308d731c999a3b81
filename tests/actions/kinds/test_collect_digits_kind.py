"""Kind ``collect_digits``: what the caller types becomes a variable; secret digits are told to nobody."""

from __future__ import annotations

import time
from typing import Any

import pytest

from actions.contract import CallEvent, FreezeError, Outcome
from actions.directives import CollectDigits
from actions.kinds.collect_digits import CollectDigitsAction, CollectDigitsParams
from actions.models import Agent
from actions.registry import kinds
from tests.support.contexts import context

kind = kinds.get("collect_digits")
PLAIN = CollectDigitsParams(variable="contract", least=4, most=6)
SECRET = CollectDigitsParams(variable="pin", least=4, most=4, secret=True)


async def start(params: CollectDigitsParams, *earlier: Any) -> Outcome:
    given = context(language="en")
    given.earlier = earlier
    return await kind.run(params, given, {})


async def heard(params: CollectDigitsParams, *earlier: Any, type: str = "keypad.collected", **data: Any) -> Any:
    given = context(language="en")
    given.progress = (await start(params, *earlier)).progress
    return kind.observe(params, given, CallEvent(type, data))


async def test_it_orders_the_collection() -> None:
    outcome = await start(PLAIN)
    assert outcome.directives == (CollectDigits(least=4, most=6, terminator="#", timeout_s=10, secret=False),)
    assert outcome.result["status"] == "collecting"


@pytest.mark.parametrize(("digits", "kept"), [("1234", "1234"), ("0012#", "0012"), ("12*4A", "12*4A")])
async def test_what_came_is_a_variable(digits: str, kept: str) -> None:
    outcome = await heard(PLAIN, digits=digits, reason="terminator")
    assert (outcome.variables, dict(outcome.secrets)) == ({"contract": kept}, {})
    assert outcome.result["digits"] == kept
    assert outcome.progress == {"status": "collected", "count": len(kept), "reason": "terminator"}


async def test_secret_digits_are_told_to_nobody() -> None:
    outcome = await heard(SECRET, digits="4711", reason="most")
    assert (dict(outcome.variables), outcome.secrets) == ({}, {"pin": "4711"})
    assert "4711" not in str((outcome.result, outcome.progress))
    assert outcome.result["message"].startswith("4 digits were received")


@pytest.mark.parametrize(
    ("digits", "status"),
    [
        ("12", "too_short"),
        ("1234567", "too_long"),
        ("", "nothing"),
        ("#", "nothing"),
        (1234, "unreadable"),
        (None, "unreadable"),
        (["1"], "unreadable"),
        ("12x4", "unreadable"),
        ("1" * 100_000, "too_long"),
    ],
)
async def test_what_does_not_fit_is_asked_for_again(digits: Any, status: str) -> None:
    outcome = await heard(PLAIN, digits=digits, reason="timeout")
    assert (outcome.result["status"], outcome.result["tries_left"]) == (status, 2)
    assert (dict(outcome.variables), dict(outcome.secrets)) == ({}, {})
    assert "once more" in outcome.result["message"]


async def test_tries_are_bounded_and_a_success_begins_anew() -> None:
    failed, done = {"status": "nothing"}, {"status": "collected"}
    last = await heard(PLAIN, failed, failed, digits="")
    assert "Do not ask again" in last.result["message"]
    refused = await start(PLAIN, failed, failed, failed)
    assert (refused.directives, refused.result["code"]) == ((), "tried_often_enough")
    assert (await start(PLAIN, failed, failed, failed, done)).directives


async def test_a_collection_ends_once() -> None:
    given = context()
    given.progress = (await heard(PLAIN, digits="1234")).progress
    assert kind.observe(PLAIN, given, CallEvent("keypad.collected", {"digits": "9999"})) is None


async def test_keys_that_are_being_typed_are_none_of_a_menu() -> None:
    assert await heard(PLAIN, type="keypad.pressed", digits="1") == Outcome()
    given = context()
    given.progress = {"status": "collecting", "until": time.time() - 1, "left": 2}
    assert kind.observe(PLAIN, given, CallEvent("keypad.pressed", {"digits": "1"})) is None


@pytest.mark.parametrize("type", ["keypad.collected", "keypad.pressed"])
def test_a_record_of_secret_keys_holds_nothing_that_was_pressed(type: str) -> None:
    told = {"digits": "4711", "raw": ["4", "7"], "reason": "most", "tool_call_id": "t1"}
    kept = kind.kept_event(SECRET, CallEvent(type, told))
    assert kept.data == {"digits": "••••", "reason": "most", "tool_call_id": "t1"}
    assert kind.kept_event(PLAIN, CallEvent(type, told)).data == told
    assert kind.kept_event(SECRET, CallEvent("transcript", told)).data == told


@pytest.mark.parametrize(
    ("columns", "field"),
    [
        ({"least": 8, "most": 4}, "least"),
        ({"variable": "system"}, "variable"),
        ({"message_mode": "exact"}, "message_texts"),
    ],
)
def test_what_makes_no_sense_is_not_published(agent: Agent, columns: dict[str, Any], field: str) -> None:
    with pytest.raises(FreezeError) as caught:
        kind.freeze(CollectDigitsAction(agent=agent, moment="during", name="pin", **columns))
    assert set(caught.value.errors) == {field}
