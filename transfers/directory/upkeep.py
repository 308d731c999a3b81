"""Keeping the search of directories in step with their rows."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from transfers.directory.words import key_of_words, words_of
from transfers.models import TransferDestination

CHUNK = 2_500
"""Rows of one transaction: who saves a single row meanwhile waits for its end."""
LEFT_AFTER_S = 120

CHANGED = """
SELECT row.id, row.phone, row.sip_uri, agent.name, row.description, entry.{key} IS NOT NULL
FROM transfers_transferdestination AS row
LEFT JOIN transfers_directory AS entry ON entry.{key} = row.id
LEFT JOIN actions_agent AS agent ON agent.id = row.agent_id
WHERE row.action_id = %s AND row.id > %s AND (entry.{key} IS NULL OR entry.source <> row.description)
ORDER BY row.id LIMIT %s
"""
ADD_WORDS = """
INSERT INTO transfers_directory_word (action_id, word, backwards, told) VALUES (%s, %s, %s, %s)
ON CONFLICT (action_id, word) DO UPDATE SET told = transfers_directory_word.told + excluded.told
"""

Entry = tuple[int, str, str]
"""Of a destination: its id, its tokens joined by spaces, its description."""


def announce_bulk_change(action_id: int) -> None:
    """Say, in the transaction that changes many rows, that :func:`after_bulk_change` is due: :func:`sweep` makes up
    for a worker that dies in between.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO transfers_directory_due (action_id, since) VALUES (%s, %s) "
            "ON CONFLICT (action_id) DO UPDATE SET since = excluded.since",
            [action_id, timezone.now()],
        )


def is_due(action_id: int) -> bool:
    """Whether rows were changed in bulk that the search does not know yet."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM transfers_directory_due WHERE action_id = %s", [action_id])
        return cursor.fetchone() is not None


def sweep() -> int:
    """Do what is due and was left undone, of any account; how many actions it was."""
    before = timezone.now() - dt.timedelta(seconds=LEFT_AFTER_S)
    with connection.cursor() as cursor:
        cursor.execute("SELECT action_id FROM transfers_directory_due WHERE since < %s ORDER BY since", [before])
        left = [action_id for (action_id,) in cursor.fetchall()]
    for action_id in left:
        after_bulk_change(action_id)
    return len(left)


def after_bulk_change(action_id: int) -> None:
    """Bring the search of this action in step with its rows, however many of them have changed. May take seconds.

    To be called in a worker, after the transaction that changed them. Only what has changed is done, in short
    transactions; a second run, at the same time or after a kill, goes on where the first one is.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT since FROM transfers_directory_due WHERE action_id = %s", [action_id])
        since = cursor.fetchone()
    last: int | None = 0
    while last is not None:
        last = _bring_in_step(action_id, last)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT gin_clean_pending_list('transfers_directory_words')")
        if since:
            cursor.execute(
                "DELETE FROM transfers_directory_due WHERE action_id = %s AND since = %s", [action_id, *since]
            )


def index_row(row: TransferDestination) -> None:
    """Bring the search in step with one row that was saved."""
    agent = row.agent.name if row.agent else None
    with transaction.atomic():
        _one_at_a_time(row.action_id)
        _store(row.action_id, [(row.pk, row.phone, row.sip_uri, agent, row.description, True)])


def _bring_in_step(action_id: int, after: int) -> int | None:
    """Do one chunk of the rows above the id ``after``; the id of its last, None where nothing is left."""
    key = "destination_id" if connection.vendor == "postgresql" else "rowid"
    with transaction.atomic(), connection.cursor() as cursor:
        _one_at_a_time(action_id)
        cursor.execute(CHANGED.format(key=key), [action_id, after, CHUNK])
        rows = cursor.fetchall()
        _store(action_id, rows)
    return rows[-1][0] if len(rows) == CHUNK else None


def _one_at_a_time(action_id: int) -> None:
    """Until the end of the transaction nobody else touches the entries of this action. SQLite has one writer only."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('transfers_directory'), %s)", [action_id % 2**31])


def _store(action_id: int, rows: Sequence[tuple[Any, ...]]) -> None:
    """``rows`` are those of ``CHANGED``, the last column telling whether an entry may be there already."""
    told: Counter[str] = Counter()
    entries: list[Entry] = []
    for pk, phone, sip_uri, agent, description, _known in rows:
        described = words_of(description)
        words = {*described, *words_of(f"{sip_uri or ''} {agent or ''}")}
        told.update(words)
        tokens = [f"{action_id}w{word}" for word in words]
        if description:
            tokens.append(f"{action_id}k{key_of_words(described)}")
        if phone:
            tokens.append(f"{action_id}r{phone[:0:-1]}")
        entries.append((pk, " ".join(tokens), description))
    vocabulary = sorted((action_id, word, word[::-1], count) for word, count in told.items())
    with connection.cursor() as cursor:
        _remove(cursor, [row[0] for row in rows if row[-1]])
        _insert(cursor, entries)
        cursor.executemany(ADD_WORDS, vocabulary)


def _remove(cursor: Any, ids: Iterable[int]) -> None:
    column = "destination_id" if connection.vendor == "postgresql" else "rowid"
    cursor.executemany(f"DELETE FROM transfers_directory WHERE {column} = %s", [(pk,) for pk in ids])  # noqa: S608


def _insert(cursor: Any, entries: Sequence[Entry]) -> None:
    if connection.vendor == "postgresql":
        with cursor.copy("COPY transfers_directory (destination_id, words, source) FROM STDIN") as copy:
            for pk, tokens, source in entries:
                copy.write_row((pk, tokens, source))
    else:
        cursor.executemany("INSERT INTO transfers_directory (rowid, words, source) VALUES (%s, %s, %s)", entries)
