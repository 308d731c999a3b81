"""Excel workbooks (.xlsx), read within bounds: a small file may unpack to a huge one. Formulas are never evaluated."""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from accounts.lazily import lazily
from transfers.imports.refusals import ImportRefused

if TYPE_CHECKING:
    import openpyxl
else:
    openpyxl = lazily("openpyxl")

LARGEST_UNPACKED = 100 * 1000 * 1000
LARGEST_STRINGS = 40 * 1000 * 1000
MOST_PARTS = 500
LAST_ROW = 1_048_576
"""Of a sheet in Excel."""
OLD_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""Of Microsoft's compound files: workbooks before 2007, and encrypted ones of today."""
DECLARATIONS = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
PIECE = 1 << 20


def kind_of_old(content: bytes) -> str:
    encrypted = "EncryptedPackage".encode("utf-16-le") in content
    return "protected_workbook" if encrypted else "old_workbook"


def inspect(content: bytes) -> None:
    """Raises ImportRefused for what is no workbook, or would unpack to more than we read, or declares entities."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
            _inspect_sizes(parts)
            for part in parts:
                _inspect_part(archive, part)
    except ImportRefused:
        raise
    # Whatever is wrong inside: zipfile and zlib raise what they stumble over.
    except Exception as error:
        raise ImportRefused("broken_workbook") from error


def _inspect_sizes(parts: list[zipfile.ZipInfo]) -> None:
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > LARGEST_UNPACKED:
        raise ImportRefused("workbook_too_large", limit=LARGEST_UNPACKED // 1_000_000)
    if not any(part.filename == "[Content_Types].xml" for part in parts):
        raise ImportRefused("not_a_table")


def _inspect_part(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    if part.filename.endswith("sharedStrings.xml") and part.file_size > LARGEST_STRINGS:
        raise ImportRefused("workbook_too_large", limit=LARGEST_STRINGS // 1_000_000)
    if not part.filename.endswith((".xml", ".rels")):
        return
    rest = b""
    with archive.open(part) as file:
        while piece := file.read(PIECE):
            # UTF-16 would hide a declaration, and nobody writes it.
            if DECLARATIONS.search(rest + piece) or b"\0" in piece:
                raise ImportRefused("broken_workbook")
            rest = piece[-16:]


def header(content: bytes, most_columns: int) -> list[str]:
    """The first line that is not empty; raises ImportRefused."""
    for _number, cells in _rows(content, most_columns + 1):
        if len(cells) > most_columns:
            raise ImportRefused("too_many_columns", limit=most_columns)
        return cells
    raise ImportRefused("empty")


def lines(content: bytes, width: int, most_rows: int, most_columns: int) -> Iterator[tuple[int, list[str]]]:
    """The lines below a header of ``width`` columns, with their numbers as Excel shows them."""
    rows = _rows(content, most_columns, width)
    next(rows, None)
    for number, cells in rows:
        if number > most_rows + 1:
            raise ImportRefused("too_many_rows", limit=most_rows)
        yield number, cells


def estimate(content: bytes) -> int:
    """About how many lines the first sheet has: its size unpacked, divided by what a line needs at least."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        sheets = [part.file_size for part in archive.infolist() if part.filename.startswith("xl/worksheets/")]
    return max(1, (sheets[0] if sheets else 0) // 120)


def _rows(content: bytes, most_columns: int, width: int = 0) -> Iterator[tuple[int, list[str]]]:
    """Of the first sheet; empty lines are left out, and empty cells at the end of a line.

    Most lines have ``width`` cells at most, and a gap may hold a million lines: neither is looked at cell by cell.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            workbook = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
            sheet = workbook.worksheets[0]
            sheet.reset_dimensions()
            rows = sheet.iter_rows(max_row=LAST_ROW, max_col=most_columns, values_only=True)
            for number, row in enumerate(rows, 1):
                if row.count(None) == len(row):
                    continue
                narrow = width and row[width:].count(None) == len(row) - width
                cells = [_text(value) for value in (row[:width] if narrow else row)]
                while cells and not cells[-1]:
                    cells.pop()
                if cells:
                    yield number, cells
    except ImportRefused:
        raise
    # Whatever is wrong inside: openpyxl raises what it stumbles over.
    except Exception as error:
        raise ImportRefused("broken_workbook") from error


def _unescaped(found: re.Match[str]) -> str:
    """Half a surrogate pair is no character, and nothing can store it."""
    code = int(found[1], 16)
    return "\ufffd" if 0xD800 <= code <= 0xDFFF else chr(code)


def _text(value: Any) -> str:
    """What a cell shows; numbers without the decimals and the exponent that nobody typed."""
    if isinstance(value, str):
        return ESCAPED.sub(_unescaped, value) if "_x" in value else value
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)
