from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.core.exceptions import ValidationError
from django.db import OperationalError, connection
from django.db.utils import IntegrityError
from django_scopes import scope
from django_scopes.exceptions import ScopeError

from accounts.models import Account
from outbound import allow_list
from outbound.allow_list import allowed_private_hosts, is_granted, parse_entry
from outbound.apps import check_allowed_private_hosts
from outbound.models import AllowedHost
from outbound.targets import InvalidHost

# The look-up runs in another thread than the test, which sees only what is committed.
database = pytest.mark.django_db(transaction=True)


@pytest.fixture
def _forgotten() -> None:
    allow_list.known.forget_now()


@pytest.fixture
async def accounts(db: None, transactional_db: None, _forgotten: None) -> list[Account]:
    return [await Account.objects.acreate(name=slug, slug=slug) for slug in ("acme", "borel")]


async def allow(account: Account, host: str, port: int | None = None) -> AllowedHost:
    def create() -> AllowedHost:
        with scope(account=account):
            return AllowedHost.objects.create(account=account, host=host, port=port, reason="CRM on their own network")

    return await sync_to_async(create)()


@database
async def test_an_account_sees_its_own_hosts_without_a_scope(accounts: list[Account]) -> None:
    acme, borel = accounts
    await allow(acme, "CRM.Internal.", 8443)
    await allow(acme, "[FD00::0001]")
    assert await allowed_private_hosts(acme.pk) == {("crm.internal", 8443), ("fd00::1", None)}
    assert await allowed_private_hosts(borel.pk) == frozenset()
    assert await is_granted(acme.pk, "crm.internal", 8443)
    assert not await is_granted(acme.pk, "crm.internal", 443)
    assert await is_granted(acme.pk, "fd00::1", 443)
    assert not await is_granted(borel.pk, "crm.internal", 8443)


@database
async def test_a_change_in_this_process_counts_at_once(accounts: list[Account]) -> None:
    acme, _borel = accounts
    assert await allowed_private_hosts(acme.pk) == frozenset()
    row = await allow(acme, "crm.internal")
    assert await allowed_private_hosts(acme.pk) == {("crm.internal", None)}
    await sync_to_async(row.delete)()
    assert await allowed_private_hosts(acme.pk) == frozenset()


