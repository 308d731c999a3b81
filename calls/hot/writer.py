"""Group commit: whatever waits is written in one transaction and one round trip.

While one is on its way, the next changes gather; so a process that is asked by one caller waits for
nobody, and one that is asked by two hundred writes them a few dozen at a time.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import psycopg
import structlog

from actions.contract import JSON
from calls.hot import statements
from calls.hot.rows import encode, part_of, row_of
from calls.models import Call, Run

log = structlog.get_logger(__name__)

MOST_AT_ONCE = 100
CONNECT_TIMEOUT_S = 5

_ANSWER = [(name, name) for name in ("id", *statements.ANSWER_COLUMNS)]
_OUTCOME = [(name, name) for name in ("id", "call_id", *statements.OUTCOME_COLUMNS)]


@dataclass(slots=True)
class Change:
    """What one request writes, all or nothing with itself.

    ``call`` is new; ``answered`` is one of ours that still rings and has its answer now; ``runs`` are new, before the
    call; ``opened`` is a tool call's new row; ``ended`` one of ours that runs and has its outcome now.
    """

    call: Call | None = None
    answered: Call | None = None
    runs: list[Run] = field(default_factory=list)
    opened: Run | None = None
    ended: Run | None = None

    @property
    def ids(self) -> list[UUID]:
        """Of the rows that must have been written."""
        rows = (self.call, self.answered, *self.runs, self.opened, self.ended)
        return [row.id for row in rows if row is not None]

    @property
    def tool_call_of(self) -> UUID | None:
        run = self.opened or self.ended
        return run.call_id if run is not None else None


Written = dict[UUID, str | None]
"""By the id of a row: facts of its call as JSON, for a tool call's new row."""

Waiting = tuple[Change, asyncio.Future[Written]]


class Writer:
    """Of one event loop. ``parameters`` are those of a connection of psycopg."""

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        self._parameters = parameters
        self._connection: psycopg.AsyncConnection[Any] | None = None
        self._waiting: list[Waiting] = []
        self._task: asyncio.Task[None] | None = None

    async def write(self, change: Change) -> bool:
        """Once committed: whether all of it was written. Raises psycopg.Error."""
        written = await self._put(change)
        return all(pk in written for pk in change.ids)

    async def open(self, run: Run) -> dict[str, JSON] | None:
        """Once the row of a tool call is committed: what its kind must know (``statements.OPEN``).

        None, with nothing written: the tool call is a repeat, the call is not there, has ended or keeps secrets, or
        somebody else is at work on it. Raises psycopg.Error.
        """
        facts = (await self._put(Change(opened=run))).get(run.id)
        return None if facts is None else json.loads(facts)

    async def close(self) -> None:
        """What has been taken on is written first."""
        if self._task is not None:
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        if self._connection is not None:
            await self._connection.close()
            self._connection = None

    async def _put(self, change: Change) -> Written:
        loop = asyncio.get_running_loop()
        written: asyncio.Future[Written] = loop.create_future()
        self._waiting.append((change, written))
        if self._task is None or self._task.done():
            self._task = loop.create_task(self._work())
        return await written

    async def _work(self) -> None:
        while batch := self._take():
            error = await self._settle(batch)
            if isinstance(error, psycopg.OperationalError):
                # The connection is gone; nobody knows whether the transaction was committed.
                error = await self._settle(batch, again=True)
            if error is not None:
                log.warning("group_commit_failed", error=type(error).__name__, changes=len(batch))
                await self._settle_one_by_one(batch, error)

    def _take(self) -> list[Waiting]:
        """The next batch; of each call one tool call, as a statement does not see what else it does itself."""
        batch: list[Waiting] = []
        left: list[Waiting] = []
        busy: set[UUID] = set()
        for waiting in self._waiting:
            call_id = waiting[0].tool_call_of
            if len(batch) == MOST_AT_ONCE or call_id in busy:
                left.append(waiting)
                continue
            batch.append(waiting)
            if call_id is not None:
                busy.add(call_id)
        self._waiting = left
        return batch

    async def _settle_one_by_one(self, batch: list[Waiting], error: Exception) -> None:
        """One bad row must not take others with it."""
        for each in batch:
            own: Exception | None = error
            if len(batch) > 1:
                own = await self._settle([each], again=True)
            if own is not None and not each[1].done():
                each[1].set_exception(own)

    async def _settle(self, batch: list[Waiting], *, again: bool = False) -> Exception | None:
        """The error that kept the batch from being written, if one did."""
        try:
            written = await self._commit([change for change, _future in batch], again=again)
        except Exception as error:
            await self._disconnect()
            return error
        for _change, future in batch:
            if not future.done():
                future.set_result(written)
        return None

    async def _commit(self, changes: list[Change], *, again: bool) -> Written:
        connection = await self._connected()
        opened = [change.opened for change in changes if change.opened is not None]
        parts = (
            # In one order, whoever writes: two processes that insert the same two ids must not wait for each other.
            [row_of(call) for call in sorted(_calls(changes), key=_identity)],
            [part_of(change.answered, _ANSWER) for change in changes if change.answered is not None],
            [part_of(change.ended, _OUTCOME) for change in changes if change.ended is not None],
            [row_of(run) for change in changes for run in change.runs],
        )
        writing = _statements(*parts)
        if opened:
            written = await _open(connection, opened, writing, again=again)
        else:
            written = await _write(connection, writing)
        if again and writing:
            # New rows that an earlier try has written: their ids are nobody else's.
            runs = [run.id for change in changes for run in change.runs]
            found = await connection.execute(statements.THERE, [[call.id for call in _calls(changes)], runs])
            written |= dict.fromkeys(row[0] for row in await found.fetchall())
        return written

    async def _connected(self) -> psycopg.AsyncConnection[Any]:
        if self._connection is None or self._connection.closed:
            self._connection = await psycopg.AsyncConnection.connect(
                **{"connect_timeout": CONNECT_TIMEOUT_S, **self._parameters}, autocommit=True
            )
            await self._connection.execute(statements.SET_UP)
        return self._connection

    async def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(Exception):
                await connection.close()


