"""API keys: shown once, stored hashed, refused when expired or revoked."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.utils import timezone
from django_scopes import scope, scopes_disabled

from accounts import keys
from accounts.api.authentication import find_key
from accounts.models import Account, ApiKey
from tests.conftest import issue_key


def test_the_plain_text_is_nowhere_in_the_row(account: Account) -> None:
    plain_text = issue_key(account)
    with scope(account=account):
        row = ApiKey.objects.values().get()
    secret = plain_text.split("_", 2)[2]
    assert secret not in str(row)
    assert plain_text.startswith(f"tq_{row['prefix']}_")


def test_a_key_opens_its_account(account: Account) -> None:
    key = find_key(issue_key(account))
    assert key is not None
    assert key.account == account


@pytest.mark.parametrize("text", ["", "tq", "tq__", "tq_abc", "xx_abc_def", "tq_abc_def", "tq_ab-c_def", "é" * 50])
def test_other_texts_open_nothing(account: Account, text: str) -> None:
    issue_key(account)
    assert find_key(text) is None


def test_a_known_prefix_with_another_secret_opens_nothing(account: Account) -> None:
    plain_text = issue_key(account)
    assert find_key(plain_text[:-1] + ("A" if plain_text[-1] != "A" else "B")) is None
    assert keys.prefix_of(plain_text) is not None


def test_expired_revoked_and_inactive(account: Account) -> None:
    expiring = issue_key(account, expires_at=timezone.now() + dt.timedelta(hours=1))
    revoked = issue_key(account)
    assert find_key(expiring) is not None
    with time_machine.travel(timezone.now() + dt.timedelta(hours=2)):
        assert find_key(expiring) is None
    key = find_key(revoked)
    assert key is not None
    with scopes_disabled():
        key.revoke()
    assert find_key(revoked) is None
    another = issue_key(account)
    Account.objects.update(is_active=False)
    assert find_key(another) is None


def test_the_last_use_is_noted_once_a_minute(account: Account) -> None:
    plain_text = issue_key(account)
    with time_machine.travel(dt.datetime(2026, 1, 1, tzinfo=dt.UTC), tick=False) as clock:
        find_key(plain_text)
        clock.shift(30)
        find_key(plain_text)
        with scopes_disabled():
            assert ApiKey.objects.get().last_used_at == dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
        clock.shift(31)
        find_key(plain_text)
        with scopes_disabled():
            assert ApiKey.objects.get().last_used_at == dt.datetime(2026, 1, 1, 0, 1, 1, tzinfo=dt.UTC)
