"""Kind ``hang_up``: not before the agent has tried often enough."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django_scopes import scope

from actions.contract import FreezeError
from actions.directives import HangUp, Say
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


@pytest.mark.parametrize("reason", ["caller_asked", "machine_or_ivr"])
async def test_a_caller_who_wants_to_go_and_a_machine_are_not_held_back(reason: str) -> None:
    outcome = await kind.run(HangUpParams(attempts=5), context(attempt=1), {"reason": reason})
    assert outcome.directives == (HangUp(reason=reason),)


async def test_a_refused_attempt_says_what_to_try_first() -> None:
    params = HangUpParams(attempts=2, try_first={"en": "Offer a call back."})
    english = await kind.run(params, context(language="en"), ARGUMENTS)
    assert english.result["message"] == "Do not hang up yet: attempt 1 of 2. Offer a call back."
    french = await kind.run(params, context(language="fr"), ARGUMENTS)
    assert "Offer a call back." not in french.result["message"]


async def test_an_exact_goodbye_is_said_before_the_end() -> None:
    params = HangUpParams(goodbye_mode="exact", goodbye={"fr": "Au revoir."})
    outcome = await kind.run(params, context(language="fr"), ARGUMENTS)
    assert outcome.directives == (Say(text="Au revoir.", language="fr"), HangUp(reason="goal_reached"))
    assert outcome.directives[-1].after_speech is True


async def test_a_goodbye_after_an_example_is_the_models() -> None:
    params = HangUpParams(goodbye_mode="example", goodbye={"en": "Thank you, goodbye."})
    outcome = await kind.run(params, context(language="en"), ARGUMENTS)
    assert outcome.directives == (HangUp(reason="goal_reached"),)
    assert "“Thank you, goodbye.”" in outcome.result["message"]


def test_an_exact_goodbye_needs_the_agents_language(agent: Agent) -> None:
    row = HangUpAction(agent=agent, moment="during", name="end", goodbye_mode="exact", goodbye_texts={"en": "Bye."})
    with pytest.raises(FreezeError) as caught:
        kind.freeze(row)
    assert set(caught.value.errors) == {"goodbye_texts"}
    row.goodbye_texts = {"fr": " Au revoir. "}
    assert kind.freeze(row).goodbye == {"fr": "Au revoir."}


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
