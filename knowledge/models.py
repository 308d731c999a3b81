"""What agents may look up: sources, their documents, and the passages that documents are split into.

The rows are the truth; indexes (``knowledge.index``) are built from them and can be thrown away at any time.
"""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from pathlib import PurePath
from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _
from django_scopes import ScopedManager

from accounts.models import Account, Language
from actions.registry import import_kinds
from knowledge.embedding import models as embedding_models  # noqa: F401  (the tables for vectors)

LONGEST_TEXT = 2_000_000
"""Characters of one document: about a thousand pages."""

LONGEST_URL = 2000
"""Short enough for an index of PostgreSQL."""


class SourceLanguage(models.TextChoices):
    AUTO = "auto", _("Recognised in each document")
    FRENCH = "fr", _("French")
    ENGLISH = "en", _("English")


class CrawlEvery(models.TextChoices):
    NEVER = "never", _("Never")
    DAY = "day", _("Every day")
    WEEK = "week", _("Every week")


class DocumentKind(models.TextChoices):
    TEXT = "text", _("Text typed here")
    FILE = "file", _("File")
    PAGE = "page", _("Web page")


class DocumentState(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    INDEXING = "indexing", _("Being indexed")
    READY = "ready", _("Ready")
    FAILED = "failed", _("Failed")


class DocumentError(models.TextChoices):
    """Why a document failed, or why what it holds is not as new as it should be."""

    NO_TEXT = "no_text", _("The document holds no text.")
    SCANNED = "scanned", _("The PDF holds no text. Is it a scan? Have its text recognised first.")
    ENCRYPTED = "encrypted", _("The file is protected by a password: save it without one.")
    UNSUPPORTED = "unsupported", _("Files of this type cannot be read.")
    DAMAGED = "damaged", _("The file is damaged, or not what its name says.")
    TOO_LARGE = "too_large", _("The document is too large: divide it.")
    TOO_SLOW = "too_slow", _("Reading the document took too long: divide it, or save it in another format.")
    TOO_COMPLEX = (
        "too_complex",
        _("Reading the document needs too much memory: divide it, or save it in another format."),
    )
    FILE_LOST = "file_lost", _("The file is no longer there: upload it again.")
    UNREACHABLE = "unreachable", _("The web page could not be fetched.")
    REFUSED = "refused", _("The website does not hand out the page.")
    NOT_A_PAGE = "not_a_page", _("There is no page, PDF or text at this address.")
    UNREADABLE = "unreadable", _("The document could not be read; the cause is in the server's log.")
    INDEX = "index", _("The index could not be written; the cause is in the server's log.")
    WORKER_LOST = "worker_lost", _("The worker was lost on every attempt.")


class Source(models.Model):
    """A set of documents that is searched as one.

    ``content_version`` counts the changes of its passages, ``indexed_version`` says which of them the index
    ``index_name`` holds: where they differ, the index is behind.
    """

    account = models.ForeignKey(Account, models.CASCADE, verbose_name=_("account"), related_name="sources")
    name = models.CharField(
        _("name"),
        max_length=100,
        help_text=_("Workflows name the source by it, so that it cannot be changed later."),
    )
    description = models.TextField(_("description"), blank=True, help_text=_("For you and your colleagues."))
    language = models.CharField(
        _("language of the documents"), max_length=4, choices=SourceLanguage.choices, default=SourceLanguage.AUTO
    )
    crawl_every = models.CharField(
        _("fetch web pages again"),
        max_length=5,
        choices=CrawlEvery.choices,
        default=CrawlEvery.WEEK,
        help_text=_("Pages that have not changed are left as they are."),
    )
    content_version = models.PositiveBigIntegerField(default=0, editable=False)
    indexed_version = models.PositiveBigIntegerField(default=0, editable=False)
    index_name = models.CharField(max_length=64, blank=True, editable=False)
    woken_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("last change"), auto_now=True)

    objects: ClassVar[models.Manager[Source]] = ScopedManager(account="account")

    class Meta:
        verbose_name = _("source")
        verbose_name_plural = _("sources")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "name"],
                name="knowledge_source_name",
                violation_error_message=_("Another source has this name already."),
            )
        ]

    def __str__(self) -> str:
        return self.name


def file_path(document: Document, name: str) -> str:
    """Where the storage keeps the file: nothing of its name is taken over but the end."""
    suffix = PurePath(name).suffix.lower()
    suffix = suffix if re.fullmatch(r"\.[a-z0-9]{1,10}", suffix) else ""
    return f"documents/{document.source.account_id}/{document.source_id}/{uuid.uuid4().hex}{suffix}"


