"""What searching knowledge costs: index time, and one question end to end (index, rows, score), by words and hybrid.

Beside it in the same run, round by round: bare tantivy that answers from stored text, bm25s, numpy over the same
vectors, and the full text of the database itself (FTS5 or tsvector; any of the question's words, ranked) over the
same passages. Each gets the question as it was asked. Vectors are made here (random directions of words, 384
dimensions), so that the hybrid search is timed without a request. The answers are checked before anything is timed.
Runs on SQLite in a directory of its own, or on DATABASE_URL. Prints a table and, last, one line of JSON.

    make bench-search            PASSAGES=50000 by default
"""

from __future__ import annotations

import functools
import gc
import itertools
import json
import os
import random
import statistics
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bench.product import set_up

PASSAGES = int(os.environ.get("PASSAGES", "50000"))
PER_DOCUMENT = 50
QUESTIONS = 200
ROUNDS = 5
FRENCH_SYLLABLES = "ta ré ment eau ble gné pré sou lon qui tion dré fou vé cha nier lou per mé trou cré ban fil gar"
ENGLISH_SYLLABLES = "ing ther ow ough ble stra ment per cla wood fi gren all ton ship ham ster bri ock land mer dow"
SYLLABLES = {"fr": FRENCH_SYLLABLES.split(), "en": ENGLISH_SYLLABLES.split()}
FRENCH_SMALL = "le la les des du une dans pour par sur avec vous nous votre qui que et est"
ENGLISH_SMALL = "the a of to in for with on at by from you we your which and is are"
SMALL = {"fr": FRENCH_SMALL.split(), "en": ENGLISH_SMALL.split()}
DIMENSIONS = 384
HYBRID_MS = 6.0
FRAME = {"fr": "Comment {} pour {} et {} ?", "en": "How do I {} the {} and {}?"}

Ask = Callable[[str, str], Any]


def vocabulary(language: str, rng: random.Random) -> list[str]:
    words = {"".join(rng.choices(SYLLABLES[language], k=rng.randint(2, 4))) for _word in range(30_000)}
    return sorted(words, key=lambda word: rng.random())


def passage(words: list[str], small: list[str], rng: random.Random) -> str:
    """About 1,000 characters; half of the words are small ones, the others as rare as in speech (Zipf)."""
    sentences = []
    while sum(map(len, sentences)) < 950:
        chosen = [words[int(len(words) ** rng.random()) - 1] for _word in range(7)]
        both = itertools.chain.from_iterable(zip(rng.choices(small, k=7), chosen, strict=True))
        sentences.append(" ".join(both).capitalize() + ".")
    return " ".join(sentences)


