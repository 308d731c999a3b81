"""Kind ``keypad``: keys to press, and nothing else."""

from __future__ import annotations

import pytest
from django_scopes import scope

from actions.arguments import Arguments
from actions.contract import ActionError, FreezeError
from actions.directives import SendDigits
from actions.kinds.keypad import KeypadAction, KeypadParams
from actions.models import Agent
from actions.registry import kinds
from tests.support.contexts import context

kind = kinds.get("keypad")
schema = Arguments(kind.arguments_schema(KeypadParams(), "en"))


async def test_it_sends_the_digits() -> None:
    outcome = await kind.run(KeypadParams(), context(), {"digits": "1w#"})
    assert outcome.directives == (SendDigits(digits="1w#", duration_ms=1000),)
    assert outcome.result["status"] == "sending"
    assert "say nothing for 1 seconds" in outcome.result["message"]


@pytest.mark.parametrize("digits", ["1", "0123456789*#ABCD", "1w2", "9" * 32])
def test_it_takes(digits: str) -> None:
    assert not schema.errors({"digits": digits})


@pytest.mark.parametrize("digits", ["", "12 3", "E", "+33", "9" * 33, "1\n", 12, None])
def test_it_refuses(digits: object) -> None:
    assert schema.errors({"digits": digits})


def test_the_number_of_keys_is_bounded() -> None:
    short = Arguments(kind.arguments_schema(KeypadParams(most_digits=4), "en"))
    assert not short.errors({"digits": "1w2#"})
    assert short.errors({"digits": "12345"})


async def test_fixed_keys_are_no_argument_and_may_hold_variables() -> None:
    params = KeypadParams(digits="{{ params.pin }}#", secret=True)
    assert kind.arguments_schema(params, "en")["properties"] == {}
    outcome = await kind.run(params, context(params={"pin": "12 34"}), {})
    assert outcome.directives == (SendDigits(digits="1234#", duration_ms=1250, secret=True),)
    assert "1234" not in str(outcome.result)


@pytest.mark.parametrize("pin", ["", "hello", "1" * 40, None, {"a": 1}])
async def test_fixed_keys_that_are_none_are_not_sent_and_not_told(pin: object) -> None:
    with pytest.raises(ActionError) as caught:
        await kind.run(KeypadParams(digits="{{ params.pin }}"), context(params={"pin": pin}), {})
    assert caught.value.code == "no_digits"
    assert "hello" not in caught.value.message + (caught.value.spoken or "")


@pytest.mark.parametrize("digits", ["{{ params.pin", "12x", "{{ interaction.SUMMARY }}", "9" * 33])
def test_fixed_keys_that_can_never_be_sent_are_not_published(agent: Agent, digits: str) -> None:
    with scope(account=agent.account), pytest.raises(FreezeError) as caught:
        kind.freeze(KeypadAction(agent=agent, moment="during", name="keys", digits=digits))
    assert set(caught.value.errors) == {"digits"}


def test_only_secret_keys_are_hidden() -> None:
    assert kind.hides(KeypadParams(secret=True)) == {"digits"}
    assert not kind.hides(KeypadParams())


def test_the_default_description_is_in_the_agents_language() -> None:
    assert kind.default_description("en") != kind.default_description("fr")
