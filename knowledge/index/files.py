"""One index on disk: written from passages, then only read.

A field for the text and one for the headings in each language, and the numbers of the rows of passage and document. The
words themselves are not stored: what is found is read from the database.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from accounts.lazily import lazily
from knowledge.index.analysis import LANGUAGES, register_analyzers, tokenizer_name

if TYPE_CHECKING:
    import tantivy
else:
    tantivy = lazily("tantivy")

FORMAT = 3
"""Part of an index's name: raised whenever schema or analysis change, so that old indexes are built anew."""

PASSAGE = "passage"
DOCUMENT = "document"
HEADING_BOOST = 1.5
MEMORY_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Entry:
    """What the index knows of a passage; ``heading`` includes the document's title."""

    passage_id: int
    document_id: int
    language: str
    heading: str
    text: str


def body_field(language: str) -> str:
    return f"body_{language}"


def head_field(language: str) -> str:
    return f"head_{language}"


def schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field(PASSAGE, fast=True)
    builder.add_unsigned_field(DOCUMENT, indexed=True)
    for language in LANGUAGES:
        for field in (body_field(language), head_field(language)):
            builder.add_text_field(field, tokenizer_name=tokenizer_name(language), index_option="freq")
    return builder.build()


def write_index(directory: Path, entries: Iterable[Entry]) -> None:
    """Into an existing, empty directory."""
    _write(tantivy.Index(schema(), path=str(directory)), (), entries)


def change_index(directory: Path, without: Iterable[int], entries: Iterable[Entry]) -> None:
    """Take all passages of the documents ``without`` out, then put ``entries`` in."""
    _write(tantivy.Index.open(str(directory)), without, entries)


def link_index(directory: Path, to: Path) -> None:
    """The same index in the existing, empty directory ``to``. Its files are never written over, so links will do."""
    for path in directory.iterdir():
        if path.is_file() and not path.name.endswith(".lock"):
            os.link(path, to / path.name)


def _write(index: tantivy.Index, without: Iterable[int], entries: Iterable[Entry]) -> None:
    register_analyzers(index)
    writer = index.writer(MEMORY_BYTES, num_threads=1)
    for document_id in without:
        # By its term, tantivy takes the number for a signed one and finds nothing.
        writer.delete_documents_by_query(tantivy.Query.term_query(index.schema, DOCUMENT, document_id))
    for entry in entries:
        document = tantivy.Document()
        document.add_unsigned(PASSAGE, entry.passage_id)
        document.add_unsigned(DOCUMENT, entry.document_id)
        document.add_text(body_field(entry.language), entry.text)
        document.add_text(head_field(entry.language), entry.heading)
        writer.add_document(document)
    writer.commit()
    writer.wait_merging_threads()


class OpenIndex:
    """An index in use. Its files are mapped into memory: that they are deleted meanwhile does it no harm."""

    def __init__(self, directory: Path) -> None:
        index = tantivy.Index.open(str(directory))
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
            (tantivy.Occur.Should, query)
            for language, words in terms.items()
            for term in words
            for query in self._queries(language, term)
        ]
        if not should:
            return []
        hits = self._searcher.search(tantivy.Query.boolean_query(should), limit, count=False).hits
        ids = self._searcher.fast_field_values(PASSAGE, [address for _score, address in hits])
        return [(int(passage), float(score)) for passage, (score, _address) in zip(ids, hits, strict=True) if passage]

    def _queries(self, language: str, term: str) -> tuple[tantivy.Query, tantivy.Query]:
        body = tantivy.Query.term_query(self._schema, body_field(language), term, index_option="freq")
        head = tantivy.Query.term_query(self._schema, head_field(language), term, index_option="freq")
        return body, tantivy.Query.boost_query(head, HEADING_BOOST)
