"""Contacts: one for each number, changed name by name, by many at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django_scopes import scope

from accounts.models import Account
from contacts import merging
from contacts.merging import find_contact, merge_contact
from contacts.models import Contact
from contacts.values import normalise_phone

PHONE = "+33612345678"


@pytest.fixture
def in_account(account: Account) -> Iterator[Account]:
    with scope(account=account):
        yield account


def merge(account: Account, number: str = PHONE, /, ids: Any = None, **attributes: Any) -> tuple[Contact, bool]:
    return merge_contact(account.pk, number, attributes=attributes, external_ids=ids or {})


@pytest.mark.parametrize(
    ("number", "phone"),
    [
        ("+33 6 12 34 56 78", PHONE),
        ("  +33612345678 ", PHONE),
        ("0612345678", "0612345678"),
        ("sip:ada@lac.example", "sip:ada@lac.example"),
        ("anonymous", ""),
        ("Anonymous@anonymous.invalid", ""),
        ("unavailable", ""),
        ("", ""),
        ("a\x00b", ""),
    ],
)
def test_a_number_is_kept_in_one_form(number: str, phone: str) -> None:
    assert normalise_phone(number) == phone


def test_a_contact_is_created_changed_and_keeps_what_was_not_named(in_account: Account) -> None:
    contact, is_new = merge(in_account, tier="gold", age=40, ids={"crm": "7"})
    assert is_new
    contact, is_new = merge(in_account, "+33 6 12 34 56 78", tier="iron", age=None)
    assert not is_new
    assert (contact.attributes, contact.external_ids) == ({"tier": "iron"}, {"crm": "7"})
    contact, _is_new = merge(in_account, ids={"crm": None})
    assert contact.external_ids == {}


def test_a_repeat_changes_nothing(in_account: Account) -> None:
    before, _is_new = merge(in_account, tier="gold")
    after, _is_new = merge(in_account, tier="gold")
    assert after.updated_at == before.updated_at


def test_accounts_know_nothing_of_each_others_contacts(in_account: Account, other_account: Account) -> None:
    merge(in_account, tier="gold")
    with scope(account=other_account):
        assert find_contact(PHONE) is None
        assert merge(other_account, tier="iron")[1]
    assert find_contact(PHONE).attributes == {"tier": "gold"}  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "changes",
    [
        {"attributes": {"": 1}},
        {"attributes": {"x" * 101: 1}},
        {"attributes": {f"n{index}": 1 for index in range(201)}},
        {"attributes": {"x": "y" * 70_000}},
        {"external_ids": {"crm": 7}},
        {"external_ids": {"crm": "x" * 256}},
    ],
)
def test_what_is_too_much_is_refused(in_account: Account, changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        merge_contact(in_account.pk, PHONE, **{"attributes": {}, "external_ids": {}, **changes})
    assert not Contact.objects.exists()


def test_somebody_elses_contact_created_meanwhile_is_changed(
    in_account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    Contact.objects.create(account=in_account, phone=PHONE, attributes={"theirs": 1})
    look, missed = merging._locked, []

    def too_early(phone: str) -> Contact | None:
        if not missed:
            missed.append(phone)
            return None
        return look(phone)

    monkeypatch.setattr(merging, "_locked", too_early)
    contact, is_new = merge(in_account, mine=2)
    assert (is_new, contact.attributes) == (False, {"theirs": 1, "mine": 2})


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite in memory lets one thread write, or fails")
@pytest.mark.django_db(transaction=True)
def test_changes_at_once_are_all_kept(account: Account) -> None:
    names = [f"n{index}" for index in range(8)]
    failures: list[BaseException] = []

    def work(name: str) -> None:
        try:
            with scope(account=account):
                merge(account, PHONE, **{name: True})
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    with scope(account=account):
        assert Contact.objects.get().attributes == dict.fromkeys(names, True)
