"""A file as lines of cells, whatever it was written by. Nothing of it is believed, and nothing evaluated."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from transfers.imports import workbooks
from transfers.imports.columns import Columns, find_columns, names_phone
from transfers.imports.refusals import ImportRefused

LARGEST_FILE = 5 * 1024 * 1024
MOST_ROWS = 600_000
MOST_COLUMNS = 100
DELIMITERS = ",;\t"
HEADER_CHARS = 20_000
BINARY = re.compile(rb"[\x01-\x08\x0e-\x1a\x1c-\x1f]")
OTHER_FILES = (
    b"%PDF",
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"\x1f\x8b",
    b"Rar!",
    b"7z\xbc\xaf",
    b"{\\rtf",
    b"\x7fELF",
)

Line = tuple[int, Sequence[str]]
"""The number of a line in the file, counted from 1, and its cells."""


@dataclass(frozen=True)
class Table:
    """A file whose columns are known. ``lines`` may be walked as often as needed."""

    format: str
    encoding: str
    delimiter: str
    columns: Columns
    source: str | bytes
    header_lines: int

    @property
    def estimate(self) -> int:
        """About how many lines there are, without reading them."""
        if isinstance(self.source, bytes):
            return workbooks.estimate(self.source)
        return max(self.source.count("\n") - 1, self.source.count("\r") - 1, 1)

    def lines(self) -> Iterator[Line]:
        """Those below the header, in order, empty ones left out. Raises ImportRefused where reading has to stop."""
        if isinstance(self.source, bytes):
            return workbooks.lines(self.source, self.columns.width, MOST_ROWS, MOST_COLUMNS)
        return _csv_lines(self.source, self.delimiter, self.header_lines)

    @property
    def as_json(self) -> dict[str, object]:
        return {
            "format": self.format,
            "encoding": self.encoding,
            "delimiter": self.delimiter,
            "ignored": list(self.columns.ignored),
            "has_description": self.columns.description is not None,
        }


def read_table(content: bytes) -> Table:
    """Raises ImportRefused, before much is read, for what is no table of numbers."""
    if len(content) > LARGEST_FILE:
        raise ImportRefused("too_large", limit=LARGEST_FILE // 1024**2)
    if not content.strip(b"\xef\xbb\xbf\xff\xfe \t\r\n\0"):
        raise ImportRefused("empty")
    if content.startswith(b"PK\x03\x04"):
        workbooks.inspect(content)
        return Table("xlsx", "", "", find_columns(workbooks.header(content, MOST_COLUMNS)), content, 1)
    if content.startswith(workbooks.OLD_MAGIC):
        raise ImportRefused(workbooks.kind_of_old(content))
    text, encoding = _decode(content)
    return _csv_table(text, encoding)


def _decode(content: bytes) -> tuple[str, str]:
    """UTF-8 or UTF-16 with its mark, plain UTF-8, otherwise what Windows writes in Western Europe."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    elif content.startswith(b"\xef\xbb\xbf"):
        encodings = ["utf-8-sig"]
    else:
        if content.startswith(OTHER_FILES) or len(BINARY.findall(content[:10_000])) > 3:
            raise ImportRefused("not_a_table")
        encodings = ["utf-8", "cp1252"]
    for encoding in encodings:
        try:
            return content.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    raise ImportRefused("encoding")


def _csv_table(text: str, encoding: str) -> Table:
    header_lines = 0
    delimiters = DELIMITERS
    # Excel may be told the delimiter by a line of its own.
    if hint := re.match(r'"?sep=([,;\t])"?(\r\n|\r|\n)', text):
        delimiters, header_lines, text = hint[1], 1, text[hint.end() :]
    headers = {delimiter: _first_record(text, delimiter) for delimiter in delimiters}
    for delimiter, (header, lines) in headers.items():
        if names_phone(header):
            return Table("csv", encoding, delimiter, find_columns(header), text, header_lines + lines)
    widest, _lines = max(headers.values(), key=lambda found: len(found[0]))
    find_columns(widest)
    raise ImportRefused("not_a_table")


def _first_record(text: str, delimiter: str) -> tuple[list[str], int]:
    """The cells of the first line that is not empty, and at which line it ends."""
    reader = csv.reader(io.StringIO(text[:HEADER_CHARS], newline=""), delimiter=delimiter)
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                if len(row) > MOST_COLUMNS:
                    raise ImportRefused("too_many_columns", limit=MOST_COLUMNS)
                return row, reader.line_num
    except csv.Error:
        pass
    return [], 0


def _csv_lines(text: str, delimiter: str, header_lines: int) -> Iterator[Line]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    line, last = 1, 1
    header_seen = False
    try:
        for row in reader:
            if row:
                if header_seen:
                    yield line, row
                    last = line
                elif any(cell.strip() for cell in row):
                    header_seen = True
            line = reader.line_num + 1
    except csv.Error as error:
        raise ImportRefused("open_quote" if '"' in text else "cell_too_long", line=line) from error
    _refuse_open_quote(text, delimiter, last)


def _refuse_open_quote(text: str, delimiter: str, first: int) -> None:
    """The reader ends a quotation at the end of the file without a word: look at its last record once more."""
    if '"' not in text:
        return
    record = list(io.StringIO(text, newline=""))[first - 1 :]
    try:
        list(csv.reader(record, delimiter=delimiter, strict=True))
    except csv.Error as error:
        if "unexpected end" in str(error):
            raise ImportRefused("open_quote", line=first) from error
