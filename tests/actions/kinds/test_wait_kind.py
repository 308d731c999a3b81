"""Kind ``wait``: silence, with a maximum."""

from __future__ import annotations

import time
from typing import Any

import pytest

from actions.arguments import Arguments
from actions.contract import CallEvent, Outcome
from actions.directives import Wait
from actions.kinds.wait import DEFAULT_WAIT_S, WaitParams
from actions.registry import kinds
from tests.support.contexts import context

kind = kinds.get("wait")
schema = Arguments(kind.arguments_schema(WaitParams(), "en"))


@pytest.mark.parametrize(("arguments", "seconds"), [({}, DEFAULT_WAIT_S), ({"seconds": 40}, 40)])
async def test_it_waits(arguments: dict[str, int], seconds: int) -> None:
    outcome = await kind.run(WaitParams(), context(), arguments)
    assert outcome.directives == (Wait(max_s=seconds),)
    assert outcome.progress["max_s"] == seconds


@pytest.mark.parametrize("seconds", [0, 61, -1, 1.5, "10"])
def test_it_refuses(seconds: object) -> None:
    assert schema.errors({"seconds": seconds})


def test_the_longest_wait_is_set() -> None:
    longest = Arguments(kind.arguments_schema(WaitParams(longest_s=20), "en"))
    assert not longest.errors({"seconds": 20})
    assert longest.errors({"seconds": 21})


def ended(reason: object, progress: Any) -> Outcome | None:
    given = context()
    given.progress = progress
    return kind.observe(WaitParams(), given, CallEvent("wait.ended", {"reason": reason}))


@pytest.mark.parametrize("reason", ["speech", "keypad", "time", "caller_hung_up"])
def test_a_run_remembers_why_it_ended(reason: str) -> None:
    outcome = ended(reason, {"max_s": 30, "since": time.time() - 4})
    assert outcome is not None
    assert (outcome.progress["ended"], outcome.result["reason"]) == (reason, reason)
    assert 4 <= outcome.progress["waited_s"] <= 30
    assert ended("speech", outcome.progress) is None


@pytest.mark.parametrize("reason", [None, "boredom", ["time"], 3])
def test_an_end_that_makes_no_sense_means_nothing(reason: object) -> None:
    assert ended(reason, {"max_s": 30, "since": 0}) is None


async def waits(params: WaitParams, *earlier: dict[str, Any]) -> Outcome:
    given = context(language="en")
    given.earlier = earlier
    return await kind.run(params, given, {"seconds": 30})


UNBROKEN = {"max_s": 30, "since": 0, "ended": "time", "waited_s": 30}
SPOKEN_TO = {**UNBROKEN, "ended": "speech", "waited_s": 5}


async def test_waits_that_nobody_breaks_are_bounded() -> None:
    params = WaitParams(most_in_a_row=3)
    assert (await waits(params, UNBROKEN, UNBROKEN)).directives
    refused = await waits(params, UNBROKEN, UNBROKEN, UNBROKEN)
    assert (refused.directives, refused.result["code"]) == ((), "waited_long_enough")
    assert "end the call" in refused.result["message"]
    assert (await waits(params, UNBROKEN, UNBROKEN, SPOKEN_TO)).directives


async def test_all_waits_of_a_call_together_are_bounded() -> None:
    params = WaitParams(most_total_s=100)
    shortened = await waits(params, *[SPOKEN_TO, {"max_s": 30, "since": 0}] * 2, SPOKEN_TO)
    assert shortened.directives == (Wait(max_s=25),)
    assert not (await waits(params, *[SPOKEN_TO] * 20)).directives


def test_the_default_description_is_in_the_agents_language() -> None:
    assert kind.default_description("en") != kind.default_description("fr")
