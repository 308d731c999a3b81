"""Contacts in the API."""

from __future__ import annotations

import pytest
from django_scopes import scope

from accounts.models import Account
from contacts.models import Contact
from tests.api.conftest import Api, fields_of

PHONE = "+33612345678"


@pytest.fixture
def contact(account: Account) -> Contact:
    with scope(account=account):
        return Contact.objects.create(account=account, phone=PHONE, attributes={"tier": "gold", "age": 4})


def test_a_contact_is_found_by_its_number(api: Api, contact: Contact) -> None:
    assert api.get("contacts?phone=%2B33%206%2012%2034%2056%2078").json()["results"][0]["id"] == contact.pk
    assert api.get("contacts?phone=%2B33199000001").json()["results"] == []
    assert len(api.get("contacts/").json()["results"]) == 1


def test_a_contact_is_changed_name_by_name(api: Api, contact: Contact) -> None:
    changed = api.patch(
        f"contacts/{contact.pk}", {"attributes": {"age": None, "vip": True}, "external_ids": {"crm": "7"}}
    )
    assert changed.json()["attributes"] == {"tier": "gold", "vip": True}
    assert api.get(f"contacts/{contact.pk}").json()["external_ids"] == {"crm": "7"}


def test_what_does_not_fit_is_refused(api: Api, contact: Contact) -> None:
    assert fields_of(api.patch(f"contacts/{contact.pk}", {"attributes": []})) == {"attributes"}
    assert fields_of(api.patch(f"contacts/{contact.pk}", {"phone": "+33"})) == {"phone"}
    assert api.patch(f"contacts/{contact.pk}", {"external_ids": {"crm": 7}}).status_code == 422
    assert api.post("contacts", {}).status_code == 405


def test_strangers_see_nothing(stranger_api: Api, contact: Contact) -> None:
    assert stranger_api.get("contacts").json()["results"] == []
    assert stranger_api.patch(f"contacts/{contact.pk}", {}).status_code == 404
