"""Kind ``menu``: keys that run actions without the model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import RestrictedError
from django_scopes import scope

from accounts.models import Account
from actions.contract import CallEvent, FreezeError, Invocation
from actions.directives import Say
from actions.kinds.hang_up import HangUpAction
from actions.kinds.keypad import KeypadAction
from actions.kinds.menu import Key, MenuAction, MenuKey, MenuParams
from actions.kinds.wait import WaitAction
from actions.models import Agent
from actions.registry import kinds
from actions.releases import PublishError, load_plan, publish
from tests.support.contexts import context

kind = kinds.get("menu")
PARAMS = MenuParams(
    keys=(Key(key="1", action="wait"), Key(key="9", action="bye", arguments={"reason": "caller_asked"})),
    announcement={"en": "Press 9 to end."},
    unknown={"en": "There is no such key."},
)


@pytest.fixture
def menu(agent: Agent) -> Iterator[MenuAction]:
    with scope(account=agent.account):
        yield MenuAction.objects.create(agent=agent, moment="during", name="menu")


def add(menu: MenuAction, key: str, target: Any, **arguments: Any) -> MenuKey:
    row = MenuKey(menu=menu, key=key, target=target, arguments=arguments)
    row.full_clean()
    row.save()
    return row


def problems(agent: Agent) -> list[str]:
    with pytest.raises(PublishError) as caught:
        publish(agent)
    assert {(problem.action.name, problem.field) for problem in caught.value.problems if problem.action} == {
        ("menu", "keys")
    }
    return [str(problem.message) for problem in caught.value.problems]


def pressed(**data: Any) -> Invocation | None:
    return kind.react(PARAMS, context(), CallEvent("keypad.pressed", data))


def test_a_key_asks_for_its_action() -> None:
    assert pressed(digits="1") == Invocation("wait", {})
    assert pressed(digits="9") == Invocation("bye", {"reason": "caller_asked"})


def test_another_key_is_said_to_be_none() -> None:
    assert pressed(digits="5") == Invocation("action", {"key": "5"})
    silent = PARAMS.model_copy(update={"unknown": {}})
    assert kind.react(silent, context(), CallEvent("keypad.pressed", {"digits": "5"})) is None


@pytest.mark.parametrize("digits", [None, 1, "", "19", "x", ["1"], "１"])
def test_what_is_no_single_key_asks_for_nothing(digits: object) -> None:
    assert pressed(digits=digits) is None
    assert kind.react(PARAMS, context(), CallEvent("keypad.released", {"digits": "1"})) is None


async def test_it_says_its_sentences() -> None:
    assert (await kind.run(PARAMS, context(), {})).directives == (Say(text="Press 9 to end.", language="en"),)
    unknown = await kind.run(PARAMS, context(), {"key": "5"})
    assert unknown.directives == (Say(text="There is no such key.", language="en"),)
    assert not (await kind.run(PARAMS, context(language="fr"), {})).directives


def test_it_is_published_and_is_no_tool(agent: Agent, menu: MenuAction) -> None:
    bye = HangUpAction.objects.create(agent=agent, moment="during", name="bye")
    add(menu, "9", bye, reason="caller_asked")
    plan = load_plan(publish(agent).pk)
    assert [tool.name for tool in plan.tools] == ["bye"]
    assert plan.menus[0].keys == ("9",)


def test_an_empty_menu_is_not_published(agent: Agent, menu: MenuAction) -> None:
    assert problems(agent) == ["Give the menu a key."]


def test_arguments_that_do_not_fit_are_named(agent: Agent, menu: MenuAction) -> None:
    add(menu, "9", HangUpAction.objects.create(agent=agent, moment="during", name="bye"), reason="bored")
    add(menu, "1", WaitAction.objects.create(agent=agent, moment="during", name="hold"), seconds=10)
    (message,) = problems(agent)
    assert message.startswith("9: arguments.reason")


def test_a_target_that_is_switched_off_or_a_menu_is_named(agent: Agent, menu: MenuAction) -> None:
    add(menu, "1", WaitAction.objects.create(agent=agent, moment="during", name="hold", enabled=False))
    add(menu, "2", menu)
    assert problems(agent) == [
        "1: “hold” is not enabled, or is no action during the call.",
        "2: A menu cannot lead to a menu.",
    ]


def test_two_menus_do_not_share_a_key(agent: Agent, menu: MenuAction) -> None:
    hold = WaitAction.objects.create(agent=agent, moment="during", name="hold")
    second = MenuAction.objects.create(agent=agent, moment="during", name="second")
    add(menu, "1", hold)
    add(second, "1", hold)
    with pytest.raises(PublishError) as caught:
        publish(agent)
    assert len(caught.value.problems) == 2


def test_a_key_leads_to_one_action(menu: MenuAction) -> None:
    hold = WaitAction.objects.create(agent=menu.agent, moment="during", name="hold")
    add(menu, "1", hold)
    with pytest.raises(ValidationError, match="in the menu twice"):
        add(menu, "1", hold)
    with pytest.raises(IntegrityError), transaction.atomic():
        MenuKey.objects.create(menu=menu, key="1", target=hold)


def test_a_menu_leads_to_actions_of_its_own_agent(menu: MenuAction, account: Account) -> None:
    other = Agent.objects.create(account=account, name="Other", slug="other")
    foreign = KeypadAction.objects.create(agent=other, moment="during", name="keys")
    with pytest.raises(ValidationError, match="no such action"):
        add(menu, "1", foreign)
    MenuKey.objects.create(menu=menu, key="1", target=foreign)
    with pytest.raises(FreezeError):
        kind.freeze(menu)


def test_a_target_is_not_deleted_and_keeps_its_place_when_renamed(agent: Agent, menu: MenuAction) -> None:
    hold = WaitAction.objects.create(agent=agent, moment="during", name="hold")
    add(menu, "1", hold)
    with pytest.raises(RestrictedError):
        hold.delete()
    hold.name = "stay"
    hold.save()
    assert kind.freeze(menu).keys[0].action == "stay"
    agent.delete()
    assert not MenuKey.objects.exists()
