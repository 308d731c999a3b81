"""Secrets at rest: what opens them, what does not, and changing the key."""

from __future__ import annotations

import pickle
from io import StringIO
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django_scopes import scope, scopes_disabled

from accounts.models import Account
from outbound import credentials
from outbound.http import OutboundError
from outbound.models import AuthProfile
from outbound.secrets import SecretsUnreadable, reseal, seal, unseal

SECRET = "s3cret-that-nobody-may-see"
OLD, NEW, LOST = (Fernet.generate_key().decode() for _ in range(3))


def test_what_is_sealed_comes_back_and_shows_nothing(settings: Any) -> None:
    settings.SECRETS_KEYS = [OLD]
    sealed = seal({"token": SECRET})
    assert SECRET not in sealed
    assert dict(unseal(sealed)) == {"token": SECRET}
    assert seal({"token": SECRET}) != sealed
    opened = unseal(sealed)
    assert SECRET not in f"{opened} {opened!r} {[opened]}"
    with pytest.raises(TypeError):
        pickle.dumps(opened)
    assert (seal({}), dict(unseal(""))) == ("", {})


def test_any_key_opens_and_the_first_encrypts(settings: Any) -> None:
    settings.SECRETS_KEYS = [OLD]
    sealed = seal({"a": "b"})
    settings.SECRETS_KEYS = [NEW, OLD]
    assert dict(unseal(sealed)) == {"a": "b"}
    again = reseal(sealed)
    assert again is not None
    assert reseal(again) is None
    settings.SECRETS_KEYS = [NEW]
    assert dict(unseal(again)) == {"a": "b"}
    with pytest.raises(SecretsUnreadable):
        unseal(sealed)


@pytest.mark.parametrize("sealed", ["x", "gAAAAA", "é", "\x00", "gAAAAABnAAAA" * 20])
def test_what_was_changed_does_not_open(sealed: str) -> None:
    with pytest.raises(SecretsUnreadable) as caught:
        unseal(sealed)
    assert caught.value.__context__ is None
    with pytest.raises(SecretsUnreadable):
        reseal(sealed)


def test_one_changed_letter_is_noticed(settings: Any) -> None:
    sealed = seal({"token": SECRET})
    middle = len(sealed) // 2
    changed = sealed[:middle] + ("A" if sealed[middle] != "A" else "B") + sealed[middle + 1 :]
    with pytest.raises(SecretsUnreadable):
        unseal(changed)


# --- rotate_secrets ---------------------------------------------------------------------------------------


def profile(account: Account, name: str) -> AuthProfile:
    with scope(account=account):
        row = AuthProfile(account=account, name=name, kind="bearer")
        row.enter_secrets({"token": f"{SECRET}-{name}"})
        row.full_clean()
        row.save()
    return row


def rotate(*options: str) -> str:
    out = StringIO()
    call_command("rotate_secrets", *options, stdout=out, stderr=out)
    return out.getvalue()


@pytest.mark.django_db
def test_every_row_of_every_account_is_re_encrypted(account: Account, other_account: Account, settings: Any) -> None:
    settings.SECRETS_KEYS = [OLD]
    rows = [profile(each, f"p{number}") for each in (account, other_account) for number in range(5)]
    settings.SECRETS_KEYS = [NEW, OLD]
    assert "10 to re-encrypt, 0 current" in rotate("--dry-run")
    assert "10 to re-encrypt, 0 current" in rotate("--dry-run"), "a dry run changes nothing"
    assert "10 re-encrypted, 0 current" in rotate("--batch-size", "3")
    assert "0 re-encrypted, 10 current" in rotate("--batch-size", "5")
    settings.SECRETS_KEYS = [NEW]
    with scopes_disabled():
        for row in rows:
            stored = AuthProfile.objects.get(pk=row.pk)
            assert stored.credential().secrets["token"] == f"{SECRET}-{row.name}"
            assert stored.revision == row.revision, "the secret is the same: tokens and connections stay"


