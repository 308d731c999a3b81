"""What a file is: its content decides, its name helps where text looks like text."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path, PurePath

from knowledge.extraction.contract import Unreadable

PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
HTML = "text/html"
CSV = "text/csv"
MARKDOWN = "text/markdown"
TEXT = "text/plain"

BY_SUFFIX = {
    ".pdf": PDF,
    ".docx": DOCX,
    ".xlsx": XLSX,
    ".pptx": PPTX,
    ".html": HTML,
    ".htm": HTML,
    ".xhtml": HTML,
    ".csv": CSV,
    ".tsv": CSV,
    ".md": MARKDOWN,
    ".markdown": MARKDOWN,
    ".txt": TEXT,
    ".text": TEXT,
}

HEAD_BYTES = 4096
"""So much of a file is enough for ``looks_like``."""

_PARTS = {"word/document.xml": DOCX, "xl/workbook.xml": XLSX, "ppt/presentation.xml": PPTX}
_OFFICE = frozenset(_PARTS.values())
_HTML_START = re.compile(r"\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)*<(!doctype\s+html|html|head|body)\b", re.I | re.S)
_ARCHIVE, _OLD_OFFICE = "archive", "old office"


def suffix_of(name: str) -> str:
    return PurePath(name).suffix.lower()


def looks_like(head: bytes, name: str) -> str | None:
    """A first look: the media type that the name says, if the beginning of the content allows it, otherwise None."""
    named, kind = BY_SUFFIX.get(suffix_of(name)), _container(head)
    if kind == _OLD_OFFICE:
        # A document with a password is kept in the old container: reading it says so.
        return named if named in _OFFICE else None
    if kind is not None or _is_binary(head):
        return named if kind is not None and named is not None else None
    return named if named not in {PDF, *_OFFICE} else None


def media_type(path: Path, name: str) -> str:
    """Raises Unreadable: unsupported, encrypted, damaged."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    named, kind = BY_SUFFIX.get(suffix_of(name)), _container(head)
    if kind == PDF:
        return PDF
    if kind == _ARCHIVE:
        return _office(path)
    if kind == _OLD_OFFICE:
        locked = "EncryptedPackage".encode("utf-16-le") in path.read_bytes()
        raise Unreadable("encrypted" if locked else "unsupported", "OLE2")
    if _is_binary(head):
        raise Unreadable("damaged" if named in {PDF, *_OFFICE} else "unsupported", "binary")
    if named in {PDF, *_OFFICE}:
        raise Unreadable("damaged", "text")
    if named in {None, TEXT} and _HTML_START.match(head.decode("latin-1").lstrip("ï»¿")):
        return HTML
    return named or TEXT


def _container(head: bytes) -> str | None:
    if b"%PDF-" in head[:1024]:
        return PDF
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _ARCHIVE
    return _OLD_OFFICE if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") else None


def _is_binary(head: bytes) -> bool:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return False
    controls = sum(byte < 9 or (13 < byte < 32 and byte != 27) for byte in head)
    return b"\0" in head or controls > len(head) / 20


def _office(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise Unreadable("damaged", str(error)) from error
    for part, kind in _PARTS.items():
        if part in names:
            return kind
    raise Unreadable("unsupported", "zip")
