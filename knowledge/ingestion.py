"""From documents to passages to an index, in a worker.

    waiting --claim--> indexing --> ready
       ^                  |-------> failed     people see why, and may try again
       '---- the worker died (its lease ran out: ``sweep``)

Kill a worker at any instant: its documents come back, and what it did half is done again.
"""

from __future__ import annotations

import datetime as dt
import time
import uuid
from collections.abc import Iterable
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone
from django_scopes import scopes_disabled

from accounts.models import Language
from knowledge import languages
from knowledge.index import store
from knowledge.models import Document, DocumentError, DocumentState, Passage, Source, SourceLanguage
from knowledge.splitting import Piece, split
from knowledge.wake import wake_worker

log = structlog.get_logger(__name__)

LEASE_S = 120
MOST_ATTEMPTS = 3
WAKE_AGAIN_AFTER_S = 60
BATCH = 500


def ingest_source(source_id: int) -> None:
    """Split what waits, then bring the index up to date."""
    token, documents = claim(source_id)
    done = []
    renewed_s = time.monotonic()
    for document in documents:
        if time.monotonic() - renewed_s > LEASE_S / 4:
            Document.objects.filter(claim=token).update(lease_until=_lease())
            renewed_s = time.monotonic()
        if _ingest(document, token):
            done.append(document.pk)
    try:
        if done or _is_behind(source_id):
            store.rebuild(source_id)
    except Exception:
        log.exception("index_not_built", source=source_id)
        _fail(done, token, DocumentError.INDEX)
        return
    _held(done, token).update(state=DocumentState.READY, error="", claim=None, lease_until=None)


def claim(source_id: int) -> tuple[UUID, list[Document]]:
    """The documents that wait: each goes to exactly one of many workers."""
    token = uuid.uuid4()
    Document.objects.filter(source=source_id, state=DocumentState.WAITING).update(
        state=DocumentState.INDEXING, claim=token, lease_until=_lease(), attempts=F("attempts") + 1
    )
    return token, list(Document.objects.filter(claim=token).select_related("source__account"))


def retry(documents: Iterable[Document], *, anew: bool = False) -> None:
    """Let them be ingested once more; ``anew``: although nothing has changed."""
    for document in documents:
        document.queue()
        if anew:
            document.content_hash = ""
        document.save()


def _ingest(document: Document, token: UUID) -> bool:
    """Whether its passages are stored and it is still ours."""
    try:
        digest = document.digest()
        if digest == document.content_hash:
            return True
        return _store(document, token, digest)
    except Exception:
        log.exception("document_broke", document=document.pk)
        _fail([document.pk], token, DocumentError.UNREADABLE)
    return False


def _store(document: Document, token: UUID, digest: str) -> bool:
    """Passages keep their ids by position: the index that is still in use goes on leading to rows that exist."""
    pieces = split(document.text)
    if not pieces:
        _fail([document.pk], token, DocumentError.NO_TEXT)
        return False
    passages = _passages(document, pieces)
    with transaction.atomic():
        if not _held([document.pk], token).update(content_hash=digest):
            return False
        Passage.objects.bulk_create(
            passages,
            batch_size=BATCH,
            update_conflicts=True,
            unique_fields=["document", "position"],
            update_fields=["heading", "text", "language"],
        )
        Passage.objects.filter(document=document, position__gte=len(passages)).delete()
        Source.objects.filter(pk=document.source_id).update(content_version=F("content_version") + 1)
    return True


def _passages(document: Document, pieces: list[Piece]) -> list[Passage]:
    language = document.language
    if not language and document.source.language != SourceLanguage.AUTO:
        language = document.source.language
    language = language or languages.detect(document.text, Language.FRENCH)
    return [
        Passage(
            source_id=document.source_id,
            document=document,
            position=position,
            heading=piece.heading,
            text=piece.text,
            language=language,
        )
        for position, piece in enumerate(pieces)
    ]


def _held(documents: Iterable[int], token: UUID) -> QuerySet[Document]:
    return Document.objects.filter(pk__in=list(documents), claim=token, state=DocumentState.INDEXING)


def _fail(documents: Iterable[int], token: UUID, reason: DocumentError) -> None:
    _held(documents, token).update(state=DocumentState.FAILED, error=reason, claim=None, lease_until=None)


def _is_behind(source_id: int) -> bool:
    return Source.objects.filter(pk=source_id, content_version__gt=F("indexed_version")).exists()


def _lease() -> dt.datetime:
    return timezone.now() + dt.timedelta(seconds=LEASE_S)


def sweep() -> dict[str, int]:
    """Find what was lost: documents of dead workers, and sources for which no worker was woken.

    Crosses accounts on purpose: it moves rows and reads nothing of them. Returns how many of each.
    """
    with scopes_disabled():
        expired = Document.objects.filter(state=DocumentState.INDEXING, lease_until__lt=timezone.now())
        lost = {"claim": None, "lease_until": None}
        failed = expired.filter(attempts__gte=MOST_ATTEMPTS).update(
            state=DocumentState.FAILED, error=DocumentError.WORKER_LOST, **lost
        )
        released = expired.update(state=DocumentState.WAITING, **lost)
        if released:
            log.warning("document_claims_expired", released=released, failed=failed)
        return {"failed": failed, "released": released, "woken": _wake_forgotten(bool(released))}


def _wake_forgotten(released: bool) -> int:
    waiting = Document.objects.filter(source=OuterRef("pk"), state=DocumentState.WAITING)
    forgotten = Q(woken_at=None) | Q(woken_at__lt=timezone.now() - dt.timedelta(seconds=WAKE_AGAIN_AFTER_S))
    needs_work = Q(Exists(waiting)) | Q(content_version__gt=F("indexed_version"))
    sources = Source.objects.filter(needs_work) if released else Source.objects.filter(needs_work, forgotten)
    rows = list(sources.values_list("pk", "account_id")[:1000])
    for source_id, account_id in rows:
        wake_worker(source_id, account_id)
    return len(rows)
