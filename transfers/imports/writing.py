"""A difference written at the speed of the database: COPY on PostgreSQL, executemany on SQLite."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

from django.db import connection, models

from transfers.action import TransferAction
from transfers.imports.difference import Difference
from transfers.models import DestinationType, TransferDestination

BATCH = 10_000
SPECIAL = re.compile(r"[\\\t\n\r]")
"""What the text format of COPY writes otherwise."""
VARYING = ("phone", "description", "position")
Step = Callable[[int], None]
"""Is told how many rows were just written; may raise to stop."""


def lock_list(action_id: int) -> bool:
    """Whether the action is there still. Imports into one action wait for each other until the transaction ends."""
    return TransferAction.objects.select_for_update(no_key=True, of=("self",)).filter(pk=action_id).first() is not None


def write(action_id: int, difference: Difference, step: Step = lambda _rows: None) -> dict[str, int]:
    """How many rows were really removed, changed and added; to be called in a transaction, with the list locked."""
    postgres = connection.vendor == "postgresql"
    removed = _delete(difference.removed, postgres=postgres, step=step)
    changed = _update(difference.changed, postgres=postgres, step=step)
    _update(difference.moved, postgres=postgres, step=step)
    (_copy if postgres else _insert)(action_id, difference.new, step)
    return {"removed": removed, "changed": changed, "new": len(difference.new)}


def _table() -> str:
    return connection.ops.quote_name(TransferDestination._meta.db_table)


def _batches(rows: Sequence[Any]) -> Iterator[list[Any]]:
    iterator = iter(rows)
    while batch := list(islice(iterator, BATCH)):
        yield batch


def _delete(ids: list[int], *, postgres: bool, step: Step) -> int:
    done = 0
    with connection.cursor() as cursor:
        for batch in _batches(ids):
            if postgres:
                cursor.execute(f"DELETE FROM {_table()} WHERE id = ANY(%s)", [batch])  # noqa: S608  (our own table)
            else:
                cursor.executemany(f"DELETE FROM {_table()} WHERE id = %s", [(pk,) for pk in batch])  # noqa: S608
            done += cursor.rowcount
            step(len(batch))
    return done


def _update(rows: list[tuple[int, str, int]], *, postgres: bool, step: Step) -> int:
    done = 0
    with connection.cursor() as cursor:
        for batch in _batches(rows):
            if postgres:
                cursor.execute(
                    f"UPDATE {_table()} AS row SET description = new.text, position = new.at "  # noqa: S608
                    "FROM unnest(%s::bigint[], %s::text[], %s::int[]) AS new (id, text, at) WHERE row.id = new.id",
                    [list(column) for column in zip(*batch, strict=True)],
                )
            else:
                sql = f"UPDATE {_table()} SET description = %s, position = %s WHERE id = %s"  # noqa: S608
                cursor.executemany(sql, [(text, at, pk) for pk, text, at in batch])
            done += cursor.rowcount
            step(len(batch))
    return done


def _insert(action_id: int, rows: list[tuple[str, str, int]], step: Step) -> None:
    fixed = _fixed(action_id)
    columns = ", ".join(connection.ops.quote_name(name) for name in [*fixed, *VARYING])
    values = ", ".join([*(_literal(value) for value in fixed.values()), *("%s" for _name in VARYING)])
    sql = f"INSERT INTO {_table()} ({columns}) VALUES ({values})"  # noqa: S608
    with connection.cursor() as cursor:
        for batch in _batches(rows):
            cursor.executemany(sql, batch)
            step(len(batch))


def _copy(action_id: int, rows: list[tuple[str, str, int]], step: Step) -> None:
    fixed = _fixed(action_id)
    columns = ", ".join(connection.ops.quote_name(name) for name in [*fixed, *VARYING])
    begin = "".join(f"{_copied(value)}\t" for value in fixed.values())
    with connection.cursor() as cursor, cursor.copy(f"COPY {_table()} ({columns}) FROM STDIN") as copy:
        for batch in _batches(rows):
            if SPECIAL.search("".join([text for _phone, text, _at in batch])):
                batch = [(phone, _copied(text), at) for phone, text, at in batch]
            copy.write("".join([f"{begin}{phone}\t{text}\t{at}\n" for phone, text, at in batch]))
            step(len(batch))


def _fixed(action_id: int) -> dict[str, Any]:
    """What all new rows have in common, by column: the defaults of the model."""
    given = {"action": action_id, "type": DestinationType.NUMBER}
    return {
        str(column.column): given.get(column.name, _default(column))
        for column in TransferDestination._meta.concrete_fields
        if not column.primary_key and column.name not in VARYING
    }


def _default(column: models.Field[Any, Any]) -> Any:
    value = column.get_default()
    return json.dumps(value) if isinstance(column, models.JSONField) else value


def _literal(value: Any) -> str:
    """A default of the model in SQL; the percent sign is the driver's."""
    match value:
        case None:
            return "NULL"
        case bool() | int():
            return str(int(value))
    return "'" + str(value).replace("'", "''").replace("%", "%%") + "'"


def _copied(value: Any) -> str:
    """In the text format of COPY."""
    match value:
        case None:
            return r"\N"
        case bool():
            return "t" if value else "f"
    return str(value).replace("\\", r"\\").replace("\t", r"\t").replace("\n", r"\n").replace("\r", r"\r")
