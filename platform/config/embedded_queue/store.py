"""Messages as rows of the queue file: put, claimed by an owner, deleted once done."""

from __future__ import annotations

import os
import secrets
import socket
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from config.embedded_queue.file import QueueFile, QueueFileError

# Pages of 4 KiB. Fewer free ones than this are left for the messages to come.
SPARE_PAGES = 256
# How many are given back to the disk at once: a few milliseconds of the write lock.
SHRINK_PAGES = 512

_NEXT = "(SELECT id FROM message WHERE queue = ? AND owner IS NULL ORDER BY id LIMIT 1)"
_DELETE = "DELETE FROM message WHERE id = ? AND owner = ?"
_RELEASE = "UPDATE message SET owner = NULL WHERE id = ? AND owner = ?"


class ClaimedMessage(NamedTuple):
    id: int
    payload: str
    deliveries: int


class BindingRow(NamedTuple):
    """What kombu's exchanges read: the words of the key, their regular expression, the queue."""

    routing_key: str
    pattern: str
    queue: str


class MessageStore(QueueFile):
    """The messages, queues and bindings of one file, seen by one owner: this connection."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._unsettled: list[tuple[str, int]] = []
        self.owner = self._register()

    # --- messages ---------------------------------------------------------------------------------
    def put(self, queue: str, payload: str, exchange: str = "") -> None:
        """Add a message; one that came through an exchange only while the queue is bound to it."""
        self.run(
            "INSERT INTO message (queue, payload) SELECT ?1, ?2"
            " WHERE ?3 = '' OR EXISTS (SELECT 1 FROM binding WHERE exchange = ?3 AND queue = ?1)",
            queue,
            payload,
            exchange,
        )

    def put_into_all(self, exchange: str, payload: str) -> None:
        """Add a message to every queue that is bound to the exchange."""
        self.run(
            "INSERT INTO message (queue, payload) SELECT DISTINCT queue, ? FROM binding WHERE exchange = ?",
            payload,
            exchange,
        )

    def claim(self, queue: str) -> ClaimedMessage | None:
        """The oldest message that nobody holds, now held by this owner."""
        if not self._has_ready(queue):
            return None
        rows = self.run(
            f"UPDATE message SET owner = ?, deliveries = deliveries + 1 WHERE id = {_NEXT}"  # noqa: S608
            " AND owner IS NULL RETURNING id, payload, deliveries",
            self.owner,
            queue,
        )
        return ClaimedMessage(*rows[0]) if rows else None

    def take(self, queue: str) -> ClaimedMessage | None:
        """The oldest message that nobody holds, deleted: for consumers that do not acknowledge."""
        if not self._has_ready(queue):
            return None
        rows = self.run(
            f"DELETE FROM message WHERE id = {_NEXT} RETURNING id, payload, deliveries + 1",  # noqa: S608
            queue,
        )
        return ClaimedMessage(*rows[0]) if rows else None

    def settle(self, message: int, *, done: bool) -> None:
        """Delete a message of this owner that is done, or give it back to its old place in the queue.

        When the file fails it raises, and the next ``settle_rest`` tries again. A message that this
        owner no longer holds is another's by now, and is left alone.
        """
        if self.closed:
            return  # Closing gave everything back.
        self._unsettled.append((_DELETE if done else _RELEASE, message))
        self.settle_rest()

    def settle_rest(self) -> None:
        while self._unsettled:
            settlement = self._unsettled[0]
            sql, message = settlement
            self.run(sql, message, self.owner)
            with suppress(ValueError):  # Another thread settled the same one.
                self._unsettled.remove(settlement)

    def size(self, queue: str) -> int:
        """How many messages nobody holds."""
        ((count,),) = self.run("SELECT count(*) FROM message WHERE queue = ? AND owner IS NULL", queue)
        return int(count)

    def purge(self, queue: str) -> int:
        """Delete the messages that nobody holds; how many they were."""
        with self.transaction() as connection:
            return connection.execute("DELETE FROM message WHERE queue = ? AND owner IS NULL", (queue,)).rowcount

    def _has_ready(self, queue: str) -> bool:
        # Asked first, because an idle poll must not take the write lock.
        return bool(self.run("SELECT 1 FROM message WHERE queue = ? AND owner IS NULL LIMIT 1", queue))

    # --- queues and bindings ----------------------------------------------------------------------
    def declare_queue(self, queue: str, *, transient: bool) -> None:
        """A transient queue is deleted, messages and all, when the connection that declared it ends."""
        if not transient:
            if not self.has_queue(queue):
                self.run("INSERT OR IGNORE INTO queue (name) VALUES (?)", queue)
            return
        self.run("INSERT OR REPLACE INTO queue (name, owner) VALUES (?, ?)", queue, self.owner)

    def has_queue(self, queue: str) -> bool:
        return bool(self.run("SELECT 1 FROM queue WHERE name = ?", queue))

    def delete_queue(self, queue: str) -> None:
        with self.transaction() as connection:
            _delete_queue(connection, queue)

    def bind(self, exchange: str, binding: BindingRow) -> None:
        if binding not in self.bindings(exchange):
            self.run("INSERT OR REPLACE INTO binding VALUES (?, ?, ?, ?)", exchange, *binding)

    def unbind(self, exchange: str, routing_key: str, queue: str) -> None:
        self.run(
            "DELETE FROM binding WHERE exchange = ? AND routing_key = ? AND queue = ?", exchange, routing_key, queue
        )

    def bindings(self, exchange: str) -> list[BindingRow]:
        rows = self.run("SELECT routing_key, pattern, queue FROM binding WHERE exchange = ?", exchange)
        return [BindingRow(*row) for row in rows]

    # --- owners -----------------------------------------------------------------------------------
    def _register(self) -> int:
        """A number of its own for this connection. An unwritable file is refused here."""
        # At random, so that no number comes twice, not even in a file made anew.
        owner = 1 + secrets.randbits(62)
        try:
            with self.transaction() as connection:
                row = (owner, os.getpid(), socket.gethostname())
                connection.execute("INSERT INTO owner (id, pid, host) VALUES (?, ?, ?)", row)
                # Locked before the row can be seen, or somebody might take this owner for dead.
                self.locks.hold(owner)
        except QueueFileError:
            super().close()
            raise
        return owner

    def release_dead_owners(self) -> None:
        """Give back what owners whose process is gone held, and delete their transient queues."""
        dead = [owner for (owner,) in self.run("SELECT id FROM owner") if self.locks.is_dead(owner)]
        if dead:
            with self.transaction() as connection:
                for owner in dead:
                    _retire(connection, owner)

    def close(self) -> None:
        """Release whatever this owner still holds, then close."""
        if self.closed:
            return
        with suppress(QueueFileError):
            self.settle_rest()
            with self.transaction() as connection:
                _retire(connection, self.owner)
        # Had the file failed just now, the next process that polls finds this owner dead.
        self.locks.drop(self.owner)
        super().close()

    # --- size of the file -------------------------------------------------------------------------
    def shrink(self) -> None:
        """Give a part of the file's free pages back to the disk."""
        ((free,),) = self.run("PRAGMA freelist_count")
        if free > SPARE_PAGES:
            pages = min(SHRINK_PAGES, free - SPARE_PAGES)
            # A script, because execute() runs this pragma for one page only.
            self.run_script(f"PRAGMA incremental_vacuum({pages}); PRAGMA wal_checkpoint(PASSIVE);")


def _retire(connection: sqlite3.Connection, owner: int) -> None:
    connection.execute("UPDATE message SET owner = NULL WHERE owner = ?", (owner,))
    for (queue,) in connection.execute("SELECT name FROM queue WHERE owner = ?", (owner,)).fetchall():
        _delete_queue(connection, queue)
    connection.execute("DELETE FROM owner WHERE id = ?", (owner,))


def _delete_queue(connection: sqlite3.Connection, queue: str) -> None:
    connection.execute("DELETE FROM binding WHERE queue = ?", (queue,))
    connection.execute("DELETE FROM message WHERE queue = ?", (queue,))
    connection.execute("DELETE FROM queue WHERE name = ?", (queue,))
