"""Contacts in the admin: read, and found by number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.test import Client
from django_scopes import scope

from accounts.models import Account
from contacts.models import Contact


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