def corpus(rng: random.Random) -> Iterator[tuple[str, str]]:
    """(language, text) of each passage, French and English in turn by document."""
    words = {language: vocabulary(language, rng) for language in SYLLABLES}
    for number in range(PASSAGES):
        language = ("fr", "en")[number // PER_DOCUMENT % 2]
        yield language, passage(words[language], SMALL[language], rng)


def words_of(text: str) -> list[str]:
    return text.lower().replace(".", "").split()


def questions(passages: list[tuple[str, str]], rng: random.Random) -> list[tuple[str, str, str]]:
    """(question, language, the passage it is about): three of its rarer words."""
    counts = Counter(word for _language, text in passages for word in set(words_of(text)))
    made = []
    for language, text in rng.sample(passages, QUESTIONS):
        words = sorted(set(words_of(text)), key=lambda word: (counts[word], word))[:20]
        made.append((FRAME[language].format(*rng.sample(words, 3)), language, text))
    return made


def ingest(passages: list[tuple[str, str]]) -> tuple[int, float, float]:
    """The product's way: documents to passages to index. Source id, seconds of it, seconds of the index once more."""
    from accounts.models import Account
    from knowledge import ingestion, signals
    from knowledge.index import store
    from knowledge.models import Document, Passage, Source

    signals.wake_worker = lambda *_given: None
    account = Account.objects.create(name="Bench", slug=f"bench-{time.time_ns()}")
    from django_scopes import scope

    with scope(account=account):
        source = Source.objects.create(account=account, name="Bench")
        rows = []
        for start in range(0, len(passages), PER_DOCUMENT):
            part = passages[start : start + PER_DOCUMENT]
            text = "\n\n".join(f"## Part {number}\n\n{text}" for number, (_language, text) in enumerate(part))
            rows.append(Document(source=source, title=f"Document {start}", text=text, language=part[0][0]))
        Document.objects.bulk_create(rows, batch_size=100)
        began_s = time.perf_counter()
        ingestion.ingest_source(source.pk)
        ingest_s = time.perf_counter() - began_s
        assert Passage.objects.count() == len(passages), Passage.objects.count()
        began_s = time.perf_counter()
        store.rebuild(source.pk)
        return source.pk, ingest_s, time.perf_counter() - began_s


def bare_rows(passages: list[tuple[str, str]]) -> float:
    """Seconds to insert the same passages into a table and nothing else."""
    from django.db import connection, transaction

    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE bench_rows (id integer PRIMARY KEY, language varchar(2), body text)")
        began_s = time.perf_counter()
        with transaction.atomic():
            rows = [(number, *each) for number, each in enumerate(passages)]
            cursor.executemany("INSERT INTO bench_rows VALUES (%s, %s, %s)", rows)
        took_s = time.perf_counter() - began_s
        cursor.execute("DROP TABLE bench_rows")
    return took_s


def bare_tantivy(passages: list[tuple[str, str]], directory: Path) -> tuple[Ask, float]:
    """Stored text and tantivy's own English analysis, through its own query parser."""
    import tantivy

    builder = tantivy.SchemaBuilder()
    builder.add_text_field("body", stored=True, tokenizer_name="en_stem")
    index = tantivy.Index(builder.build(), path=str(directory))
    began_s = time.perf_counter()
    writer = index.writer(64 * 1024 * 1024, num_threads=1)
    for _language, text in passages:
        writer.add_document(tantivy.Document(body=text))
    writer.commit()
    writer.wait_merging_threads()
    took_s = time.perf_counter() - began_s
    index.reload()
    searcher = index.searcher()

    def ask(question: str, _language: str) -> list[str]:
        query, _errors = index.parse_query_lenient(question, ["body"])
        return [searcher.doc(address)["body"][0] for _score, address in searcher.search(query, 5, count=False).hits]

    return ask, took_s


def bare_full_text(passages: list[tuple[str, str]]) -> Ask:
    """The database's own: FTS5 on SQLite, tsvector with a GIN index on PostgreSQL; any word, ranked."""
    from django.db import connection

    cursor = connection.cursor()
    if connection.vendor == "sqlite":
        cursor.execute("CREATE VIRTUAL TABLE bench_text USING fts5(body, tokenize='unicode61 remove_diacritics 2')")
        query, glue = "SELECT body FROM bench_text WHERE bench_text MATCH %s ORDER BY rank LIMIT 5", " OR "
    else:
        cursor.execute(
            "CREATE TABLE bench_text (body text, "
            "words tsvector GENERATED ALWAYS AS (to_tsvector('simple', body)) STORED)"
        )
        query, glue = (
            (
                "SELECT body FROM bench_text, to_tsquery('simple', %s) AS asked "
                "WHERE words @@ asked ORDER BY ts_rank(words, asked) DESC LIMIT 5"
            ),
            " | ",
        )
    cursor.executemany("INSERT INTO bench_text (body) VALUES (%s)", [(text,) for _language, text in passages])
    if connection.vendor != "sqlite":
        cursor.execute("CREATE INDEX bench_words ON bench_text USING gin (words)")
        cursor.execute("ANALYZE bench_text")

    def ask(question: str, _language: str) -> list[str]:
        words = glue.join(f'"{word}"' if glue == " OR " else word for word in question.replace("?", "").split())
        cursor.execute(query, [words])
        return [text for (text,) in cursor.fetchall()]

    return ask


def bare_bm25s(passages: list[tuple[str, str]]) -> tuple[Ask, float]:
    """bm25s in memory, without stemming."""
    import bm25s

    texts = [text for _language, text in passages]
    began_s = time.perf_counter()
    index = bm25s.BM25()
    index.index(bm25s.tokenize(texts, show_progress=False), show_progress=False)
    took_s = time.perf_counter() - began_s

    def ask(question: str, _language: str) -> list[str]:
        tokens = bm25s.tokenize(question, show_progress=False)
        found, _scores = index.retrieve(tokens, k=5, show_progress=False)
        return [texts[number] for number in found[0]]

    return ask, took_s


def vector_of(text: str) -> Any:
    """The sum of its words' directions, of length 1."""
    import numpy as np

    total = np.sum([direction(word) for word in set(words_of(text.replace("?", "")))], axis=0)
    return (total / np.linalg.norm(total)).astype(np.float32)


@functools.cache
def direction(word: str) -> Any:
    import numpy as np

    return np.random.default_rng(zlib.crc32(word.encode())).standard_normal(DIMENSIONS).astype(np.float32)


def make_vectors(source_id: int, passages: list[tuple[str, str]]) -> tuple[Any, Any]:
    """Rows and matrix as a worker leaves them; (the space, the matrix)."""
    import uuid

    import numpy as np

    from knowledge.embedding import matrix
    from knowledge.embedding.models import PassageVector, SourceVectors
    from knowledge.embedding.vectors import digest_of, packed
    from knowledge.models import Passage

    space = uuid.uuid4()
    rows = Passage.objects.filter(source=source_id).values_list("pk", "document__title", "heading", "text")
    vectors, made = [], []
    for pk, title, heading, text in rows.iterator():
        vectors.append(vector_of(text))
        digest = digest_of(title, heading, text)
        data = packed(vectors[-1])
        made.append(PassageVector(passage_id=pk, source_id=source_id, space=space, digest=digest, data=data))
    PassageVector.objects.bulk_create(made, batch_size=500)
    name = matrix.new_name(space, 1)
    matrix.write(source_id, name, space, DIMENSIONS)
    SourceVectors.objects.create(source_id=source_id, state="ready", space=space, name=name)
    return space, np.array(vectors)


def hybrid(source_id: int, space: Any, asked: list[tuple[str, str, str]]) -> Ask:
    """With the question's vector at hand: what stands beside the embedding request."""
    from knowledge.search import Meaning, search

    vectors = {question: vector_of(question) for question, _language, _text in asked}

    def ask(question: str, language: str) -> list[str]:
        meaning = Meaning(space, vectors[question], 0.1, 0.4)
        return [hit.text for hit in search(source_id, question, 5, language, meaning=meaning)]

    return ask


def bare_numpy(matrix: Any, asked: list[tuple[str, str, str]]) -> Ask:
    """The five nearest, nothing else."""
    import numpy as np

    vectors = {question: vector_of(question) for question, _language, _text in asked}

    def ask(question: str, _language: str) -> Any:
        return np.argpartition(matrix @ vectors[question], -5)[-5:]

    return ask


def product(source_id: int) -> Ask:
    from knowledge.search import search

    def ask(question: str, language: str) -> list[str]:
        return [hit.text for hit in search(source_id, question, 5, language)]

    return ask


def found(ask: Ask, asked: list[tuple[str, str, str]]) -> float:
    """The share of questions whose passage is among the five best."""
    return sum(text in ask(question, language) for question, language, text in asked) / len(asked)


def measure(asks: dict[str, Ask], asked: list[tuple[str, str, str]]) -> dict[str, list[float]]:
    """Milliseconds of every question, by who was asked."""
    samples: dict[str, list[float]] = {name: [] for name in asks}
    gc.collect()
    for _round in range(ROUNDS):
        for name, ask in asks.items():
            few = asked if name != "full_text" else asked[: QUESTIONS // 4]
            for question, language, _text in few:
                began_s = time.perf_counter()
                ask(question, language)
                samples[name].append((time.perf_counter() - began_s) * 1000)
    return samples


def main() -> None:
    with tempfile.TemporaryDirectory() as data_dir:
        set_up(data_dir)
        from django.db import connection
        from django_scopes import scopes_disabled

        from accounts.models import Account

        rng = random.Random(7)
        passages = list(corpus(rng))
        asked = questions(passages, rng)
        source_id, ingest_s, index_s = ingest(passages)
        rows_s = bare_rows(passages)
        (bare_directory := Path(data_dir) / "bare").mkdir()
        tantivy_ask, tantivy_index_s = bare_tantivy(passages, bare_directory)
        bm25s_ask, bm25s_index_s = bare_bm25s(passages)
        with scopes_disabled():
            space, matrix = make_vectors(source_id, passages)
            asks = {
                "product": product(source_id),
                "hybrid": hybrid(source_id, space, asked),
                "tantivy": tantivy_ask,
                "bm25s": bm25s_ask,
                "numpy": bare_numpy(matrix, asked),
                "full_text": bare_full_text(passages),
            }
            shares = {name: found(ask, asked) for name, ask in asks.items() if name not in UNCHECKED}
            assert shares["product"] >= 0.9, shares
            samples = measure(asks, asked)
            Account.objects.filter(sources=source_id).delete()
        connection.cursor().execute("DROP TABLE bench_text")
        seconds = {"ingest": ingest_s, "index": index_s, "bare_rows": rows_s, "bare_index": tantivy_index_s}
        report(connection.vendor, samples, shares, {**seconds, "bm25s_index": bm25s_index_s})


UNCHECKED = ("full_text", "numpy")
LABELS = {
    "product": "search() end to end, by words",
    "hybrid": "search() end to end, by words and meaning",
    "tantivy": "bare tantivy, stored text",
    "bm25s": "bare bm25s",
    "numpy": "bare numpy, 384 dimensions",
    "full_text": "the database's own full text",
}


def report(database: str, samples: dict[str, list[float]], shares: dict[str, float], seconds: dict[str, float]) -> None:
    figures: dict[str, float] = {"passages": PASSAGES}
    for name, times in samples.items():
        figures[f"{name}_p50_ms"] = round(statistics.median(times), 3)
        figures[f"{name}_p95_ms"] = round(statistics.quantiles(times, n=20)[-1], 3)
    figures |= {f"{name}_found_share": round(share, 3) for name, share in shares.items()}
    figures |= {f"{name}_s": round(took_s, 2) for name, took_s in seconds.items()}
    bare_s = seconds["bare_rows"] + seconds["bare_index"]
    ratios = {
        "product_to_tantivy": round(figures["product_p50_ms"] / figures["tantivy_p50_ms"], 1),
        "full_text_to_product": round(figures["full_text_p50_ms"] / figures["product_p50_ms"], 1),
        "ingest_speed_to_bare": round(bare_s / seconds["ingest"], 2),
    }
    at_most = {"product_p50_ms": 2.0, "hybrid_p50_ms": HYBRID_MS}
    at_least = {"full_text_to_product": 5.0, "ingest_speed_to_bare": 0.5}
    missed = [name for name, most in at_most.items() if figures[name] > most]
    missed += [name for name, least in at_least.items() if ratios[name] < least]
    print(f"{PASSAGES} passages, French and English, {database}")
    print(f"{'':<44}{'p50 ms':>9}{'p95 ms':>9}{'found':>8}")
    for name in samples:
        share = f"{shares[name]:.0%}" if name in shares else ""
        print(f"{LABELS[name]:<44}{figures[f'{name}_p50_ms']:>9.3f}{figures[f'{name}_p95_ms']:>9.3f}{share:>8}")
    print(", ".join(f"{name} {took_s:.1f} s" for name, took_s in seconds.items()))
    bench = {"bench": "search", "database": database, "figures": figures, "ratios": ratios}
    print(json.dumps({**bench, "targets": {**at_most, **at_least}, "missed": missed}))


if __name__ == "__main__":
    main()
