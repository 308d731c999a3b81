"""Contacts as lines of a file: ``phone``, then one column for each attribute, and ``id:<system>`` for external ids.

An empty cell leaves what the contact has. Cells are text, and numbers and yes/no where a workbook has them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _
from import_export.fields import Field
from import_export.resources import ModelResource
from import_export.widgets import CharWidget
from tablib import Dataset

from accounts.spreadsheets import escape, unescape
from contacts.merging import overlaid
from contacts.models import Contact
from contacts.values import normalise_phone

PHONE, ID_PREFIX = "phone", "id:"


class PhoneWidget(CharWidget):
    """A number in international form, with or without the spaces that people type."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> str:
        text = str(value if value is not None else "").strip()
        if text.isdecimal() and not text.startswith("0"):
            # Spreadsheets take +33612345678 for a number, and drop the plus.
            text = f"+{text}"
        phone = normalise_phone(unescape(text))
        if not phone.startswith("+"):
            raise ValueError(_("“%(text)s” is no phone number in international form.") % {"text": text[:40]})
        return phone


class ContactResource(ModelResource):
    """Used inside the account's scope. Contacts that no line names stay as they are."""

    phone = Field(attribute=PHONE, column_name=PHONE, widget=PhoneWidget())

    class Meta:
        model = Contact
        fields = (PHONE,)
        import_id_fields = (PHONE,)
        clean_model_instances = True
        use_transactions = True
        skip_diff = True
        store_row_values = False

    def __init__(self, account_id: int) -> None:
        super().__init__()
        self.account_id = account_id
        self._seen: set[str] = set()

    def get_queryset(self) -> models.QuerySet[Contact]:
        return Contact.objects.select_for_update()

    def init_instance(self, row: Any = None) -> Contact:
        return Contact(account_id=self.account_id)

    def import_instance(self, instance: Contact, row: Any, **kwargs: Any) -> None:
        super().import_instance(instance, row, **kwargs)
        if instance.phone in self._seen:
            raise ValidationError({PHONE: _("This number is in the file twice.")})
        self._seen.add(instance.phone)
        cells = {str(name).strip(): value for name, value in row.items() if name is not None}
        given = {name: _value(cell) for name, cell in cells.items() if name and name != PHONE}
        known = {name: value for name, value in given.items() if value not in (None, "")}
        ids = {name: str(value) for name, value in known.items() if name.startswith(ID_PREFIX)}
        attributes = {name: value for name, value in known.items() if name not in ids}
        instance.attributes = overlaid(instance.attributes, attributes)
        instance.external_ids = overlaid(
            instance.external_ids, {name.removeprefix(ID_PREFIX).strip(): value for name, value in ids.items()}
        )


def _value(cell: Any) -> Any:
    if isinstance(cell, bool | int | float) or cell is None:
        return cell
    if isinstance(cell, dt.datetime | dt.date | dt.time):
        return cell.isoformat()
    return unescape(str(cell).strip())


def as_dataset(contacts: Iterable[Contact]) -> Dataset:
    """A file that imports again; text that a spreadsheet would run is made harmless."""
    rows = list(contacts)
    attributes = sorted({name for contact in rows for name in contact.attributes})
    systems = sorted({name for contact in rows for name in contact.external_ids})
    headers = [PHONE, *(escape(name) for name in attributes), *(f"{ID_PREFIX}{name}" for name in systems)]
    dataset = Dataset(headers=headers)
    for contact in rows:
        cells = [contact.attributes.get(name) for name in attributes]
        cells += [contact.external_ids.get(name) for name in systems]
        dataset.append([escape(contact.phone), *(_cell(cell) for cell in cells)])
    return dataset


def _cell(value: Any) -> Any:
    if isinstance(value, bool | int | float):
        return value
    return "" if value is None else escape(value if isinstance(value, str) else str(value))
