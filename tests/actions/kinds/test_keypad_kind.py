"""Kind ``keypad``: keys to press, and nothing else."""

from __future__ import annotations

import pytest

from actions.arguments import Arguments
from actions.directives import SendDigits
from actions.kinds.keypad import KeypadParams
from actions.registry import kinds
from tests.support.contexts import context

kind = kinds.get("keypad")
schema = Arguments(kind.arguments_schema(KeypadParams(), "en"))


async def test_it_sends_the_digits() -> None:
    outcome = await kind.run(KeypadParams(), context(), {"digits": "1w#"})
    assert outcome.directives == (SendDigits(digits="1w#"),)
    assert outcome.result["status"] == "sending"


@pytest.mark.parametrize("digits", ["1", "0123456789*#ABCD", "1w2", "9" * 32])
def test_it_takes(digits: str) -> None:
    assert not schema.errors({"digits": digits})


@pytest.mark.parametrize("digits", ["", "12 3", "E", "+33", "9" * 33, "1\n", 12, None])
def test_it_refuses(digits: object) -> None:
    assert schema.errors({"digits": digits})


def test_the_default_description_is_in_the_agents_language() -> None:
    assert kind.default_description("en") != kind.default_description("fr")
