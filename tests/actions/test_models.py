"""What may be configured."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django_scopes import scope
from django_scopes.exceptions import ScopeError

from accounts.models import Account
from actions.kinds.keypad import KeypadAction
from actions.models import Action, Agent, AgentNumber
from tests.conftest import NUMBER


@pytest.mark.parametrize("name", ["a", "Transfer_to-2", "x" * 63])
def test_a_name_may_be(agent: Agent, name: str) -> None:
    with scope(account=agent.account):
        KeypadAction(agent=agent, moment="during", name=name).full_clean()


@pytest.mark.parametrize("name", ["", "x" * 64, "é", "two words", "a.b", "a\n", "²"])
def test_a_name_may_not_be(agent: Agent, name: str) -> None:
    with scope(account=agent.account), pytest.raises(ValidationError, match="name"):
        KeypadAction(agent=agent, moment="during", name=name).full_clean()


def test_a_name_is_unique_per_agent_whatever_the_kind(agent: Agent) -> None:
    from actions.kinds.wait import WaitAction

    with scope(account=agent.account):
        KeypadAction.objects.create(agent=agent, moment="during", name="same")
        with pytest.raises(ValidationError, match="has an action of this name already"):
            WaitAction(agent=agent, moment="during", name="same").full_clean()
        with pytest.raises(IntegrityError), transaction.atomic():
            WaitAction.objects.create(agent=agent, moment="during", name="same")


def test_a_kind_exists_only_at_its_moments(agent: Agent) -> None:
    with scope(account=agent.account), pytest.raises(ValidationError, match="moment"):
        KeypadAction(agent=agent, moment="after", name="keys").full_clean()


def test_an_action_knows_its_kind_and_its_configured_row(agent: Agent) -> None:
    with scope(account=agent.account):
        KeypadAction.objects.create(agent=agent, moment="during", name="keys")
        action = Action.objects.get()
        assert action.kind == "keypad"
        assert isinstance(action.configured, KeypadAction)


@pytest.mark.parametrize("number", ["+33199000001", "+33612345678", "+14155552671", "+442079460000"])
def test_an_answered_number_may_be(agent: Agent, number: str) -> None:
    AgentNumber._meta.get_field("number").run_validators(number)


@pytest.mark.parametrize("number", ["0612345678", "33612345678", "+33 6 12 34 56 78", "+0123456", "+331", "tel:+1", ""])
def test_an_answered_number_may_not_be(agent: Agent, number: str) -> None:
    with scope(account=agent.account), pytest.raises(ValidationError, match="number"):
        AgentNumber(agent=agent, number=number).full_clean(exclude=["account"])


def test_a_number_is_answered_by_one_agent_of_an_account(agent: Agent, other_account: Account) -> None:
    with scope(account=agent.account):
        second = Agent.objects.create(account=agent.account, name="Second", slug="second")
        with pytest.raises(ValidationError, match="Another agent answers"):
            AgentNumber(agent=second, number=NUMBER).full_clean(exclude=["account"])
    with scope(account=other_account):
        theirs = Agent.objects.create(account=other_account, name="Theirs", slug="accueil")
        AgentNumber.objects.create(agent=theirs, number=NUMBER)


def test_nothing_is_read_outside_a_scope(agent: Agent) -> None:
    with pytest.raises(ScopeError):
        list(Agent.objects.all())


def test_another_accounts_rows_are_not_there(agent: Agent, other_account: Account) -> None:
    with scope(account=other_account):
        assert not Agent.objects.filter(pk=agent.pk).exists()
