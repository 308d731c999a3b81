"""Agents whose results are kept, for the tests of the before-call cache."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

import pytest
from django_scopes import scope

from actions.models import Agent
from actions.releases import PlannedAction, load_plan
from calls import lifecycle
from calls.cache import live


@pytest.fixture
def cached_agent(published_agent: Agent) -> Iterator[Agent]:
    """Of an account that has the feature; inside its scope."""
    account = published_agent.account
    account.before_call_cache = True
    account.save()
    live.forget()
    with scope(account=account):
        yield published_agent
    live.forget()


@pytest.fixture
def before_with(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """The agent's plan has these actions, and no others."""

    def replace(*actions: PlannedAction) -> None:
        monkeypatch.setattr(lifecycle, "load_plan", lambda pk: dataclasses.replace(load_plan(pk), actions=actions))

    return replace
