"""Kind ``hang_up``: not before the agent has tried often enough."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django_scopes import scope

from actions.directives import HangUp
from actions.kinds.hang_up import REASONS, HangUpAction, HangUpParams
from actions.models import Agent
from actions.registry import kinds
from tests.support.contexts import context

kind = kinds.get("hang_up")
ARGUMENTS = {"reason": "goal_reached"}


@pytest.mark.parametrize("attempts", [1, 3, 5])
async def test_it_hangs_up_at_the_minimum_attempt_and_not_before(attempts: int) -> None:
    params = HangUpParams(attempts=attempts)
    outcomes = [await kind.run(params, context(attempt=n), ARGUMENTS) for n in range(1, attempts + 2)]
    assert [bool(outcome.directives) for outcome in outcomes] == [False] * (attempts - 1) + [True, True]
    assert outcomes[-1].directives == (HangUp(reason="goal_reached"),)


async def test_a_refused_attempt_says_what_to_do_in_the_agents_language() -> None:
    outcome = await kind.run(HangUpParams(attempts=3), context(language="en", attempt=2), ARGUMENTS)
    assert (outcome.result["status"], outcome.result["attempt"], outcome.result["needed"]) == ("refused", 2, 3)
    assert "attempt 2 of 3" in outcome.result["message"]
    french = await kind.run(HangUpParams(attempts=3), context(language="fr", attempt=2), ARGUMENTS)
    assert french.result["message"] != outcome.result["message"]


def test_reasons_are_enumerated() -> None:
    schema = kind.arguments_schema(HangUpParams(), "en")
    assert schema["properties"]["reason"]["enum"] == list(REASONS)
    assert schema["required"] == ["reason"]
    assert schema["additionalProperties"] is False


@pytest.mark.parametrize("attempts", [0, 6])
def test_attempts_go_from_one_to_five(agent: Agent, attempts: int) -> None:
    with scope(account=agent.account), pytest.raises(ValidationError, match="attempts"):
        HangUpAction(agent=agent, moment="during", name="end", attempts=attempts).full_clean()


def test_an_agent_has_one_hang_up(agent: Agent) -> None:
    with scope(account=agent.account):
        HangUpAction.objects.create(agent=agent, moment="during", name="end")
        second = HangUpAction(agent=agent, moment="during", name="end_again")
        with pytest.raises(ValidationError, match="has a hang-up action already"):
            second.full_clean()


def test_the_default_description_is_in_the_agents_language() -> None:
    assert kind.default_description("en") != kind.default_description("fr")
