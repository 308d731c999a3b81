"""One SQLite file shared by processes: opening it, forking with it, a sentence for each failure."""

from __future__ import annotations

import atexit
import os
import sqlite3
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kombu.exceptions import OperationalError

from config.embedded_queue.owners import OwnerLocks, owner_locks

BUSY_TIMEOUT_S = 20
SCHEMA_VERSION = 1
SCHEMA = """
CREATE TABLE owner (
    id INTEGER PRIMARY KEY,
    pid INTEGER NOT NULL,
    host TEXT NOT NULL,
    since TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE message (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    queue TEXT NOT NULL,
    payload TEXT NOT NULL,
    owner INTEGER,
    deliveries INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX message_ready ON message (queue, id) WHERE owner IS NULL;
CREATE INDEX message_held ON message (owner) WHERE owner IS NOT NULL;
CREATE TABLE queue (name TEXT PRIMARY KEY, owner INTEGER) WITHOUT ROWID;
CREATE TABLE binding (
    exchange TEXT NOT NULL,
    routing_key TEXT NOT NULL,
    pattern TEXT NOT NULL,
    queue TEXT NOT NULL,
    PRIMARY KEY (exchange, routing_key, queue)
) WITHOUT ROWID;
"""

# One lock for all the queue files of the process: its threads queue here, where waiting costs
# nothing, and not inside SQLite, which waits by sleeping and trying again.
_lock = threading.RLock()
_files: weakref.WeakSet[QueueFile] = weakref.WeakSet()


class QueueFileError(OperationalError):
    """The queue file cannot be used; the message says which file and what to do."""


class QueueFile:
    """A connection to the queue file, for the threads of one process.

    Raises QueueFileError, from every method, when the file cannot be used.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.closed = False
        self._connection: sqlite3.Connection | None = None
        self._inode: tuple[int, int] | None = None
        self._locks: OwnerLocks | None = None
        _files.add(self)

    def run(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """The rows of one statement, which is a transaction of its own."""
        with self._using() as connection:
            # Fetching all of it ends the statement, and with it the transaction.
            return connection.execute(sql, values).fetchall()

    def run_script(self, sql: str) -> None:
        with self._using() as connection:
            connection.executescript(sql)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Several statements as one; the write lock is taken at once, so it cannot fail half-way."""
        with self._using() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def close(self) -> None:
        with _lock:
            self.closed = True
            _files.discard(self)
            self.disconnect()

    @property
    def locks(self) -> OwnerLocks:
        if self._locks is None:
            self._locks = owner_locks(self.path.with_name(f"{self.path.name}-owners"))
        return self._locks

    @contextmanager
    def _using(self) -> Iterator[sqlite3.Connection]:
        with _lock:
            try:
                yield self._connected()
            except sqlite3.Error as error:
                raise QueueFileError(_sentence(self.path, error)) from error
            except OSError as error:
                raise QueueFileError(f"The queue file {self.path} cannot be opened: {error}.") from error

    def _connected(self) -> sqlite3.Connection:
        if self.closed:
            raise QueueFileError(f"This connection to the queue file {self.path} is closed.")
        if self._connection is None:
            self._connection = self._connect()
        if self._inode != _inode(self.path) or not self.locks.is_current():
            raise QueueFileError(f"The queue file {self.path} was deleted or replaced while in use.")
        return self._connection

    def _connect(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # SQLite does not wait for its busy timeout while a file changes to WAL: one at a time.
        with self.locks.opening():
            connection = sqlite3.connect(
                self.path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
            )
            try:
                _prepare(connection)
            except BaseException:
                connection.close()
                raise
        self._inode = self._inode or _inode(self.path)
        return connection

    def disconnect(self) -> None:
        """Close the SQLite connection; the next use opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _prepare(connection: sqlite3.Connection) -> None:
    if sqlite3.sqlite_version_info < (3, 35):
        raise sqlite3.NotSupportedError(f"SQLite 3.35 or later is needed, and Python has {sqlite3.sqlite_version}")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version == 0:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # Only an empty file can change to it.
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(f"BEGIN IMMEDIATE; {SCHEMA} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")
    elif version != SCHEMA_VERSION:
        raise sqlite3.DatabaseError(f"its format is {version} and this version reads {SCHEMA_VERSION}")
    # NORMAL: a killed process loses nothing; a power cut may lose the last instants, never the file.
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA journal_size_limit = 4194304")


def _inode(path: Path) -> tuple[int, int] | None:
    try:
        stat = path.stat()
    except FileNotFoundError:
        return None
    return (stat.st_dev, stat.st_ino)


def _sentence(path: Path, error: sqlite3.Error) -> str:
    name = getattr(error, "sqlite_errorname", "")
    if name.startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT")):
        return (
            f"The queue file {path} is damaged or is not a queue file ({error}). Stop every process that "
            f"uses it, move it and its -wal and -shm files away, and start again."
        )
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        return f"The queue file {path} and its directory must be writable by this process ({error})."
    return f"The queue file {path} cannot be used: {error}."


@atexit.register
def _close_all() -> None:
    # Celery leaves its pools of connections open; closed, they release what they hold at once.
    for file in list(_files):
        file.close()


def _before_fork() -> None:
    # A SQLite connection must not cross a fork: the child would believe it holds the parent's file
    # locks. The parent opens its own again at the next use.
    _lock.acquire()
    for file in list(_files):
        file.disconnect()


def _after_fork_in_child() -> None:
    global _lock
    _lock = threading.RLock()
    # What the parent holds stays the parent's: the child needs connections of its own.
    for file in list(_files):
        file.closed = True


os.register_at_fork(before=_before_fork, after_in_parent=lambda: _lock.release(), after_in_child=_after_fork_in_child)
