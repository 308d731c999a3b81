"""Contacts in the admin: read, and found by number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django_scopes import scope

from accounts.models import Account
from contacts.models import Contact


@pytest.mark.parametrize("asked", ["3361234", "06 12 34 56", "06.12.34.56.78", "(0)6 12", "t-4711", "+33 6 12"])
def test_a_contact_is_found_by_its_number_however_written_and_by_its_ids(
    client_for: Callable[..., Client], viewer_user: Any, account: Account, asked: str
) -> None:
    with scope(account=account):
        ids, known = {"crm": "T-4711"}, {"firstName": "Zoé", "orders": [1]}
        Contact.objects.create(account=account, phone="+33612345678", attributes=known, external_ids=ids)
        Contact.objects.create(account=account, phone="+33799999999")
    page = client_for(viewer_user).get("/admin/contacts/contact/", {"q": asked}).content.decode()
    assert "+33612345678" in page
    assert "firstName = Zoé" in page
    assert "crm = T-4711" in page
    assert "+33799999999" not in page


def test_members_read_the_contacts_of_their_account(
    client_for: Callable[..., Client], viewer_user: Any, stranger: Any, account: Account
) -> None:
    with scope(account=account):
        contact = Contact.objects.create(account=account, phone="+33612345678", attributes={"tier": "gold"})
    viewer = client_for(viewer_user)
    assert b"+33612345678" in viewer.get("/admin/contacts/contact/?q=3361234").content
    assert b"gold" in viewer.get(f"/admin/contacts/contact/{contact.pk}/change/").content
    assert viewer.post(f"/admin/contacts/contact/{contact.pk}/change/", {"phone": "x"}).status_code == 403
    assert b"+33612345678" not in client_for(stranger).get("/admin/contacts/contact/").content
