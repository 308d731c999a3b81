"""What an index was made of, kept beside it: so that the next one is made of what has changed alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from django.db.models import Count, Min

from knowledge.models import Document, Passage

Contents = dict[int, str]
"""By document: what decides on its entries. Two of a kind have the same entries."""

FILE = "contents.json"


def contents_of(source_id: int) -> Contents:
    """Of the rows as they are; to be read before the passages are."""
    passages = (
        Passage.objects.filter(source=source_id)
        .order_by()
        .values("document")
        .annotate(count=Count("pk"), language=Min("language"), first=Min("pk"))
        .values_list("document", "count", "language", "first")
    )
    hashes = dict(Document.objects.filter(source=source_id).values_list("pk", "content_hash"))
    return {
        document: f"{hashes[document]} {count} {language} {first}"
        for document, count, language, first in passages
        if document in hashes
    }


def keep(directory: Path, contents: Contents) -> None:
    (directory / FILE).write_text(json.dumps(contents))


def kept(directory: Path) -> Contents | None:
    """None where nobody knows."""
    try:
        stored = json.loads((directory / FILE).read_text())
        return {int(document): str(state) for document, state in stored.items()}
    except (OSError, ValueError, AttributeError):
        return None


def changed(before: Mapping[int, str], now: Mapping[int, str]) -> tuple[set[int], set[int]]:
    """(documents whose entries are to go, documents whose entries are to come)."""
    gone = {document for document, state in before.items() if now.get(document) != state}
    come = {document for document, state in now.items() if before.get(document) != state}
    return gone, come
