"""Searching one source: what it says about a question, or that it says nothing."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, Q, TextChoices
from django.utils.translation import gettext_lazy as _

from knowledge.index import store
from knowledge.index.analysis import LANGUAGES, analyzer, content_words
from knowledge.index.files import OpenIndex
from knowledge.languages import detect
from knowledge.models import Document, DocumentState, Passage, Source

MOST_HITS = 10
DEFAULT_HITS = 5
MINIMUM_SCORE = 0.25
LONGEST_QUERY = 1000
MOST_TERMS = 40
SPARE = 3
"""How many passages more than asked for are scored: BM25 ranks by other things, too, than the score."""


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
    """``score`` is 0 to 1: which part of what was asked the passage speaks of, rare words weighing more."""

    document: str
    heading: str
    text: str
    score: float


def search(
    source_id: int,
    query: str,
    limit: int = DEFAULT_HITS,
    language: str = "",
    minimum_score: float = MINIMUM_SCORE,
) -> list[Hit]:
    """The passages that answer best, best first; none below ``minimum_score``.

    Any text may be asked. ``language`` is that of the question, '' to recognise it. Sync, inside the account's
    scope. Raises :class:`SourceNotReadyError`.
    """
    name = Source.objects.filter(pk=source_id).values_list("index_name", flat=True).first()
    if name is None:
        raise SourceNotReadyError(Readiness.UNKNOWN)
    if not name or not store.is_current_format(name):
        name = store.rebuild(source_id) if name else ""
    if not name:
        raise SourceNotReadyError(readiness(source_id))
    asked = _terms(query, language)
    size, weights, found = store.use(source_id, name, lambda index: _look_up(index, asked, limit))
    if not size:
        raise SourceNotReadyError(readiness(source_id))
    hits = [hit for hit in _judge(source_id, found, weights) if hit.score >= minimum_score]
    return hits[: min(limit, MOST_HITS)]


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


Weights = dict[str, dict[str, float]]
"""By language, then by term."""


def _terms(query: str, language: str) -> dict[str, list[str]]:
    """What is asked for, as each language's passages would write it."""
    query = query[:LONGEST_QUERY]
    spoken = language if language in LANGUAGES else detect(query)
    words = content_words(query, spoken)
    return {each: list(dict.fromkeys(analyzer(each).analyze(words)))[:MOST_TERMS] for each in LANGUAGES}


def _look_up(index: OpenIndex, terms: dict[str, list[str]], limit: int) -> tuple[int, Weights, list[tuple[int, float]]]:
    """Passages in the index, weights of the terms, and (passage id, BM25) of the best."""
    size = index.size
    weights = {
        language: {term: math.log(2 + size / (1 + index.frequency(language, term))) for term in words}
        for language, words in terms.items()
    }
    return size, weights, index.best(terms, min(limit, MOST_HITS) + SPARE)


def _judge(source_id: int, found: list[tuple[int, float]], weights: Weights) -> list[Hit]:
    """What was found as the rows have it now, best first."""
    rows = Passage.objects.filter(source=source_id, pk__in=[pk for pk, _rank in found])
    columns = rows.values("pk", "language", "heading", "text", title=F("document__title"))
    by_pk: dict[int, Any] = {row["pk"]: row for row in columns}
    judged = [(_score(by_pk[pk], weights[by_pk[pk]["language"]]), rank, by_pk[pk]) for pk, rank in found if pk in by_pk]
    judged.sort(key=lambda each: each[:2], reverse=True)
    return [Hit(row["title"], row["heading"], row["text"], score) for score, _rank, row in judged]


def _score(row: dict[str, Any], weights: dict[str, float]) -> float:
    if not weights:
        return 0.0
    said: Iterable[str] = analyzer(row["language"]).analyze(f"{row['title']}\n{row['heading']}\n{row['text']}")
    matched = weights.keys() & set(said)
    return round(sum(weights[term] for term in matched) / sum(weights.values()), 3)
