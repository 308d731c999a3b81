"""Vectors for a source's passages, in a worker: what has one already keeps it, the rest is asked for in batches.

    waiting --claim--> working --> ready
       ^                  |------> failed     permanent, or too many attempts: people see why, and may try again
       '------------------'                   for a moment only: again at ``retry_at``

Searching by words never waits for any of this.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

import structlog
from asgiref.sync import AsyncToSync
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django_scopes import scopes_disabled

from knowledge.embedding import matrix
from knowledge.embedding.calibration import calibrate
from knowledge.embedding.client import EmbeddingError, Server, embed
from knowledge.embedding.models import EmbeddingConnection, PassageVector, SourceVectors, VectorState
from knowledge.embedding.vectors import Vectors, digest_of, packed
from knowledge.models import Passage, Source
from outbound.http import session_scope

log = structlog.get_logger(__name__)

LEASE_S = 300
MOST_ATTEMPTS = 8
FIRST_PAUSE_S, LONGEST_PAUSE_S = 15, 1800
SHORT_WAIT_S = 20
"""A server that asks for no more than this is waited for; for longer, the worker does other things."""

AT_ONCE = 4
READ = 1000


@dataclass(frozen=True, slots=True)
class Wanted:
    """A passage whose vector is missing, or of another text than it has now."""

    passage_id: int
    digest: int
    text: str


def embed_source(source_id: int) -> None:
    """Bring the source's vectors up to date, or note why not. Inside the account's scope."""
    connection = EmbeddingConnection.objects.filter(enabled=True).select_related("auth_profile").first()
    source = Source.objects.filter(pk=source_id).first()
    if connection is None or source is None or not _is_behind(source, connection):
        return
    token = _claim(source_id)
    if token is None:
        return
    try:
        _update(source, connection, token)
    except EmbeddingError as error:
        _note(source_id, token, error)
    except Exception:
        log.exception("vectors_not_made", source=source_id)
        _note(source_id, token, EmbeddingError(_("The vectors could not be made; the cause is in the server's log.")))


def retry(source_id: int) -> None:
    """Forget what failed; to be followed by waking a worker."""
    SourceVectors.objects.filter(source=source_id).update(
        state=VectorState.WAITING, error="", attempts=0, retry_at=None, claim=None, lease_until=None
    )


def forgotten() -> list[tuple[int, int]]:
    """(source, account) of those that are behind and for which nobody works. Crosses accounts on purpose."""
    with scopes_disabled():
        now = timezone.now()
        SourceVectors.objects.filter(state=VectorState.WORKING, lease_until__lt=now).update(
            state=VectorState.WAITING, claim=None, lease_until=None
        )
        enabled = EmbeddingConnection.objects.filter(account=OuterRef("account"), enabled=True)
        never = Q(vectors=None) & Exists(Passage.objects.filter(source=OuterRef("pk")))
        due = Q(vectors__state=VectorState.WAITING) & (Q(vectors__retry_at=None) | Q(vectors__retry_at__lte=now))
        other_space = ~Exists(enabled.filter(space=OuterRef("vectors__space")))
        changed = Q(vectors__content_version__lt=F("content_version")) | other_space
        sources = Source.objects.filter(Exists(enabled)).filter(
            never | due | (Q(vectors__state=VectorState.READY) & changed)
        )
        return list(sources.values_list("pk", "account_id")[:1000])


def _is_behind(source: Source, connection: EmbeddingConnection) -> bool:
    vectors = SourceVectors.objects.filter(source=source).first()
    if vectors is None or vectors.state == VectorState.WAITING or vectors.space != connection.space:
        return True
    return vectors.state == VectorState.READY and vectors.content_version < source.content_version


def _claim(source_id: int) -> UUID | None:
    """One worker at a time; None: another has it, or it is to be left alone for a while."""
    SourceVectors.objects.get_or_create(source_id=source_id)
    token, now = uuid.uuid4(), timezone.now()
    free = Q(claim=None) | Q(lease_until__lt=now)
    due = Q(retry_at=None) | Q(retry_at__lte=now)
    taken = SourceVectors.objects.filter(free, due, source=source_id).update(
        state=VectorState.WORKING, claim=token, lease_until=_lease(), attempts=F("attempts") + 1, retry_at=None
    )
    return token if taken else None


def _update(source: Source, connection: EmbeddingConnection, token: UUID) -> None:
    version = source.content_version
    server = _calibrated(connection)
    wanted = _wanted(source.pk, server)
    for start in range(0, len(wanted), server.batch_size * AT_ONCE):
        part = wanted[start : start + server.batch_size * AT_ONCE]
        batches = [part[at : at + server.batch_size] for at in range(0, len(part), server.batch_size)]
        for batch, vectors in zip(batches, _patiently(server, batches), strict=True):
            _store(source.pk, server.space, [(each.passage_id, each.digest) for each in batch], vectors)
        if not _held(source.pk, token).update(lease_until=_lease()):
            return
    name = matrix.new_name(server.space, version)
    count = matrix.write(source.pk, name, server.space, server.dimensions)
    before = SourceVectors.objects.values_list("name", flat=True).get(source=source.pk)
    put = {"name": name, "space": server.space, "content_version": version, "state": VectorState.READY}
    _held(source.pk, token).update(**put, error="", attempts=0, claim=None, lease_until=None)
    matrix.remove_old(source.pk, {name, before})
    log.info("vectors_made", source=source.pk, asked_for=len(wanted), vectors=count)


def _calibrated(connection: EmbeddingConnection) -> Server:
    server = Server.of(connection)
    if server.unrelated is not None and server.related is not None:
        return server

    async def measure() -> tuple[float, float]:
        async with session_scope():
            measured = await calibrate(server, server.timeout_s)
            return measured.unrelated, measured.related

    unrelated, related = AsyncToSync(measure, force_new_loop=True)()
    EmbeddingConnection.objects.filter(pk=connection.pk, space=server.space).update(
        unrelated=unrelated, related=related
    )
    return replace(server, unrelated=unrelated, related=related)


def _wanted(source_id: int, server: Server) -> list[Wanted]:
    """What has no vector of its text yet. A text that has only moved takes its vector along."""
    kept = dict(PassageVector.objects.filter(source=source_id, space=server.space).values_list("passage_id", "digest"))
    by_digest = {digest: passage_id for passage_id, digest in kept.items()}
    moved: list[tuple[int, int, int]] = []
    wanted: list[Wanted] = []
    rows = Passage.objects.filter(source=source_id).order_by("pk")
    for pk, title, heading, text in rows.values_list("pk", "document__title", "heading", "text").iterator(READ):
        digest = digest_of(title, heading, text)
        if kept.get(pk) == digest:
            continue
        if digest in by_digest:
            moved.append((pk, digest, by_digest[digest]))
        else:
            wanted.append(Wanted(pk, digest, server.passage_prefix + "\n".join(filter(None, (title, heading, text)))))
    _move(source_id, server.space, moved)
    return wanted


def _move(source_id: int, space: UUID, moved: list[tuple[int, int, int]]) -> None:
    """(passage, digest, passage that has the vector) each: read all before any is written over."""
    sources = PassageVector.objects.in_bulk([old for _pk, _digest, old in moved])
    rows = [
        PassageVector(passage_id=pk, source_id=source_id, space=space, digest=digest, data=bytes(sources[old].data))
        for pk, digest, old in moved
    ]
    _put(rows)


def _store(source_id: int, space: UUID, passages: Iterable[tuple[int, int]], vectors: Vectors) -> None:
    """Passages that have gone meanwhile are left out."""
    pairs = list(zip(passages, vectors, strict=True))
    there = set(Passage.objects.filter(pk__in=[pk for (pk, _digest), _vector in pairs]).values_list("pk", flat=True))
    _put(
        [
            PassageVector(passage_id=pk, source_id=source_id, space=space, digest=digest, data=packed(vector))
            for (pk, digest), vector in pairs
            if pk in there
        ]
    )


def _put(rows: list[PassageVector]) -> None:
    PassageVector.objects.bulk_create(
        rows,
        batch_size=200,
        update_conflicts=True,
        unique_fields=["passage"],
        update_fields=["source", "space", "digest", "data"],
    )


def _patiently(server: Server, batches: Sequence[Sequence[Wanted]]) -> list[Vectors]:
    """All batches at once; a server that asks for a moment is given it, once."""

    async def one(batch: Sequence[Wanted]) -> Vectors:
        texts = [each.text for each in batch]
        try:
            return await embed(server, texts, server.timeout_s)
        except EmbeddingError as error:
            if error.permanent or not 0 < error.retry_after_s <= SHORT_WAIT_S:
                raise
            await asyncio.sleep(error.retry_after_s)
        return await embed(server, texts, server.timeout_s)

    async def run() -> list[Vectors]:
        async with session_scope():
            return await asyncio.gather(*map(one, batches))

    return AsyncToSync(run, force_new_loop=True)()


def _note(source_id: int, token: UUID, error: EmbeddingError) -> None:
    """What people see of it, and when it is tried again; nothing where the source is gone or another's."""
    attempts = _held(source_id, token).values_list("attempts", flat=True).first()
    if attempts is None:
        return
    given_up = error.permanent or attempts >= MOST_ATTEMPTS
    pause_s = max(error.retry_after_s, min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** (attempts - 1)))
    log.warning("embedding_failed", source=source_id, error=error.message, permanent=error.permanent)
    _held(source_id, token).update(
        state=VectorState.FAILED if given_up else VectorState.WAITING,
        error=error.message,
        retry_at=None if given_up else timezone.now() + dt.timedelta(seconds=pause_s),
        claim=None,
        lease_until=None,
    )


def _held(source_id: int, token: UUID) -> QuerySet[SourceVectors]:
    return SourceVectors.objects.filter(source=source_id, claim=token)


def _lease() -> dt.datetime:
    return timezone.now() + dt.timedelta(seconds=LEASE_S)
