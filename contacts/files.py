"""Files of contacts: read within bounds, written all or nothing."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from tablib import Dataset

from accounts.lazily import lazily
from contacts.resource import PHONE, ContactResource

# It loads openpyxl.
formats = lazily("import_export.formats.base_formats")

LARGEST_FILE = 5 * 1024 * 1024
LARGEST_UNPACKED = 60 * 1000 * 1000
MOST_LINES = 5000
MOST_COLUMNS = 200
MOST_ERRORS = 50
WORKBOOK = b"PK\x03\x04"
DELIMITERS = ",;\t"


class FileRefused(Exception):
    """Nothing of the file was read, or none of its lines taken; ``message`` is a sentence for people."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True)
class Imported:
    """``errors`` (line of the file, sentence): with any, nothing was written."""

    created: int = 0
    changed: int = 0
    errors: list[tuple[int, str]] = field(default_factory=list)


def read(content: bytes) -> Dataset:
    """CSV in UTF-8 or Windows-1252, or the first sheet of an Excel workbook. Raises :class:`FileRefused`."""
    if len(content) > LARGEST_FILE:
        raise FileRefused(_("The file is larger than %(most)d MB.") % {"most": LARGEST_FILE // 1024**2})
    try:
        dataset = _workbook(content) if content.startswith(WORKBOOK) else _csv(content)
    except FileRefused:
        raise
    except Exception as error:  # tablib, csv and openpyxl raise whatever they stumble over
        raise FileRefused(_("This is neither a CSV file nor an Excel workbook that can be read.")) from error
    headers = [str(name or "").strip() for name in dataset.headers or []]
    if PHONE not in headers:
        raise FileRefused(_("The first line must name the columns, and one of them must be “phone”."))
    named = [name for name in headers if name]
    if len(set(named)) < len(named):
        raise FileRefused(_("Two columns have the same name."))
    if len(headers) > MOST_COLUMNS:
        raise FileRefused(_("The file has more than %(most)d columns.") % {"most": MOST_COLUMNS})
    if len(dataset) > MOST_LINES:
        raise FileRefused(_("The file has more than %(most)d lines: divide it.") % {"most": MOST_LINES})
    dataset.headers = headers
    return dataset


def import_contacts(account_id: int, content: bytes) -> Imported:
    """Create and change contacts; inside the account's scope. Raises :class:`FileRefused`."""
    dataset = read(content)
    result = ContactResource(account_id).import_data(dataset, rollback_on_validation_errors=True, use_transactions=True)
    # Line 1 holds the names of the columns.
    errors = [(row.number + 1, _sentence(row.error)) for row in result.invalid_rows]
    errors += [(number + 1, str(each.error)) for number, rows in result.row_errors() for each in rows]
    if result.base_errors or errors:
        whole = [(1, str(each.error)) for each in result.base_errors]
        return Imported(errors=sorted([*whole, *errors])[:MOST_ERRORS])
    return Imported(result.totals["new"], result.totals["update"])


def _sentence(error: object) -> str:
    return " ".join(getattr(error, "messages", None) or [str(error)])


def _csv(content: bytes) -> Dataset:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252")
    if "\x00" in text:
        raise FileRefused(_("This is neither a CSV file nor an Excel workbook that can be read."))
    first = text.partition("\n")[0]
    delimiter = max(DELIMITERS, key=first.count)
    return Dataset().load(text, format="csv", delimiter=delimiter)


def _workbook(content: bytes) -> Dataset:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if sum(part.file_size for part in archive.infolist()) > LARGEST_UNPACKED:
            raise FileRefused(_("The workbook unpacks to more than %(most)d MB.") % {"most": LARGEST_UNPACKED // 10**6})
    return file_format("xlsx").create_dataset(content)


def file_format(name: str) -> Any:
    """``csv`` or ``xlsx``, as django-import-export writes and reads it."""
    return {"csv": formats.CSV, "xlsx": formats.XLSX}[name]()
