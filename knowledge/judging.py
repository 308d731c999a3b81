"""What counts as found: passages scored against the question, and two rankings made one."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from knowledge.embedding.matrix import Near
from knowledge.embedding.vectors import digest_of
from knowledge.index.analysis import analyzer
from knowledge.rows import Row

Weights = dict[str, dict[str, float]]
"""What each term of the question counts: by language, then by term."""

RANK_OFFSET = 60
"""Of reciprocal rank fusion, as Cormack, Clarke and Büttcher chose it."""


def MEANINGLESS(similarity: float) -> float:
    return 0.0


@dataclass(slots=True)
class Found:
    """Passages of the index, the question's weights, (passage id, BM25) of the best by words, the best by meaning."""

    size: int
    weights: Weights
    by_words: list[tuple[int, float]]
    near: list[Near] = field(default_factory=list)

    def ids(self) -> list[int]:
        return list({pk for pk, _rank in self.by_words} | {near.passage_id for near in self.near})


def weight(size: int, frequency: int) -> float:
    """Of a term that ``frequency`` of ``size`` passages have: the rarer, the more."""
    return math.log(2 + size / (1 + frequency))


def judged(found: Found, rows: list[Row], score_of: Callable[[float], float]) -> list[tuple[Row, float]]:
    """Rows and their scores, best first; ``score_of`` makes a score of a similarity.

    A vector of a text that has changed since counts for nothing.
    """
    bm25 = dict(found.by_words)
    said = {row.pk: words_score(row, found.weights[row.language]) for row in rows}
    if not found.near:
        ordered = sorted(rows, key=lambda row: (said[row.pk], bm25.get(row.pk, 0.0)), reverse=True)
        return [(row, said[row.pk]) for row in ordered]
    near = {each.passage_id: each for each in found.near}
    meant = {
        row.pk: score_of(near[row.pk].similarity)
        for row in rows
        if row.pk in near and near[row.pk].digest == digest_of(row.title, row.heading, row.text)
    }
    by_words = sorted((pk for pk, score in said.items() if score), key=lambda pk: (-said[pk], -bm25.get(pk, 0.0)))
    fused = _fused(by_words, sorted(meant, key=lambda pk: -near[pk].similarity))
    scores = {pk: round(max(said[pk], meant.get(pk, 0.0)), 3) for pk in said}
    ordered = sorted(rows, key=lambda row: (fused.get(row.pk, 0.0), scores[row.pk]), reverse=True)
    return [(row, scores[row.pk]) for row in ordered]


def words_score(row: Row, weights: dict[str, float]) -> float:
    """Which part of the question the passage speaks of."""
    if not weights:
        return 0.0
    said = analyzer(row.language).analyze(f"{row.title}\n{row.heading}\n{row.text}")
    matched = weights.keys() & set(said)
    return round(sum(weights[term] for term in matched) / sum(weights.values()), 3)


def _fused(*rankings: list[int]) -> dict[int, float]:
    scores: dict[int, float] = {}
    for ranking in rankings:
        for rank, pk in enumerate(ranking, start=1):
            scores[pk] = scores.get(pk, 0.0) + 1 / (RANK_OFFSET + rank)
    return scores
