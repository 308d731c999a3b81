"""What people bring: files and addresses, checked as far as a look at their beginning tells."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from knowledge.extraction.types import BY_SUFFIX, HEAD_BYTES, looks_like, suffix_of
from knowledge.models import Document, DocumentKind, Source
from knowledge.reading import title_of_file, title_of_url
from knowledge.web_pages import normal_url

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile

SUFFIXES = tuple(BY_SUFFIX)
MOST_FILES = 100
MOST_PAGES = 200


def largest_mb() -> int:
    return int(settings.DOCUMENT_MAX_BYTES // 1024**2)


def check_file(file: UploadedFile[Any]) -> str:
    """The media type that it seems to be of; raises ValidationError in words."""
    name = file.name or ""
    if suffix_of(name) not in BY_SUFFIX:
        known = _("PDF, DOCX, XLSX, PPTX, CSV, HTML, Markdown and text files can be read.")
        raise ValidationError(known)
    if not file.size:
        raise ValidationError(_("The file is empty."))
    if file.size > settings.DOCUMENT_MAX_BYTES:
        raise ValidationError(_("The file is larger than %(size)d MB.") % {"size": largest_mb()})
    file.seek(0)
    head = file.read(HEAD_BYTES)
    file.seek(0)
    if (kind := looks_like(head, name)) is None:
        raise ValidationError(_("What the file holds is not what its name says."))
    return kind


def put_file(document: Document, file: UploadedFile[Any]) -> None:
    """The document is made from ``file``; to be saved by the caller. Raises ValidationError."""
    media_type = check_file(file)
    document.replaced_file = document.file.name or ""
    document.kind = DocumentKind.FILE
    document.file = file
    document.file_name = (file.name or "")[-200:]
    document.media_type, document.size, document.pages = media_type, file.size or 0, None
    document.title = document.title or title_of_file(file.name or "")
    document.read_again()


def put_url(document: Document, url: str) -> None:
    """The document is the web page at ``url``; to be saved by the caller. Raises ValidationError."""
    url = normal_url(url)
    if url == document.url:
        return
    if document.title in {"", title_of_url(document.url)}:
        document.title = title_of_url(url)
    document.kind, document.url = DocumentKind.PAGE, url
    document.read_again()


def add_files(source: Source, files: Iterable[UploadedFile[Any]], language: str = "") -> tuple[int, list[str]]:
    """How many have become documents, and a sentence for each that has not."""
    return _add(source, [(file.name or "", file) for file in files], put_file, language)


def add_pages(source: Source, urls: Iterable[str], language: str = "") -> tuple[int, list[str]]:
    """As :func:`add_files`."""
    return _add(source, [(url, url) for url in urls], put_url, language)


def _add(source: Source, given: list[tuple[str, Any]], put: Any, language: str) -> tuple[int, list[str]]:
    added, refused = 0, []
    for name, one in given:
        document = Document(source=source, language=language)
        try:
            put(document, one)
            document.full_clean()
            with transaction.atomic():
                document.save()
        except ValidationError as error:
            refused.append(f"{name}: {' '.join(error.messages)}")
        except IntegrityError:
            # Somebody else was a moment faster, or the source is gone.
            reason = _("Somebody else changed the source meanwhile. Try again.")
            refused.append(f"{name}: {reason}")
        else:
            added += 1
    return added, refused
