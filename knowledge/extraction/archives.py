"""Office documents are archives of XML: how much they unpack to, and what their XML declares, is looked at first."""

from __future__ import annotations

import zipfile
from pathlib import Path

from knowledge.extraction.contract import Limits, Unreadable

MOST_PARTS = 10_000
_CHUNK = 1024 * 1024
_DECLARATIONS = [
    word.encode(encoding) for word in ("<!DOCTYPE", "<!ENTITY") for encoding in ("ascii", "utf-16-le", "utf-16-be")
]


def check(path: Path, limits: Limits) -> None:
    """Raises Unreadable: too_large for what unpacks to too much, damaged for XML that declares entities.

    No office program writes declarations; those who attack do: entities that multiply, or that read files.
    ``zipfile`` never unpacks more than the size that a part declares.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > limits.unpacked:
                raise Unreadable("too_large", "unpacked")
            markup = [part for part in parts if part.filename.lower().endswith((".xml", ".rels", ".vml"))]
            if sum(part.file_size for part in markup) > limits.markup:
                raise Unreadable("too_large", "unpacked XML")
            for part in markup:
                _refuse_declarations(archive, part)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, RuntimeError, OSError, EOFError) as error:
        raise Unreadable("damaged", f"{type(error).__name__}: {error}") from error


def _refuse_declarations(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    before = b""
    with archive.open(part) as file:
        while chunk := file.read(_CHUNK):
            window = before + chunk
            if any(word in window for word in _DECLARATIONS):
                raise Unreadable("damaged", f"{part.filename[:100]} declares a document type")
            before = window[-32:]
