"""Destinations of a transfer in the API: nested while they are few, at their own address however many."""

from __future__ import annotations

import pytest
from django_scopes import scope

from actions.models import Agent
from tests.api.conftest import Api, fields_of
from transfers.action import TransferAction
from transfers.directory import after_bulk_change
from transfers.models import TransferDestination

LIST = "agents/accueil/actions/transfer/destinations"


@pytest.fixture
def transfer(agent: Agent) -> TransferAction:
    with scope(account=agent.account):
        return TransferAction.objects.create(agent=agent, moment="during", name="transfer")


@pytest.fixture
def directory(transfer: TransferAction) -> TransferAction:
    """With sixty destinations."""
    with scope(account=transfer.agent.account):
        TransferDestination.objects.bulk_create(
            TransferDestination(action=transfer, phone=f"+33639980{number:03d}", description=f"Agence {number}")
            for number in range(60)
        )
        after_bulk_change(transfer.pk)
    return transfer


def test_one_is_added_read_changed_and_deleted(api: Api, transfer: TransferAction) -> None:
    made = api.post(LIST, {"phone": "+33 1 99 00 00 10", "description": "Accueil"})
    assert made.status_code == 201, made.content
    one = f"{LIST}/{made.json()['id']}"
    assert made.json()["phone"] == "+33199000010"
    assert api.patch(one, {"enabled": False}).json()["enabled"] is False
    assert api.get(f"{LIST}?enabled=false").json()["count"] == 1
    assert api.get(one).json()["description"] == "Accueil"
    assert api("DELETE", one).status_code == 204
    assert api.get(LIST).json()["results"] == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"phone": "+33112"}, "phone"),
        ({"phone": "+33899123456"}, "phone"),
        ({"phone": "0612345678"}, "phone"),
        ({}, "phone"),
        ({"type": "sip_uri", "sip_uri": "sip:a@b?X=1"}, "sip_uri"),
        ({"type": "agent", "agent": "garage"}, "agent"),
    ],
)
def test_what_cannot_be_rung_is_refused(api: Api, transfer: TransferAction, body: dict[str, str], field: str) -> None:
    assert field in fields_of(api.post(LIST, body))


def test_the_same_number_is_refused_twice(api: Api, transfer: TransferAction) -> None:
    assert api.post(LIST, {"phone": "+33199000010"}).status_code == 201
    assert fields_of(api.post(LIST, {"phone": "+33199000010"})) == {"phone"}


def test_a_search_finds_by_words_with_typos_and_by_digits(api: Api, directory: TransferAction) -> None:
    found = api.get(f"{LIST}?search=ajence%2042").json()["results"]
    assert found[0]["description"] == "Agence 42"
    assert [row["description"] for row in api.get(f"{LIST}?search=98%2000%2042").json()["results"]] == ["Agence 42"]


def test_a_long_list_is_not_nested_and_stays_as_it_is(api: Api, directory: TransferAction) -> None:
    path = "agents/accueil/actions/transfer"
    shown = api.get(path).json()
    assert shown["destinations"] is None
    assert shown["destination_count"] == 60
    assert api.patch(path, {"description": "Quand on le demande."}).json()["destination_count"] == 60
    put = api.put(path, {"kind": "transfer", "moment": "during", "name": "transfer"})
    assert put.status_code == 200, put.content
    assert put.json()["destination_count"] == 60


def test_a_long_list_is_replaced_by_a_short_one_that_is_given(api: Api, directory: TransferAction) -> None:
    path = "agents/accueil/actions/transfer"
    shown = api.patch(
        path, {"destinations": [{"phone": "+33199000010"}, {"type": "sip_uri", "sip_uri": "sip:a@b.example"}]}
    )
    assert shown.status_code == 200, shown.content
    assert [row["phone"] for row in shown.json()["destinations"]] == ["+33199000010", None]
    assert shown.json()["destination_count"] == 2


def test_a_nested_list_holds_fifty_at_most(api: Api, transfer: TransferAction) -> None:
    rows = [{"phone": f"+33639980{number:03d}"} for number in range(51)]
    assert "destinations" in fields_of(api.patch("agents/accueil/actions/transfer", {"destinations": rows}))


def test_a_put_without_destinations_empties_a_short_list(api: Api, transfer: TransferAction) -> None:
    api.post(LIST, {"phone": "+33199000010"})
    put = api.put("agents/accueil/actions/transfer", {"kind": "transfer", "moment": "during", "name": "transfer"})
    assert put.json()["destinations"] == []


def test_another_account_sees_none_of_it(stranger_api: Api, directory: TransferAction) -> None:
    with scope(account=directory.agent.account):
        pk = directory.destinations.values_list("pk", flat=True)[0]
    for method, path in (("GET", LIST), ("POST", LIST), ("GET", f"{LIST}/{pk}"), ("DELETE", f"{LIST}/{pk}")):
        assert stranger_api(method, path, {"phone": "+33199000010"}).status_code == 404