Rows = list[dict[str, JSON]]
Statement = tuple[str, list[str]]


def _statements(new_calls: Rows, answered: Rows, ended: Rows, new_runs: Rows) -> list[Statement]:
    """The short ones where they will do: each takes 1 ms less, which a call that is alone waits for."""
    if answered or any(row["variables"] for row in ended):
        return [(statements.RECORDS, [_json(rows) for rows in (new_calls, answered, ended, new_runs)])]
    found: list[Statement] = []
    if new_calls or new_runs:
        found.append((statements.NEW_RECORDS, [_json(new_calls), _json(new_runs)]))
    if ended:
        found.append((statements.OUTCOMES, [_json(ended)]))
    return found


def _json(rows: Rows) -> str:
    return encode(rows).decode()


async def _write(connection: psycopg.AsyncConnection[Any], writing: list[Statement]) -> Written:
    if len(writing) == 1:
        return await _ids([await connection.execute(*writing[0], prepare=True)])
    async with connection.pipeline():
        cursors = [await connection.execute(*each, prepare=True) for each in writing]
    return await _ids(cursors)


async def _ids(cursors: list[psycopg.AsyncCursor[Any]]) -> Written:
    return {row[0]: None for cursor in cursors for row in await cursor.fetchall()}


async def _open(
    connection: psycopg.AsyncConnection[Any], opened: list[Run], writing: list[Statement], *, again: bool
) -> Written:
    """A pipeline is one transaction, and each of its statements sees what was committed before that one began."""
    async with connection.pipeline():
        if again:
            await connection.execute(statements.WITHDRAW, [[run.id for run in opened]])
        await connection.execute(statements.LOCK, [[run.call_id for run in opened]], prepare=True)
        rows = _json([row_of(run) for run in opened])
        facts = await connection.execute(statements.OPEN, [rows], prepare=True)
        cursors = [await connection.execute(*each, prepare=True) for each in writing]
    return {**dict(await facts.fetchall()), **await _ids(cursors)}


def _calls(changes: list[Change]) -> list[Call]:
    return [change.call for change in changes if change.call is not None]


def _identity(call: Call) -> tuple[int, str]:
    return call.account_id, call.external_id or ""
