"""Searching one source: what it says about a question, or that it says nothing."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, TextChoices
from django.utils.translation import gettext_lazy as _

from knowledge.embedding import matrix
from knowledge.embedding.vectors import Vectors
from knowledge.index import store
from knowledge.index.analysis import LANGUAGES, analyzer, content_words
from knowledge.index.files import OpenIndex
from knowledge.judging import MEANINGLESS, Found, Weights, judged, weight
from knowledge.languages import detect
from knowledge.models import Document, DocumentState, Source
from knowledge.rows import Row, read_passages

MOST_HITS = 10
DEFAULT_HITS = 5
MINIMUM_SCORE = 0.25
LONGEST_QUERY = 1000
MOST_TERMS = 40
SPARE = 3
"""How many passages more than asked for are scored: BM25 ranks by other things, too, than the score."""

MOST_PLACES = 10_000


class Readiness(TextChoices):
    """Why a source cannot be searched."""

    UNKNOWN = "unknown", _("There is no such source.")
    EMPTY = "empty", _("The source holds no document yet.")
    INDEXING = "indexing", _("The documents of the source are still being indexed.")
    FAILED = "failed", _("No document of the source could be indexed.")


class SourceNotReadyError(Exception):
    """The source cannot be searched now; ``status`` says why."""

    def __init__(self, status: Readiness) -> None:
        super().__init__(str(status.label))
        self.status = status


@dataclass(frozen=True, slots=True)
class Hit:
    """``score`` is 0 to 1, whether words or meaning found it; ``page`` is that of a paged document."""

    document: str
    heading: str
    text: str
    score: float
    page: int | None = None

    def shown(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Meaning:
    """A question's vector in ``space``; texts as ``related`` as the model knows have a similarity of that much."""

    space: UUID
    vector: Vectors
    unrelated: float
    related: float

    def score(self, similarity: float) -> float:
        """0 to 1, on the scale of words. Below MINIMUM_SCORE is what the best of many unrelated texts may have."""
        share = (similarity - self.unrelated) / max(self.related - self.unrelated, 0.01)
        return min(1.0, max(0.0, share * RELATED_SCORE))


RELATED_SCORE = 0.75
"""What a passage has that is as near to the question as an answer usually is."""


@dataclass(frozen=True, slots=True)
class Place:
    """What the source's row says of where it is searched."""

    index: str
    vectors: str


_lock = threading.Lock()
_places: OrderedDict[int, Place] = OrderedDict()


def search(
    source_id: int,
    query: str,
    limit: int = DEFAULT_HITS,
    language: str = "",
    minimum_score: float = MINIMUM_SCORE,
    *,
    meaning: Meaning | None = None,
) -> list[Hit]:
    """The passages that answer best, best first; none below ``minimum_score``.

    Any text may be asked. ``language`` is that of the question, '' to recognise it. Without ``meaning``, words alone
    are compared. Sync, inside the account's scope. Raises :class:`SourceNotReadyError`.

    Where the source was searched last is tried first: its row comes with the passages and says whether that still
    counts. So one question to the database is enough.
    """
    asked = _terms(query, language)
    limit = min(limit, MOST_HITS)
    place = _places.get(source_id)
    if place is not None and _is_at_hand(source_id, place, meaning):
        found = _find(source_id, place, asked, limit, meaning)
        now, rows = _read(source_id, found)
        if now == place:
            return _hits(found, rows, meaning, limit, minimum_score)
    place = _place_of(source_id)
    found = _find(source_id, place, asked, limit, meaning)
    if not found.size:
        raise SourceNotReadyError(readiness(source_id))
    _remember(source_id, place)
    return _hits(found, _read(source_id, found)[1], meaning, limit, minimum_score)


def find_source(name: str) -> int | None:
    """The id of the account's source of that name."""
    return Source.objects.filter(name=name).values_list("pk", flat=True).first()


def source_names() -> list[str]:
    """Of all sources of the account, in order."""
    return list(Source.objects.values_list("name", flat=True))


def readiness(source_id: int) -> Readiness:
    """Why nothing of it can be searched."""
    pending = Q(state__in=[DocumentState.WAITING, DocumentState.INDEXING])
    counts = Document.objects.filter(source=source_id).aggregate(
        pending=Count("pk", filter=pending),
        ready=Count("pk", filter=Q(state=DocumentState.READY)),
        failed=Count("pk", filter=Q(state=DocumentState.FAILED)),
    )
    if counts["pending"] or counts["ready"]:
        return Readiness.INDEXING
    return Readiness.FAILED if counts["failed"] else Readiness.EMPTY


def _terms(query: str, language: str) -> dict[str, list[str]]:
    """What is asked for, as each language's passages would write it."""
    query = query[:LONGEST_QUERY]
    spoken = language if language in LANGUAGES else detect(query)
    words = content_words(query, spoken)
    return {each: list(dict.fromkeys(analyzer(each).analyze(words)))[:MOST_TERMS] for each in LANGUAGES}


def _place_of(source_id: int) -> Place:
    """Raises :class:`SourceNotReadyError` where there is no index."""
    row = Source.objects.filter(pk=source_id).values_list("index_name", "vectors__name").first()
    if row is None:
        raise SourceNotReadyError(Readiness.UNKNOWN)
    index = row[0]
    if index and not store.is_current_format(index):
        index = store.rebuild(source_id)
    if not index:
        raise SourceNotReadyError(readiness(source_id))
    return Place(index, row[1] or "")


def _remember(source_id: int, place: Place) -> None:
    with _lock:
        _places[source_id] = place
        _places.move_to_end(source_id)
        while len(_places) > MOST_PLACES:
            _places.popitem(last=False)


def _is_at_hand(source_id: int, place: Place, meaning: Meaning | None) -> bool:
    """An index that no longer counts may be gone: it is not worth building again."""
    if not store.is_at_hand(source_id, place.index):
        return False
    compared = meaning is not None and matrix.is_of(place.vectors, meaning.space)
    return not compared or matrix.is_at_hand(source_id, place.vectors)


def _find(source_id: int, place: Place, terms: dict[str, list[str]], limit: int, meaning: Meaning | None) -> Found:
    found: Found = store.use(source_id, place.index, lambda index: _by_words(index, terms, limit + SPARE))
    if meaning is not None and matrix.is_of(place.vectors, meaning.space):
        found.near = matrix.nearest(source_id, place.vectors, meaning.vector, limit + SPARE)
    return found


def _by_words(index: OpenIndex, terms: dict[str, list[str]], limit: int) -> Found:
    size = index.size
    weights: Weights = {
        language: {term: weight(size, index.frequency(language, term)) for term in words}
        for language, words in terms.items()
    }
    return Found(size, weights, index.best(terms, limit))


def _read(source_id: int, found: Found) -> tuple[Place | None, list[Row]]:
    """The rows of what was found, and where the source is searched now; no place where there are no rows."""
    ids = found.ids()
    if not ids:
        return None, []
    names, rows = read_passages(source_id, ids)
    return Place(*names) if names else None, rows


def _hits(found: Found, rows: list[Row], meaning: Meaning | None, limit: int, minimum_score: float) -> list[Hit]:
    score_of = meaning.score if meaning is not None else MEANINGLESS
    best = [(row, score) for row, score in judged(found, rows, score_of) if score >= minimum_score]
    return [Hit(row.title, row.heading, row.text, score, row.page) for row, score in best[:limit]]
