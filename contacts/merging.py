"""Creating and changing contacts so that nobody's change is lost, and a repeat changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from contacts.models import Contact
from contacts.values import normalise_phone, validate_attributes, validate_external_ids


def find_contact(number: str) -> Contact | None:
    """The contact of a caller; call it inside the account's scope. One look-up in an index."""
    phone = normalise_phone(number)
    return Contact.objects.filter(phone=phone).first() if phone else None


def merge_contact(
    account_id: int, number: str, *, attributes: Mapping[str, Any], external_ids: Mapping[str, Any]
) -> tuple[Contact, bool]:
    """Set these names of the contact with this number, remove those that are None, keep the rest.

    Returns the contact, and whether it is new. Raises ValidationError. Call it inside the account's scope.
    """
    phone = normalise_phone(number)
    if not phone:
        raise ValidationError({"phone": "empty"})
    for _try in range(2):
        with transaction.atomic():
            contact = _locked(phone)
            if contact is not None:
                return _merged(contact, attributes, external_ids), False
        try:
            with transaction.atomic():
                contact = Contact(account_id=account_id, phone=phone)
                return _merged(contact, attributes, external_ids), True
        except IntegrityError:
            # Somebody else has just created it.
            continue
    raise RuntimeError("a contact that exists cannot be found")


def contact_json(contact: Contact) -> dict[str, Any]:
    """The value of the name ``contact`` in templates and conditions."""
    return {"phone": contact.phone, "attributes": contact.attributes, "external_ids": contact.external_ids}


def _locked(phone: str) -> Contact | None:
    return Contact.objects.select_for_update().filter(phone=phone).first()


def _merged(contact: Contact, attributes: Mapping[str, Any], external_ids: Mapping[str, Any]) -> Contact:
    before = (contact.attributes, contact.external_ids)
    contact.attributes = overlaid(contact.attributes, attributes)
    contact.external_ids = overlaid(contact.external_ids, external_ids)
    validate_attributes(contact.attributes)
    validate_external_ids(contact.external_ids)
    if contact._state.adding or before != (contact.attributes, contact.external_ids):
        contact.save()
    return contact


def overlaid(known: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """``known`` with these names set, and those that are None removed."""
    return {name: value for name, value in {**known, **changes}.items() if value is not None}