class Document(models.Model):
    """One text of a source: typed, or read from a file or a web page (``unread`` until it is).

    A form feed in ``text`` ends a page. ``content_hash`` is that of the content whose passages are stored. A worker
    that works on the document holds it by ``claim`` until ``lease_until``; one that died loses it then. ``done`` of
    ``total`` pages are read. A web page that fails once it was read stays ``ready``, with its ``error``.
    """

    source = models.ForeignKey(Source, models.CASCADE, verbose_name=_("source"), related_name="documents")
    title = models.CharField(_("title"), max_length=200)
    kind = models.CharField(
        _("origin"), max_length=4, choices=DocumentKind.choices, default=DocumentKind.TEXT, editable=False
    )
    text = models.TextField(
        _("text"),
        max_length=LONGEST_TEXT,
        blank=True,
        help_text=_("Plain text or Markdown: headings (lines that begin with #) are shown with what is found."),
    )
    language = models.CharField(
        _("language"),
        max_length=2,
        blank=True,
        choices=Language.choices,
        help_text=_("Empty: as the source says, otherwise recognised."),
    )
    recognised = models.CharField(
        _("recognised language"), max_length=2, blank=True, choices=Language.choices, editable=False
    )
    file = models.FileField(_("file"), upload_to=file_path, max_length=200, blank=True, editable=False)
    file_name = models.CharField(_("name of the file"), max_length=200, blank=True, editable=False)
    media_type = models.CharField(_("media type"), max_length=100, blank=True, editable=False)
    size = models.PositiveBigIntegerField(_("size in bytes"), default=0, editable=False)
    pages = models.PositiveIntegerField(_("pages"), null=True, blank=True, editable=False)
    url = models.CharField(_("address"), max_length=LONGEST_URL, blank=True, editable=False)
    etag = models.CharField(max_length=300, blank=True, editable=False)
    last_modified = models.CharField(max_length=100, blank=True, editable=False)
    checked_at = models.DateTimeField(_("last attempt"), null=True, blank=True, editable=False)
    fetched_at = models.DateTimeField(_("last fetched"), null=True, blank=True, editable=False)
    retry_at = models.DateTimeField(_("next attempt"), null=True, blank=True, editable=False)
    failures = models.PositiveSmallIntegerField(default=0, editable=False)
    unread = models.BooleanField(default=False, editable=False)
    done = models.PositiveIntegerField(default=0, editable=False)
    total = models.PositiveIntegerField(default=0, editable=False)
    state = models.CharField(
        _("state"), max_length=8, choices=DocumentState.choices, default=DocumentState.WAITING, editable=False
    )
    error = models.CharField(_("error"), max_length=12, choices=DocumentError.choices, blank=True, editable=False)
    error_details = models.TextField(_("details"), blank=True, editable=False)
    content_hash = models.CharField(max_length=64, blank=True, editable=False)
    claim = models.UUIDField(null=True, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    attempts = models.PositiveSmallIntegerField(default=0, editable=False)
    updated_at = models.DateTimeField(_("last change"), auto_now=True)

    objects: ClassVar[models.Manager[Document]] = ScopedManager(account="source__account")

    replaced_file = ""
    """A file that another one takes the place of: it goes once that is saved."""

    class Meta:
        verbose_name = _("document")
        verbose_name_plural = _("documents")
        ordering = ["title"]
        constraints = [
            models.UniqueConstraint(
                fields=["source", "title"],
                name="knowledge_document_title",
                violation_error_message=_("Another document of this source has this title already."),
            ),
            models.UniqueConstraint(
                fields=["source", "url"],
                condition=~models.Q(url=""),
                name="knowledge_document_url",
                violation_error_message=_("Another document of this source has this address already."),
            ),
        ]
        indexes = [
            models.Index(fields=["state", "lease_until"], name="knowledge_by_state"),
            models.Index(fields=["kind", "checked_at"], name="knowledge_by_check"),
        ]

    def __str__(self) -> str:
        return self.title

    def save(self, *args: Any, **kwargs: Any) -> None:
        """What has changed waits for a worker; the signal that follows wakes one. A row refused leaves no file."""
        if self.state == DocumentState.FAILED or self.unread or self.digest() != self.content_hash:
            self.queue()
        file: Any = self.file
        is_new_file = bool(file) and not file._committed
        try:
            super().save(*args, **kwargs)
        except Exception:
            if is_new_file and file._committed:
                file.storage.delete(file.name)
            raise

    @classmethod
    def failed(cls) -> models.QuerySet[Document]:
        """Those that have an error, web pages that are found as they were among them."""
        return cls.objects.filter(state__in=[DocumentState.FAILED, DocumentState.READY]).exclude(error="")

    def queue(self) -> None:
        """Back to the beginning; to be saved by the caller."""
        self.state, self.error, self.error_details, self.attempts = DocumentState.WAITING, "", "", 0
        self.done = self.total = self.failures = 0
        self.claim = self.lease_until = self.retry_at = None

    def read_again(self) -> None:
        """The file or the web page is read once more; to be saved by the caller."""
        self.unread = self.kind != DocumentKind.TEXT
        self.etag = self.last_modified = ""
        self.queue()

    def digest(self) -> str:
        """Of everything that its passages are made from."""
        # Raised whenever the way of splitting changes.
        made_from = [2, self.title, self.text, self.language]
        return hashlib.sha256(json.dumps(made_from).encode()).hexdigest()


class Passage(models.Model):
    """A piece of a document, as long as a spoken answer needs."""

    source = models.ForeignKey(Source, models.CASCADE, related_name="passages")
    # Its unique constraint begins with the document: that is index enough.
    document = models.ForeignKey(Document, models.CASCADE, related_name="passages", db_index=False)
    position = models.PositiveIntegerField()
    heading = models.TextField(blank=True)
    text = models.TextField()
    language = models.CharField(max_length=2, choices=Language.choices)
    page = models.PositiveIntegerField(null=True)

    objects: ClassVar[models.Manager[Passage]] = ScopedManager(account="source__account")

    class Meta:
        verbose_name = _("passage")
        verbose_name_plural = _("passages")
        ordering = ["document", "position"]
        constraints = [models.UniqueConstraint(fields=["document", "position"], name="knowledge_passage_position")]

    def __str__(self) -> str:
        return self.text[:80]


import_kinds("knowledge.kinds")
