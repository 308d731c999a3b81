"""How well a source answers: questions with the document that holds the answer, asked by words and by meaning."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from asgiref.sync import AsyncToSync
from django.utils.translation import gettext as _

from knowledge.asking import account_in_scope
from knowledge.embedding.questions import meaning_of
from knowledge.search import LONGEST_QUERY, MOST_HITS, Hit, Meaning, search
from outbound.http import session_scope

MOST_QUESTIONS = 500
AT = 5


@dataclass(frozen=True, slots=True)
class Expectation:
    """``document`` is a title of the source."""

    question: str
    document: str


class CasesInvalidError(ValueError):
    """The message is a sentence for people."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Titles of what was found, best first, each once; ``rank`` is that of the expected one, 0: not found."""

    found: tuple[tuple[str, float], ...]
    rank: int


@dataclass(frozen=True, slots=True)
class Result:
    expectation: Expectation
    by_words: Asked
    hybrid: Asked | None
    """None where only words can be compared."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Shares of 1; ``mrr`` is the mean of 1/rank."""

    recall_1: float
    recall_5: float
    mrr: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    results: tuple[Result, ...]
    by_words: Figures
    hybrid: Figures | None
    warnings: tuple[str, ...]


def parse(text: str) -> list[Expectation]:
    """One ``question ; document`` a line, as CSV with semicolons, tabs or commas; a header line is left out.

    Raises CasesInvalidError.
    """
    lines = [line for line in text.replace("\0", "").splitlines() if line.strip()]
    delimiter = next((each for each in ";\t," if any(each in line for line in lines)), ";")
    expectations = []
    try:
        rows = list(csv.reader(io.StringIO("\n".join(lines)), delimiter=delimiter, skipinitialspace=True))
    except csv.Error:
        raise CasesInvalidError(_("This cannot be read as a table with two columns.")) from None
    for number, row in enumerate(rows, start=1):
        cells = [cell.strip() for cell in row if cell.strip()]
        if len(cells) < 2:
            raise CasesInvalidError(
                _("Line %(number)d: write the question, a semicolon, the document.") % {"number": number}
            )
        question, document = delimiter.join(cells[:-1]), cells[-1]
        if number == 1 and document.lower() in HEADERS:
            continue
        expectations.append(Expectation(question[:LONGEST_QUERY], document))
    if not expectations:
        raise CasesInvalidError(_("Write at least one question."))
    if len(expectations) > MOST_QUESTIONS:
        raise CasesInvalidError(_("%(most)d questions at most.") % {"most": MOST_QUESTIONS})
    return expectations


HEADERS = {"document", "documents", "titre", "title", "expected", "attendu", "document attendu", "expected document"}


def evaluate(source_id: int, expectations: Sequence[Expectation], language: str = "") -> Evaluation:
    """Ask them all, inside the account's scope. Raises SourceNotReadyError."""
    meanings, warnings = AsyncToSync(_meanings, force_new_loop=True)(
        source_id, account_in_scope(), [each.question for each in expectations]
    )
    results = []
    for expectation, meaning in zip(expectations, meanings, strict=True):
        by_words = _asked(expectation, search(source_id, expectation.question, MOST_HITS, language))
        hybrid = None
        if meaning is not None:
            hits = search(source_id, expectation.question, MOST_HITS, language, meaning=meaning)
            hybrid = _asked(expectation, hits)
        results.append(Result(expectation, by_words, hybrid))
    by_meaning = all(result.hybrid for result in results)
    return Evaluation(
        tuple(results),
        _figures(results, lambda result: result.by_words.rank),
        _figures(results, lambda result: result.hybrid.rank if result.hybrid else 0) if by_meaning else None,
        tuple(dict.fromkeys(filter(None, warnings))),
    )


async def _meanings(source_id: int, account_id: int, questions: list[str]) -> tuple[list[Meaning | None], list[str]]:
    async with session_scope():
        pairs = [await meaning_of(source_id, account_id, question) for question in questions]
    return [meaning for meaning, _warning in pairs], [warning for _meaning, warning in pairs]


def _asked(expectation: Expectation, hits: list[Hit]) -> Asked:
    scores: dict[str, float] = {}
    for hit in hits:
        scores.setdefault(hit.document, hit.score)
    titles = [_plain(title) for title in scores]
    wanted = _plain(expectation.document)
    return Asked(tuple(scores.items()), titles.index(wanted) + 1 if wanted in titles else 0)


def _plain(title: str) -> str:
    return " ".join(title.casefold().split())


def _figures(results: Sequence[Result], rank_of: Callable[[Result], int]) -> Figures:
    ranks = [rank_of(result) for result in results]
    count = len(ranks)
    return Figures(
        recall_1=sum(rank == 1 for rank in ranks) / count,
        recall_5=sum(0 < rank <= AT for rank in ranks) / count,
        mrr=sum(1 / rank for rank in ranks if rank) / count,
    )
