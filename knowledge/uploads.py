"""Files that people upload: plain text and Markdown. Bounded, and never trusted to be what they are called."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile

LARGEST_FILE = 4 * 1024 * 1024
SUFFIXES = (".txt", ".md", ".markdown", ".text")


def read_text(file: UploadedFile[Any]) -> str:
    """The text of an uploaded file; raises ValidationError in words."""
    name = file.name or ""
    if PurePath(name).suffix.lower() not in SUFFIXES:
        raise ValidationError(_("Only text and Markdown files (.txt, .md) can be read."))
    if (file.size or 0) > LARGEST_FILE:
        raise ValidationError(_("The file is larger than %(size)d MB.") % {"size": LARGEST_FILE // 1024**2})
    return decode(file.read())


def decode(content: bytes) -> str:
    """UTF-8 or UTF-16 with its mark, otherwise what Windows writes; raises ValidationError for what is no text."""
    encodings = ["utf-16"] if content.startswith((b"\xff\xfe", b"\xfe\xff")) else ["utf-8-sig", "cp1252"]
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise ValidationError(_("This file does not hold text."))


def title_of(name: str) -> str:
    """``conditions-generales.md`` is called “conditions-generales” until somebody says better."""
    return PurePath(name).stem[:200]
