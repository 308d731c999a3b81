"""From documents to passages to an index, in a worker.

    waiting --claim--> indexing --> ready      a web page is read again when its time comes (``web_pages.crawl``)
       ^                  |-------> failed     people see why, and may try again
       '---- the worker died (its lease ran out: ``sweep``)

Kill a worker at any instant: its documents come back, and what it did half is done again.
"""

from __future__ import annotations

import datetime as dt
import time
import uuid
from collections.abc import Iterable
from typing import Any
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone
from django_scopes import scopes_disabled

from accounts.models import Language
from knowledge import languages, reading, web_pages
from knowledge.extraction.contract import Unreadable
from knowledge.index import store
from knowledge.models import Document, DocumentError, DocumentKind, DocumentState, Passage, Source, SourceLanguage
from knowledge.rows import NewRow, put_passages
from knowledge.splitting import Piece, split
from knowledge.wake import wake_worker

log = structlog.get_logger(__name__)

LEASE_S = 120
MOST_ATTEMPTS = 3
WAKE_AGAIN_AFTER_S = 60
PUBLISH_EVERY_S = 5.0
"""The index is built anew for what is done so far, while more waits."""

MOST_CLAIMED = 500
MOST_UNREAD = 4
"""Files and pages that one worker takes at a time: reading them takes long, and others may help."""


def ingest_source(source_id: int) -> None:
    """Read and split what waits, and bring the index up to date."""
    lease = Lease(uuid.uuid4())
    done: list[int] = []
    published_s = time.monotonic()
    while documents := claim(source_id, lease.token):
        done += [document.pk for document in documents if _ingest(document, lease)]
        if time.monotonic() - published_s > PUBLISH_EVERY_S:
            _publish(source_id, done, lease.token)
            done, published_s = [], time.monotonic()
    _publish(source_id, done, lease.token)


def _publish(source_id: int, done: list[int], token: UUID) -> None:
    try:
        if _is_behind(source_id):
            store.update(source_id)
    except Exception:
        log.exception("index_not_built", source=source_id)
        _held(done, token).update(state=DocumentState.FAILED, error=DocumentError.INDEX, claim=None, lease_until=None)
        return
    _held(done, token).update(state=DocumentState.READY, error="", error_details="", claim=None, lease_until=None)


class Lease:
    """A worker's hold on what it has claimed; ``tick`` keeps it."""

    def __init__(self, token: UUID) -> None:
        self.token = token
        self._renewed_s = time.monotonic()

    def tick(self) -> None:
        if time.monotonic() - self._renewed_s > LEASE_S / 4:
            Document.objects.filter(claim=self.token).update(lease_until=_lease())
            self._renewed_s = time.monotonic()


def claim(source_id: int, token: UUID) -> list[Document]:
    """Some of the documents that wait: each goes to exactly one of many workers."""
    waiting = Document.objects.filter(source=source_id, state=DocumentState.WAITING)
    chosen, unread = [], 0
    for pk, is_unread in waiting.order_by("pk").values_list("pk", "unread")[:MOST_CLAIMED]:
        unread += is_unread
        if unread > MOST_UNREAD:
            break
        chosen.append(pk)
    won = waiting.filter(pk__in=chosen).update(
        state=DocumentState.INDEXING, claim=token, lease_until=_lease(), attempts=F("attempts") + 1
    )
    if not won:
        return []
    mine = Document.objects.filter(pk__in=chosen, claim=token, state=DocumentState.INDEXING)
    return list(mine.select_related("source__account"))


def retry(documents: Iterable[Document], *, anew: bool = False) -> None:
    """Let them be ingested once more; ``anew``: although nothing has changed."""
    for document in documents:
        if anew or document.unread or not document.content_hash:
            document.read_again()
        document.queue()
        if anew:
            document.content_hash = ""
        document.save()


def _ingest(document: Document, lease: Lease) -> bool:
    """Whether its passages are stored and it is still ours."""
    lease.tick()
    token = lease.token
    try:
        if document.unread:
            reading.read(document, lambda: _held([document.pk], token), lease.tick)
        digest = document.digest()
        if digest != document.content_hash:
            return _store(document, token, digest)
    except Unreadable as failure:
        log.info("document_unreadable", document=document.pk, code=failure.code, details=failure.details)
        _fail(document, token, failure)
    except Exception as error:
        log.exception("document_broke", document=document.pk)
        _fail(document, token, Unreadable(DocumentError.UNREADABLE, type(error).__name__))
    else:
        return _held([document.pk], token).exists()
    return False


def _store(document: Document, token: UUID, digest: str) -> bool:
    """Passages keep their ids by position: the index that is still in use goes on leading to rows that exist."""
    pieces = split(document.text)
    if not pieces:
        raise Unreadable(DocumentError.NO_TEXT)
    recognised = languages.detect(document.text, Language.FRENCH)
    passages = _passages(document, pieces, recognised)
    with transaction.atomic():
        changes = {"content_hash": digest, "recognised": recognised, "error": "", "error_details": ""}
        if not _held([document.pk], token).update(**changes):
            return False
        put_passages(passages)
        Passage.objects.filter(document=document, position__gte=len(passages)).delete()
        Source.objects.filter(pk=document.source_id).update(content_version=F("content_version") + 1)
    return True


def _passages(document: Document, pieces: list[Piece], recognised: str) -> list[NewRow]:
    language = document.language
    if not language and document.source.language != SourceLanguage.AUTO:
        language = document.source.language
    language = language or recognised
    return [
        (document.source_id, document.pk, position, piece.heading, piece.text, language, piece.page)
        for position, piece in enumerate(pieces)
    ]


def _held(documents: Iterable[int], token: UUID) -> QuerySet[Document]:
    return Document.objects.filter(pk__in=list(documents), claim=token, state=DocumentState.INDEXING)


def _fail(document: Document, token: UUID, failure: Unreadable) -> None:
    """A web page that was read once can still be found as it was, and is tried again by itself."""
    changes: dict[str, Any] = {"error": failure.code, "error_details": failure.details}
    state = DocumentState.FAILED
    if document.kind == DocumentKind.PAGE and document.unread:
        failures = document.failures + 1
        again = isinstance(failure, web_pages.TemporarilyUnreadable)
        changes |= {
            "checked_at": timezone.now(),
            "failures": failures,
            "retry_at": web_pages.retry_at(failures) if again else None,
        }
        if document.content_hash:
            state = DocumentState.READY
    _held([document.pk], token).update(state=state, claim=None, lease_until=None, **changes)


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
