"""The token of a call opens that call, until the call or its time ends."""

from __future__ import annotations

import time
from collections.abc import Iterator
from uuid import UUID

import pytest
import time_machine
from asgiref.sync import async_to_sync
from django.core.signing import Signer
from django_scopes import scope

from accounts.models import Account
from actions.models import Agent
from calls import lifecycle
from calls.mcp import tokens
from calls.requests import BeginCall, FinishCall


@pytest.fixture
def call_id(published_agent: Agent) -> Iterator[UUID]:
    with scope(account=published_agent.account):
        request = BeginCall(direction="inbound", agent=published_agent.slug)
        yield UUID(async_to_sync(lifecycle.begin)(published_agent.account, request)["id"])


@pytest.fixture
def token(account: Account, call_id: UUID) -> str:
    return tokens.token_for(account, call_id)


def test_it_opens_its_call_until_four_hours_have_passed(account: Account, call_id: UUID, token: str) -> None:
    expires_at = tokens.access_json(account, call_id)["expires_at"]
    assert 0 <= time.time() + tokens.LIFETIME_S - expires_at.timestamp() < 600
    for seconds, is_open in ((-1, True), (0, False), (86_400, False)):
        with time_machine.travel(expires_at.timestamp() + seconds, tick=False):
            opened = tokens.open_call(token)
            assert (opened.call_id if opened else None) == (call_id if is_open else None)


def test_it_ends_with_the_call(token: str, call_id: UUID) -> None:
    assert tokens.open_call(token) is not None
    async_to_sync(lifecycle.finish)(call_id, FinishCall())
    assert tokens.open_call(token) is None


def test_it_opens_nothing_for_an_account_that_was_closed(account: Account, token: str) -> None:
    Account.objects.filter(pk=account.pk).update(is_active=False)
    assert tokens.open_call(token) is None


def test_it_opens_nothing_in_the_name_of_another_account(other_account: Account, call_id: UUID) -> None:
    assert tokens.open_call(tokens.token_for(other_account, call_id)) is None


def test_nobody_without_the_key_of_the_installation_makes_one(account: Account, call_id: UUID, token: str) -> None:
    forged = Signer(key="another", salt="calls.mcp").sign_object([account.pk, call_id.hex])
    assert tokens.open_call(tokens.PREFIX + forged) is None
    for broken in ("", "tqc_", token[:-1], token + "x", token.removeprefix("tqc_"), "tqc_" + "é" * 10, "x" * 9_000):
        assert tokens.open_call(broken) is None
