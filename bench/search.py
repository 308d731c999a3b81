"""What searching knowledge costs: index time, and one question end to end (source row, index, rows, score).

Beside it in the same run, round by round: bare tantivy that answers from stored text, and the full text of the
database itself (FTS5 or tsvector; any of the question's words, ranked) over the same passages. Each gets the
question as it was asked. The answers are checked before anything is timed. Runs on SQLite in a directory of its
own, or on DATABASE_URL. Prints a table and, last, one line of JSON.

    make bench-search            PASSAGES=50000 by default
"""

from __future__ import annotations

import gc
import itertools
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
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
FRAME = {"fr": "Comment {} pour {} et {} ?", "en": "How do I {} the {} and {}?"}

Ask = Callable[[str, str], Any]


def set_up(data_dir: str) -> None:
    sys.path[:0] = [str(ROOT), str(ROOT / "platform")]
    os.environ["DATA_DIR"] = data_dir
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django
    from django.core.management import call_command

    django.setup()
    import logging

    logging.disable(logging.INFO)
    call_command("migrate", verbosity=0)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


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
        asks = {"product": product(source_id), "tantivy": tantivy_ask, "full_text": bare_full_text(passages)}
        with scopes_disabled():
            shares = {name: found(ask, asked) for name, ask in asks.items() if name != "full_text"}
            assert shares["product"] >= 0.9, shares
            samples = measure(asks, asked)
            Account.objects.filter(sources=source_id).delete()
        connection.cursor().execute("DROP TABLE bench_text")
        report(connection.vendor, samples, shares, ingest_s, index_s, rows_s, tantivy_index_s)


def report(
    database: str,
    samples: dict[str, list[float]],
    shares: dict[str, float],
    ingest_s: float,
    index_s: float,
    rows_s: float,
    tantivy_index_s: float,
) -> None:
    figures: dict[str, float] = {"passages": PASSAGES}
    for name, times in samples.items():
        figures[f"{name}_p50_ms"] = round(statistics.median(times), 3)
        figures[f"{name}_p95_ms"] = round(statistics.quantiles(times, n=20)[-1], 3)
    figures |= {f"{name}_found_share": round(share, 3) for name, share in shares.items()}
    figures |= {
        "ingest_s": round(ingest_s, 2),
        "index_s": round(index_s, 2),
        "bare_rows_s": round(rows_s, 2),
        "bare_index_s": round(tantivy_index_s, 2),
    }
    ratios = {
        "product_to_tantivy": round(figures["product_p50_ms"] / figures["tantivy_p50_ms"], 1),
        "full_text_to_product": round(figures["full_text_p50_ms"] / figures["product_p50_ms"], 1),
        "ingest_speed_to_bare": round((rows_s + tantivy_index_s) / ingest_s, 2),
    }
    targets = {"product_p50_ms": 2.0, "full_text_to_product": 5.0, "ingest_speed_to_bare": 0.5}
    missed = [name for name in ("full_text_to_product", "ingest_speed_to_bare") if ratios[name] < targets[name]]
    missed += ["product_p50_ms"] if figures["product_p50_ms"] > targets["product_p50_ms"] else []
    print(f"{PASSAGES} passages, French and English, {database}")
    print(f"{'':<34}{'p50 ms':>9}{'p95 ms':>9}{'found':>8}")
    labels = {
        "product": "search() end to end",
        "tantivy": "bare tantivy, stored text",
        "full_text": "the database's own full text",
    }
    for name in samples:
        share = f"{shares[name]:.0%}" if name in shares else ""
        print(f"{labels[name]:<34}{figures[f'{name}_p50_ms']:>9.3f}{figures[f'{name}_p95_ms']:>9.3f}{share:>8}")
    bare = f"bare rows {rows_s:.1f} s, bare index {tantivy_index_s:.1f} s"
    print(f"ingest {ingest_s:.1f} s, then the index alone {index_s:.1f} s; {bare}")
    bench = {"bench": "search", "database": database, "figures": figures, "ratios": ratios}
    print(json.dumps({**bench, "targets": targets, "missed": missed}))


if __name__ == "__main__":
    main()