@pytest.mark.django_db
def test_it_goes_on_where_it_was_stopped(account: Account, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.SECRETS_KEYS = [OLD]
    for number in range(6):
        profile(account, f"p{number}")
    settings.SECRETS_KEYS = [NEW, OLD]
    count = 0

    def stopped(sealed: str) -> str | None:
        nonlocal count
        count += 1
        if count > 4:
            raise KeyboardInterrupt
        return reseal(sealed)

    command = "outbound.management.commands.rotate_secrets.reseal"
    with monkeypatch.context() as patch:
        patch.setattr(command, stopped)
        with pytest.raises(KeyboardInterrupt):
            rotate("--batch-size", "2")
    assert "2 re-encrypted, 4 current" in rotate()


@pytest.mark.django_db
def test_a_row_that_no_key_opens_is_named_and_the_others_are_done(account: Account, settings: Any) -> None:
    settings.SECRETS_KEYS = [LOST]
    lost = profile(account, "lost")
    settings.SECRETS_KEYS = [OLD]
    profile(account, "kept")
    settings.SECRETS_KEYS = [NEW, OLD]
    out = StringIO()
    with pytest.raises(CommandError, match="1 rows are opened by no key"):
        call_command("rotate_secrets", stdout=out, stderr=out)
    assert "1 re-encrypted" in out.getvalue()
    assert f"outbound.AuthProfile {lost.pk}: opened by no key" in out.getvalue()
    assert SECRET not in out.getvalue()


@pytest.mark.django_db
def test_what_is_saved_meanwhile_is_not_overwritten(
    account: Account, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SECRETS_KEYS = [OLD]
    row = profile(account, "crm")
    settings.SECRETS_KEYS = [NEW, OLD]

    def somebody_saves(sealed: str) -> str | None:
        row.enter_secrets({"token": "entered meanwhile"})
        row.save()
        return reseal(sealed)

    monkeypatch.setattr("outbound.management.commands.rotate_secrets.reseal", somebody_saves)
    assert "1 changed meanwhile" in rotate()
    row.refresh_from_db()
    assert row.credential().secrets["token"] == "entered meanwhile"


@pytest.mark.django_db
def test_the_database_holds_no_plain_text(account: Account) -> None:
    profile(account, "crm")
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM outbound_authprofile")
        assert SECRET not in repr(cursor.fetchall())


# --- looking up -------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
async def test_a_profile_is_found_by_account_and_name_and_changes_count_at_once(settings: Any) -> None:
    account = await Account.objects.acreate(name="A", slug="a")
    with pytest.raises(OutboundError, match="there is none of this name"):
        await credentials.find(account.pk, "crm")
    row = await sync_to_async(profile)(account, "crm")
    first = await credentials.find(account.pk, "crm")
    assert (first.name, first.secrets["token"]) == ("crm", f"{SECRET}-crm")
    assert await credentials.find(account.pk, "crm") is first
    assert await sync_to_async(credentials.names)(account.pk) == ("crm",)
    with pytest.raises(OutboundError):
        await credentials.find(account.pk + 1, "crm")

    def change() -> None:
        row.enter_secrets({"token": "another"})
        row.save()

    await sync_to_async(change)()
    assert (await credentials.find(account.pk, "crm")).secrets["token"] == "another"
    settings.SECRETS_KEYS = [LOST]
    credentials.known.forget_now()
    with pytest.raises(OutboundError, match="cannot be decrypted") as caught:
        await credentials.find(account.pk, "crm")
    assert (caught.value.code, caught.value.permanent) == ("auth_failed", True)
    await sync_to_async(row.delete)()
    with pytest.raises(OutboundError, match="none of this name"):
        await credentials.find(account.pk, "crm")


@pytest.mark.django_db(transaction=True)
async def test_without_a_database_the_last_known_profile_holds_on(monkeypatch: pytest.MonkeyPatch) -> None:
    account = await Account.objects.acreate(name="A", slug="a")
    await sync_to_async(profile)(account, "crm")
    known = await credentials.find(account.pk, "crm")

    def broken(*_args: Any) -> Any:
        raise OperationalError("gone")

    monkeypatch.setattr(credentials, "_read", broken)
    credentials.known._entries[account.pk, "crm"].fresh_until_s = 0
    assert await credentials.find(account.pk, "crm") is known
