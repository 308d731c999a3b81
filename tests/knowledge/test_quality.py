"""How often the right document is found: 44 short documents in two languages, questions as callers word them.

Texts and questions in ``corpus/`` are this project's own. The figures are in docs/knowledge.md; the floors here are a
little below them. The embedding server is a stub: its figures show that fusion helps, not how good a model is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import LazySettings

from knowledge.asking import ask_now
from knowledge.embedding import questions, wake, work
from knowledge.embedding.models import EmbeddingConnection
from knowledge.evaluation import Evaluation, Expectation, evaluate
from knowledge.models import Source
from knowledge.search import search
from outbound.circuits import forget_circuits
from tests.support.embedding_server import DIMENSIONS, embedding_server

CORPUS = Path(__file__).with_name("corpus")


def read_corpus(language: str) -> tuple[dict[str, str], list[Expectation]]:
    """Texts by title, and questions."""
    texts: dict[str, str] = {}
    expectations: list[Expectation] = []
    title = ""
    for line in (CORPUS / f"{language}.txt").read_text().splitlines():
        kind, _space, rest = line.partition(" ")
        if kind == "#":
            title = rest
        elif kind == "?":
            expectations.append(Expectation(rest, title))
        else:
            texts[title] = line
    return texts, expectations


def both() -> tuple[dict[str, str], list[Expectation]]:
    (french, french_questions), (english, english_questions) = read_corpus("fr"), read_corpus("en")
    return {**french, **english}, french_questions + english_questions


@pytest.fixture
def corpus(source: Source, write: Callable[..., None]) -> Source:
    write(source, **both()[0])
    return source


@pytest.fixture
def with_meaning(corpus: Source, settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Source]:
    monkeypatch.setattr(wake, "wake_for_vectors", lambda *_given: None)
    questions.forget_servers()
    forget_circuits()
    with embedding_server() as server:
        settings.OUTBOUND_ALLOWED_PRIVATE_HOSTS = [server.host]
        EmbeddingConnection.objects.create(
            account=corpus.account, url=server.url, model="stub", dimensions=DIMENSIONS, query_timeout_ms=5000
        )
        work.embed_source(corpus.pk)
        yield corpus
    questions.forget_servers()


def test_the_corpus_is_large_enough() -> None:
    for language in ("fr", "en"):
        texts, expectations = read_corpus(language)
        assert len(texts) >= 20
        assert len(expectations) >= 40


def test_words_find_most_answers(corpus: Source) -> None:
    evaluation = evaluate(corpus.pk, both()[1])
    _print(evaluation)

    assert evaluation.hybrid is None
    assert evaluation.by_words.recall_5 >= 0.82
    assert evaluation.by_words.mrr >= 0.77


def test_meaning_finds_more(with_meaning: Source) -> None:
    evaluation = evaluate(with_meaning.pk, both()[1])
    _print(evaluation)

    assert evaluation.hybrid is not None
    assert evaluation.hybrid.recall_5 >= max(0.91, evaluation.by_words.recall_5)
    assert evaluation.hybrid.mrr >= max(0.86, evaluation.by_words.mrr)


def test_what_no_document_says_is_rarely_found(with_meaning: Source) -> None:
    absent = (CORPUS / "absent.txt").read_text().splitlines()
    by_words = [question for question in absent if search(with_meaning.pk, question)]
    hybrid = [question for question in absent if ask_now(with_meaning.pk, question).hits]
    print(json.dumps({"absent": len(absent), "by_words": by_words, "hybrid": hybrid}, ensure_ascii=False))

    assert len(by_words) <= 1
    assert len(hybrid) <= 1


def _print(evaluation: Evaluation) -> None:
    missed = [each.expectation.question for each in evaluation.results if not (each.hybrid or each.by_words).rank]
    figures = {"words": evaluation.by_words, "hybrid": evaluation.hybrid, "missed": missed}
    print(json.dumps(figures, default=str, ensure_ascii=False))