@database
async def test_the_list_is_read_once_and_again_within_five_seconds(
    accounts: list[Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    acme, _borel = accounts
    reads: list[int] = []
    read_hosts = allow_list._read_hosts
    monkeypatch.setattr(allow_list, "_read_hosts", lambda pk: reads.append(pk) or read_hosts(pk))
    for _ in range(10):
        await allowed_private_hosts(acme.pk)
    assert len(reads) == 1

    # Another process grants a host: no signal arrives here.
    def insert() -> None:
        with scope(account=acme):
            AllowedHost.objects.bulk_create([AllowedHost(account=acme, host="crm.internal", reason="CRM")])

    await sync_to_async(insert)()
    now_s = time.monotonic()
    monkeypatch.setattr("accounts.remembered.time.monotonic", lambda: now_s + 5)
    assert await allowed_private_hosts(acme.pk) == {("crm.internal", None)}
    assert len(reads) == 2


@database
async def test_while_one_request_looks_others_go_on_with_what_is_known(
    accounts: list[Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    acme, _borel = accounts
    await allowed_private_hosts(acme.pk)
    reads: list[int] = []
    read_hosts = allow_list._read_hosts
    monkeypatch.setattr(allow_list, "_read_hosts", lambda pk: reads.append(pk) or read_hosts(pk))
    now_s = time.monotonic()
    monkeypatch.setattr("accounts.remembered.time.monotonic", lambda: now_s + 4.5)
    await asyncio.gather(*(allowed_private_hosts(acme.pk) for _ in range(50)))
    assert len(reads) == 1


@database
async def test_what_was_read_before_a_change_is_not_kept_after_it(
    accounts: list[Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    acme, _borel = accounts
    read_hosts = allow_list._read_hosts

    def read_then_change(account_id: int) -> Any:
        hosts = read_hosts(account_id)
        with scope(account=acme):
            AllowedHost.objects.create(account=acme, host="crm.internal", reason="CRM")
        return hosts

    monkeypatch.setattr(allow_list, "_read_hosts", read_then_change)
    await allowed_private_hosts(acme.pk)
    monkeypatch.setattr(allow_list, "_read_hosts", read_hosts)
    assert await allowed_private_hosts(acme.pk) == {("crm.internal", None)}


@database
async def test_without_a_database_the_last_known_list_holds_and_nothing_more(
    accounts: list[Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    acme, borel = accounts
    await allow(acme, "crm.internal")
    await allowed_private_hosts(acme.pk)

    def fail(_account_id: int) -> Any:
        raise OperationalError("the database is gone")

    monkeypatch.setattr(allow_list, "_read_hosts", fail)
    now_s = time.monotonic()
    monkeypatch.setattr("accounts.remembered.time.monotonic", lambda: now_s + 60)
    assert await allowed_private_hosts(acme.pk) == {("crm.internal", None)}
    assert await allowed_private_hosts(borel.pk) == frozenset()


@database
async def test_a_look_up_holds_no_connection_afterwards(accounts: list[Account]) -> None:
    await allowed_private_hosts(accounts[0].pk)

    def open_connection() -> Any:
        return None if connection.vendor == "sqlite" and connection.is_in_memory_db() else connection.connection

    assert await sync_to_async(open_connection)() is None


@pytest.mark.django_db
def test_the_list_is_closed_outside_of_a_scope() -> None:
    with pytest.raises(ScopeError):
        AllowedHost.objects.count()


@pytest.mark.django_db
@pytest.mark.parametrize("port", [443, None])
def test_a_host_is_listed_once_per_account_and_port(port: int | None) -> None:
    account = Account.objects.create(name="Acme", slug="acme")
    with scope(account=account):
        AllowedHost.objects.create(account=account, host="crm.internal", port=port, reason="CRM")
        with pytest.raises(IntegrityError):
            AllowedHost.objects.create(account=account, host="CRM.internal", port=port, reason="CRM")


@pytest.mark.parametrize(
    "host", ["", "http://crm.internal", "crm.internal:443", "crm.internal/x", "user@crm", "2130706433", "fe80::1%eth0"]
)
def test_what_is_no_host_cannot_be_listed(host: str) -> None:
    with pytest.raises(ValidationError) as caught:
        AllowedHost(host=host, reason="CRM").clean()
    assert set(caught.value.message_dict) == {"host"}
    with pytest.raises(InvalidHost):
        AllowedHost(host=host, reason="CRM").save()


@pytest.mark.parametrize("host", ["169.254.169.254", "fd00:ec2::254", "::ffff:10.0.0.1", "0.0.0.0"])
def test_an_address_that_is_never_reached_cannot_be_listed(host: str) -> None:
    with pytest.raises(ValidationError):
        AllowedHost(host=host, reason="CRM").clean()


@pytest.mark.parametrize(
    ("host", "port", "text"),
    [
        ("crm.internal", None, "crm.internal"),
        ("crm.internal", 443, "crm.internal:443"),
        ("fd00::1", 80, "[fd00::1]:80"),
    ],
)
def test_a_listed_host_reads_as_in_a_url(host: str, port: int | None, text: str) -> None:
    row = AllowedHost(host=host, port=port)
    assert str(row) == text
    assert parse_entry(text) == (host, port)


@pytest.mark.parametrize("entry", ["", ":80", "crm:0", "crm:65536", "http://crm", "crm:http", "10.0.0.0/8"])
def test_a_bad_entry_in_the_settings_fails_the_system_check(entry: str, settings: Any) -> None:
    settings.OUTBOUND_ALLOWED_PRIVATE_HOSTS = ["good.internal", entry]
    assert [message.id for message in check_allowed_private_hosts()] == ["outbound.E001"]
    settings.OUTBOUND_ALLOWED_PRIVATE_HOSTS = ["good.internal", " 10.0.0.5:8080 ", "fd00::1"]
    assert check_allowed_private_hosts() == []
