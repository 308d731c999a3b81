"""Reading what a document is made from, its file or its web page, into its text."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path, PurePath
from typing import Any

import structlog
from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from knowledge import web_pages
from knowledge.extraction.contract import Extracted, Job, Limits, Unreadable
from knowledge.extraction.process import extract
from knowledge.extraction.types import suffix_of
from knowledge.models import LONGEST_TEXT, Document, DocumentError, DocumentKind

log = structlog.get_logger(__name__)

SHOW_PROGRESS_S = 0.5

Held = Callable[[], QuerySet[Document]]
"""The row of the document as long as the worker holds it."""


def read(document: Document, held: Held, tick: Callable[[], None]) -> None:
    """Fill ``text`` and what is known of it, in the row and in ``document``; ``tick`` is called all the time.

    Raises :class:`Unreadable`.
    """
    with tempfile.TemporaryDirectory(prefix="document-") as directory:
        if document.kind == DocumentKind.PAGE:
            found = _page(document, Path(directory), held, tick)
        else:
            found = _file(document, Path(directory), held, tick)
    document.unread = False
    for name, value in found.items():
        setattr(document, name, value)
    held().update(unread=False, **found)


def _file(document: Document, directory: Path, held: Held, tick: Callable[[], None]) -> dict[str, Any]:
    path = directory / "file"
    try:
        with document.file.open("rb") as stored, path.open("wb") as copy:
            shutil.copyfileobj(stored, copy)
    except (FileNotFoundError, ValueError) as error:
        raise Unreadable(DocumentError.FILE_LOST, str(error)) from error
    found = _extract(document, Job(str(path), f"file{suffix_of(document.file_name)}", limits()), held, tick)
    return _columns(found)


def _page(document: Document, directory: Path, held: Held, tick: Callable[[], None]) -> dict[str, Any]:
    page = web_pages.fetch(document)
    now = timezone.now()
    visited = {"checked_at": now, "fetched_at": now, "failures": 0, "retry_at": None}
    if page is None:
        return visited
    path = directory / "page"
    path.write_bytes(page.content)
    found = _extract(document, Job(str(path), f"page{page.suffix}", limits(), page.charset), held, tick)
    columns = {**_columns(found), **visited, "etag": page.etag, "last_modified": page.last_modified}
    if found.title and document.title == title_of_url(document.url):
        columns["title"] = _free_title(document, found.title)
    return {**columns, "size": len(page.content)}


def _extract(document: Document, job: Job, held: Held, tick: Callable[[], None]) -> Extracted:
    shown_s = 0.0

    def progress(done: int, total: int) -> None:
        nonlocal shown_s
        if time.monotonic() - shown_s >= SHOW_PROGRESS_S:
            held().update(done=done, total=total)
            shown_s = time.monotonic()

    began_s = time.monotonic()
    found = extract(job, progress, tick)
    log.info("document_read", document=document.pk, seconds=round(time.monotonic() - began_s, 2), pages=found.pages)
    return found


def limits() -> Limits:
    return Limits(
        seconds=settings.EXTRACT_TIMEOUT_S,
        memory=settings.EXTRACT_MEMORY_MB * 1024**2,
        pages=settings.DOCUMENT_MAX_PAGES,
        text=LONGEST_TEXT,
    )


def _columns(found: Extracted) -> dict[str, Any]:
    pages = found.pages or 0
    return {"text": found.text, "media_type": found.media_type, "pages": found.pages, "done": pages, "total": pages}


def title_of_url(url: str) -> str:
    """What a web page is called until it is read."""
    return url.split("://", 1)[-1].rstrip("/")[:200]


def title_of_file(name: str) -> str:
    """``conditions-generales.md`` is called “conditions-generales” until somebody says better."""
    return PurePath(name.replace("\\", "/")).stem.strip()[:200]


def _free_title(document: Document, title: str) -> str:
    """The page's own title, or what it is called so far if another document has it."""
    others = Document.objects.filter(source=document.source_id).exclude(pk=document.pk)
    return document.title if others.filter(title=title).exists() else title
