"""One index on disk: written whole from passages, then only read.

A field for the text and one for the headings in each language, and the number of the passage's row. The
words themselves are not stored: what is found is read from the database.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tantivy import Document, Index, Occur, Query, Schema, SchemaBuilder

from knowledge.index.analysis import LANGUAGES, register_analyzers, tokenizer_name

FORMAT = 1
"""Part of an index's name: raised whenever schema or analysis change, so that old indexes are built anew."""

PASSAGE = "passage"
HEADING_BOOST = 1.5
MEMORY_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Entry:
    """What the index knows of a passage; ``heading`` includes the document's title."""

    passage_id: int
    language: str
    heading: str
    text: str


def body_field(language: str) -> str:
    return f"body_{language}"


def head_field(language: str) -> str:
    return f"head_{language}"


def schema() -> Schema:
    builder = SchemaBuilder()
    builder.add_unsigned_field(PASSAGE, fast=True)
    for language in LANGUAGES:
        for field in (body_field(language), head_field(language)):
            builder.add_text_field(field, tokenizer_name=tokenizer_name(language), index_option="freq")
    return builder.build()


def write_index(directory: Path, entries: Iterable[Entry]) -> None:
    """Into an existing, empty directory."""
    index = Index(schema(), path=str(directory))
    register_analyzers(index)
    writer = index.writer(MEMORY_BYTES, num_threads=1)
    for entry in entries:
        document = Document()
        document.add_unsigned(PASSAGE, entry.passage_id)
        document.add_text(body_field(entry.language), entry.text)
        document.add_text(head_field(entry.language), entry.heading)
        writer.add_document(document)
    writer.commit()
    writer.wait_merging_threads()


class OpenIndex:
    """An index in use. Its files are mapped into memory: that they are deleted meanwhile does it no harm."""

    def __init__(self, directory: Path) -> None:
        index = Index.open(str(directory))
        # It never changes: nothing needs to watch it.
        index.config_reader(reload_policy="manual")
        register_analyzers(index)
        index.reload()
        self._schema = index.schema
        self._searcher = index.searcher()

    @property
    def size(self) -> int:
        """How many passages it holds."""
        return self._searcher.num_docs

    def frequency(self, language: str, term: str) -> int:
        """How many passages in ``language`` have the term in their text."""
        return self._searcher.doc_freq(body_field(language), term)

    def best(self, terms: dict[str, list[str]], limit: int) -> list[tuple[int, float]]:
        """(passage id, BM25) of those that have most of the terms (by language), best first."""
        should = [
            (Occur.Should, query)
            for language, words in terms.items()
            for term in words
            for query in self._queries(language, term)
        ]
        if not should:
            return []
        hits = self._searcher.search(Query.boolean_query(should), limit, count=False).hits
        ids = self._searcher.fast_field_values(PASSAGE, [address for _score, address in hits])
        return [(int(passage), float(score)) for passage, (score, _address) in zip(ids, hits, strict=True) if passage]

    def _queries(self, language: str, term: str) -> tuple[Query, Query]:
        body = Query.term_query(self._schema, body_field(language), term, index_option="freq")
        head = Query.term_query(self._schema, head_field(language), term, index_option="freq")
        return body, Query.boost_query(head, HEADING_BOOST)
