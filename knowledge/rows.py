"""The hot queries, written by hand: making them of models costs as much time as asking them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection
from django_scopes import get_scope

_SELECT = """
SELECT p.id, p.language, d.title, p.heading, p.text, p.page, s.index_name, v.name
FROM knowledge_passage p
JOIN knowledge_document d ON d.id = p.document_id
JOIN knowledge_source s ON s.id = p.source_id
LEFT JOIN knowledge_sourcevectors v ON v.source_id = s.id
WHERE p.source_id + 0 = %s AND p.id IN ({ids}){account}
"""
# "+ 0": by primary key. After a large upload, PostgreSQL does not know yet how many passages a source has, and would
# look through all of them in the index of sources: 2 ms for 50,000.

_PUT = """
INSERT INTO knowledge_passage (source_id, document_id, position, heading, text, language, page)
VALUES {rows}
ON CONFLICT (document_id, position) DO UPDATE
SET heading = excluded.heading, text = excluded.text, language = excluded.language, page = excluded.page
"""
_ROWS_AT_ONCE = 100

NewRow = tuple[int, int, int, str, str, str, int | None]
"""source, document, position, heading, text, language, page"""


@dataclass(frozen=True, slots=True)
class Row:
    """A passage as the database has it now."""

    pk: int
    language: str
    title: str
    heading: str
    text: str
    page: int | None


def read_passages(source_id: int, ids: Sequence[int]) -> tuple[tuple[str, str] | None, list[Row]]:
    """(index, vectors) that count now, None where there is no row; and the rows. Within the account in scope.

    Raises KeyError outside of any scope.
    """
    parameters = [source_id, *ids]
    account = ""
    scope = get_scope()
    if scope.get("_enabled", True):
        account = " AND s.account_id = %s"
        parameters.append(getattr(scope["account"], "pk", scope["account"]))
    query = _SELECT.format(ids=", ".join(["%s"] * len(ids)), account=account)
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        rows = cursor.fetchall()
    if not rows:
        return None, []
    return (rows[0][6], rows[0][7] or ""), [Row(*row[:6]) for row in rows]


def put_passages(rows: Sequence[NewRow]) -> None:
    """Write them over those that have the same document and position, which keep their ids."""
    with connection.cursor() as cursor:
        for start in range(0, len(rows), _ROWS_AT_ONCE):
            part = rows[start : start + _ROWS_AT_ONCE]
            places = ", ".join(["(%s, %s, %s, %s, %s, %s, %s)"] * len(part))
            cursor.execute(_PUT.format(rows=places), [value for row in part for value in row])
