"""An account's way to compare by meaning: the server that makes vectors, the vectors, and how far they are.

Vectors are rows as passages are; the matrix that is searched (``knowledge.embedding.matrix``) is made from them.
"""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import uuid4

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from django_scopes import ScopedManager

from accounts.models import Account
from outbound.models import AuthProfile
from outbound.services import clean_url

MOST_DIMENSIONS = 4096


class EmbeddingConnection(models.Model):
    """Any server that answers ``POST <url>/embeddings`` as OpenAI does. An account has one at most.

    ``space`` names what vectors can be compared with each other: another one after each change that makes other
    vectors. ``unrelated`` and ``related`` are similarities that were measured of texts that have nothing, or
    everything, to do with each other: each model has its own.
    """

    account = models.OneToOneField(
        Account, models.CASCADE, verbose_name=_("account"), related_name="embedding_connection"
    )
    enabled = models.BooleanField(
        _("enabled"), default=True, help_text=_("Switched off, sources are searched by words only.")
    )
    url = models.CharField(
        _("address"),
        max_length=300,
        help_text=_("Where the service begins, for example https://api.openai.com/v1: /embeddings is put behind it."),
    )
    auth_profile = models.ForeignKey(
        AuthProfile,
        models.RESTRICT,
        null=True,
        blank=True,
        related_name="embedding_connections",
        verbose_name=_("auth profile"),
        help_text=_("Holds the key of the service. Empty: the service asks for none."),
    )
    model = models.CharField(
        _("model"), max_length=120, help_text=_("As the service calls it, for example text-embedding-3-small.")
    )
    dimensions = models.PositiveIntegerField(
        _("dimensions"),
        validators=[MinValueValidator(1), MaxValueValidator(MOST_DIMENSIONS)],
        help_text=_("How many numbers the model gives for a text. An answer of another length is refused."),
    )
    send_dimensions = models.BooleanField(
        _("ask for this number of dimensions"),
        default=False,
        help_text=_("For models that can give shorter vectors, such as text-embedding-3-small."),
    )
    query_prefix = models.CharField(
        _("put before questions"),
        max_length=200,
        blank=True,
        help_text=_("Some models want it, for example “query: ”."),
    )
    passage_prefix = models.CharField(
        _("put before passages"),
        max_length=200,
        blank=True,
        help_text=_("Some models want it, for example “passage: ”."),
    )
    batch_size = models.PositiveIntegerField(
        _("texts per request"), default=64, validators=[MinValueValidator(1), MaxValueValidator(512)]
    )
    timeout_s = models.PositiveIntegerField(
        _("time limit of indexing (s)"),
        default=30,
        validators=[MinValueValidator(1), MaxValueValidator(120)],
        help_text=_("For one request with passages."),
    )
    query_timeout_ms = models.PositiveIntegerField(
        _("time limit of a question (ms)"),
        default=500,
        validators=[MinValueValidator(20), MaxValueValidator(5000)],
        help_text=_("The caller waits: after this time the question is answered by words only."),
    )
    space = models.UUIDField(default=uuid4, editable=False)
    unrelated = models.FloatField(null=True, blank=True, editable=False)
    related = models.FloatField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("last change"), auto_now=True)

    objects: ClassVar[models.Manager[EmbeddingConnection]] = ScopedManager(account="account")

    MAKE_THE_VECTORS = ("url", "model", "dimensions", "send_dimensions", "query_prefix", "passage_prefix")

    class Meta:
        verbose_name = _("embedding connection")
        verbose_name_plural = _("embedding connections")

    def __str__(self) -> str:
        return self.model

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Vectors of another model cannot be compared with the stored ones: they get a space of their own."""
        stored = None if self._state.adding else type(self)._base_manager.filter(pk=self.pk).first()
        if stored is not None and any(getattr(stored, name) != getattr(self, name) for name in self.MAKE_THE_VECTORS):
            self.space, self.unrelated, self.related = uuid4(), None, None
        elif stored is not None:
            # A worker may have measured them since this row was read.
            self.space, self.unrelated, self.related = stored.space, stored.unrelated, stored.related
        super().save(*args, **kwargs)

    def clean(self) -> None:
        self.url = clean_url(self.url)


class VectorState(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    WORKING = "working", _("Being compared by meaning")
    READY = "ready", _("Ready")
    FAILED = "failed", _("Failed")


class SourceVectors(models.Model):
    """How far a source is: ``name`` is the matrix that is searched, of the vectors of ``space``.

    ``content_version`` is the source's when the matrix was made. ``error`` is a sentence for people. A worker
    holds it by ``claim`` until ``lease_until``; what failed for a moment is tried again at ``retry_at``.
    """

    source = models.OneToOneField("knowledge.Source", models.CASCADE, primary_key=True, related_name="vectors")
    state = models.CharField(max_length=7, choices=VectorState.choices, default=VectorState.WAITING)
    error = models.TextField(blank=True)
    space = models.UUIDField(null=True)
    name = models.CharField(max_length=64, blank=True)
    content_version = models.PositiveBigIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0)
    retry_at = models.DateTimeField(null=True)
    claim = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects: ClassVar[models.Manager[SourceVectors]] = ScopedManager(account="source__account")

    class Meta:
        verbose_name = _("vectors of a source")
        verbose_name_plural = _("vectors of sources")

    def __str__(self) -> str:
        return self.name


class PassageVector(models.Model):
    """One passage's vector: ``data`` is float16, of length 1; ``digest`` says of which text."""

    passage = models.OneToOneField("knowledge.Passage", models.CASCADE, primary_key=True, related_name="vector")
    source = models.ForeignKey("knowledge.Source", models.CASCADE, related_name="+")
    space = models.UUIDField()
    digest = models.BigIntegerField()
    data = models.BinaryField()

    objects: ClassVar[models.Manager[PassageVector]] = ScopedManager(account="source__account")

    class Meta:
        verbose_name = _("vector of a passage")
        verbose_name_plural = _("vectors of passages")

    def __str__(self) -> str:
        return str(self.passage_id)
