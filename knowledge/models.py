"""What agents may look up: sources, their documents, and the passages that documents are split into.

The rows are the truth; indexes (``knowledge.index``) are built from them and can be thrown away at any time.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _
from django_scopes import ScopedManager

from accounts.models import Account, Language
from actions.registry import import_kinds

LONGEST_TEXT = 2_000_000
"""Characters of one document: about a thousand pages."""


class SourceLanguage(models.TextChoices):
    AUTO = "auto", _("Recognised in each document")
    FRENCH = "fr", _("French")
    ENGLISH = "en", _("English")


class DocumentKind(models.TextChoices):
    TEXT = "text", _("Text typed here")
    FILE = "file", _("File")


class DocumentState(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    INDEXING = "indexing", _("Being indexed")
    READY = "ready", _("Ready")
    FAILED = "failed", _("Failed")


class DocumentError(models.TextChoices):
    """Why a document failed."""

    NO_TEXT = "no_text", _("The document holds no text.")
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


class Document(models.Model):
    """One text of a source.

    ``content_hash`` is that of the content whose passages are stored. A worker that splits the document holds
    it by ``claim`` until ``lease_until``; one that died loses it then.
    """

    source = models.ForeignKey(Source, models.CASCADE, verbose_name=_("source"), related_name="documents")
    title = models.CharField(_("title"), max_length=200)
    kind = models.CharField(
        _("origin"), max_length=4, choices=DocumentKind.choices, default=DocumentKind.TEXT, editable=False
    )
    text = models.TextField(
        _("text"),
        max_length=LONGEST_TEXT,
        help_text=_("Plain text or Markdown: headings (lines that begin with #) are shown with what is found."),
    )
    language = models.CharField(
        _("language"),
        max_length=2,
        blank=True,
        choices=Language.choices,
        help_text=_("Empty: as the source says, otherwise recognised."),
    )
    state = models.CharField(
        _("state"), max_length=8, choices=DocumentState.choices, default=DocumentState.WAITING, editable=False
    )
    error = models.CharField(_("error"), max_length=12, choices=DocumentError.choices, blank=True, editable=False)
    content_hash = models.CharField(max_length=64, blank=True, editable=False)
    claim = models.UUIDField(null=True, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    attempts = models.PositiveSmallIntegerField(default=0, editable=False)
    updated_at = models.DateTimeField(_("last change"), auto_now=True)

    objects: ClassVar[models.Manager[Document]] = ScopedManager(account="source__account")

    class Meta:
        verbose_name = _("document")
        verbose_name_plural = _("documents")
        ordering = ["title"]
        constraints = [
            models.UniqueConstraint(
                fields=["source", "title"],
                name="knowledge_document_title",
                violation_error_message=_("Another document of this source has this title already."),
            )
        ]
        indexes = [models.Index(fields=["state", "lease_until"], name="knowledge_by_state")]

    def __str__(self) -> str:
        return self.title

    def save(self, *args: Any, **kwargs: Any) -> None:
        """What has changed waits for a worker; the signal that follows wakes one."""
        if self.state == DocumentState.FAILED or self.digest() != self.content_hash:
            self.queue()
        super().save(*args, **kwargs)

    def queue(self) -> None:
        """Back to the beginning; to be saved by the caller."""
        self.state, self.error, self.attempts = DocumentState.WAITING, "", 0
        self.claim = self.lease_until = None

    def digest(self) -> str:
        """Of everything that its passages are made from."""
        # Raised whenever the way of splitting changes.
        made_from = [1, self.title, self.text, self.language]
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

    objects: ClassVar[models.Manager[Passage]] = ScopedManager(account="source__account")

    class Meta:
        verbose_name = _("passage")
        verbose_name_plural = _("passages")
        ordering = ["document", "position"]
        constraints = [models.UniqueConstraint(fields=["document", "position"], name="knowledge_passage_position")]

    def __str__(self) -> str:
        return self.text[:80]


import_kinds("knowledge.kinds")
