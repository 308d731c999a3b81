"""The numbers of an action as a file that can be imported again: CSV or XLSX, written while it is sent."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from accounts.spreadsheets import escape
from transfers.action import TransferAction
from transfers.imports.resource import FORMATS, NumberResource
from transfers.imports.workbook_writer import workbook

BOM = b"\xef\xbb\xbf"
BATCH = 5000

Row = tuple[str, str]


@dataclass(frozen=True)
class Download:
    """``pieces`` have to be walked inside the account's scope."""

    file_name: str
    content_type: str
    pieces: Iterator[bytes]


def stream(action: TransferAction, format: str) -> Download:
    """``format``: one of ``FORMATS``."""
    resource = NumberResource(action.pk)
    headers = resource.get_export_headers()
    rows = resource.get_queryset().order_by("position", "id").values_list("phone", "description")
    batches = _batches((phone or "", escape(text)) for phone, text in rows.iterator(BATCH))
    pieces = workbook(headers, batches) if format == "xlsx" else _csv(headers, batches)
    return Download(f"{action.name}.{format}", content_type(format), pieces)


def content_type(format: str) -> str:
    return FORMATS[format]


def export(action: TransferAction, format: str) -> tuple[str, bytes]:
    """(file name, content)"""
    download = stream(action, format)
    return download.file_name, b"".join(download.pieces)


def _batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    iterator = iter(rows)
    while batch := list(islice(iterator, BATCH)):
        yield batch


def _csv(headers: list[str], batches: Iterator[list[Row]]) -> Iterator[bytes]:
    """With a mark by which Excel knows UTF-8."""
    yield BOM
    yield _csv_piece([headers])
    for batch in batches:
        yield _csv_piece(batch)


def _csv_piece(rows: Iterable[Iterable[str]]) -> bytes:
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows(rows)
    return buffer.getvalue().encode()
