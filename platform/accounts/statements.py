"""Statements about single rows, written once for a model: where thousands follow each other, building each anew through
the ORM costs several times what the database takes for it.

The same on both databases; fields convert their own values. No scope is asked for: whoever uses it names the account in
``where``, or the row that it has found inside the account's scope.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import AutoField, Field, Model

M = TypeVar("M", bound=Model)

_NOT_FLUSHED = " AND (SELECT set_config('synchronous_commit', 'off', true)) = 'off'"

Values = Mapping[str, Any]
"""By attribute: ``call_id``, not ``call``."""


def not_flushed() -> str:
    """At the end of a WHERE: nobody waits until the disk has this statement, if it is a transaction of its own.

    The next transaction that is waited for takes it along, in whatever process. Only what is written before that one
    may use it: without that one, a crash of the database within a second loses it (PostgreSQL; SQLite waits anyway).
    """
    return _NOT_FLUSHED if connection.vendor == "postgresql" else ""


class Table(Generic[M]):
    """The rows of ``model``."""

    def __init__(self, model: type[M]) -> None:
        self.model = model
        self.name = f'"{model._meta.db_table}"'
        self._fields: dict[str, Field[Any, Any]] = {field.attname: field for field in model._meta.concrete_fields}
        self._names = list(self._fields)
        self.columns = ", ".join(f'{self.name}."{field.column}"' for field in self._fields.values())
        self.width = len(self._names)
        self._local = threading.local()
        # Few shapes of statements are used; each is written once.
        self._insert = lru_cache(maxsize=None)(self._written_insert)
        self._update = lru_cache(maxsize=None)(self._written_update)
        self._select = lru_cache(maxsize=None)(self._written_select)

    def insert(self, row: M) -> bool:
        """False: something in a unique constraint of the table says that it is there already."""
        key = self.model._meta.pk
        is_numbered = isinstance(key, AutoField) and row.pk is None
        names = tuple(name for name in self._names if not (is_numbered and name == key.attname))
        given = self.given({name: getattr(row, name) for name in names})
        with connection.cursor() as cursor:
            cursor.execute(self._insert(names), given)
            found = cursor.fetchone()
        if found is None:
            return False
        if is_numbered:
            row.pk = found[0]
        row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS
        return True

    def update(self, where: Values, values: Values, *, flushed: bool = True) -> int:
        """How many rows it changed. Not ``flushed``: see :func:`not_flushed`."""
        statement = self._update(tuple(values), *_shape(where)) + ("" if flushed else not_flushed())
        with connection.cursor() as cursor:
            cursor.execute(statement, [*self.given(values), *self._compared(where)])
            return int(cursor.rowcount)

    def first(self, where: Values) -> M | None:
        """One row that fits, whichever."""
        with connection.cursor() as cursor:
            cursor.execute(self._select(*_shape(where)), self._compared(where))
            found = cursor.fetchone()
        return None if found is None else self.row(found)

    def among(self, where: Values, name: str, values: Sequence[Any]) -> list[M]:
        """All rows that fit, and of which ``name`` is one of ``values``."""
        if not values:
            return []
        places = ", ".join(["%s"] * len(values))
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT {self.columns} FROM {self.name}"  # noqa: S608
                f" WHERE {self._condition(*_shape(where))} AND {self._column(name)} IN ({places})",
                [*self._compared(where), *(self.given({name: value})[0] for value in values)],
            )
            return [self.row(found) for found in cursor.fetchall()]

    def row(self, found: Sequence[Any]) -> M:
        """The model's instance for a row of ``columns`` as the database gave it."""
        values = list(found)
        for index, convert in self._converters():
            values[index] = convert(values[index])
        return self.model.from_db(DEFAULT_DB_ALIAS, self._names, values)

    # --- as the database has it -----------------------------------------------------------------------

    def given(self, values: Values) -> list[Any]:
        """As parameters of a statement."""
        return [self._fields[name].get_db_prep_save(value, connection=connection) for name, value in values.items()]

    def _compared(self, where: Values) -> list[Any]:
        return self.given({name: value for name, value in where.items() if value is not None})

    def _converters(self) -> list[tuple[int, Callable[[Any], Any]]]:
        """Of this thread's connection: by the number of the column."""
        if not hasattr(self._local, "converters"):
            self._local.converters = [
                (index, partial(_converted, converters, column))
                for index, column in enumerate(
                    field.get_col(self.model._meta.db_table) for field in self._fields.values()
                )
                if (converters := [*connection.ops.get_db_converters(column), *column.get_db_converters(connection)])
            ]
        found: list[tuple[int, Callable[[Any], Any]]] = self._local.converters
        return found

    # --- written once ---------------------------------------------------------------------------------

    def _written_insert(self, names: tuple[str, ...]) -> str:
        columns, places = ", ".join(map(self._column, names)), ", ".join(["%s"] * len(names))
        key = self._column(self.model._meta.pk.attname)
        return f"INSERT INTO {self.name} ({columns}) VALUES ({places}) ON CONFLICT DO NOTHING RETURNING {key}"  # noqa: S608

    def _written_update(self, names: tuple[str, ...], compared: tuple[str, ...], empty: tuple[str, ...]) -> str:
        values = ", ".join(f"{self._column(name)} = %s" for name in names)
        return f"UPDATE {self.name} SET {values} WHERE {self._condition(compared, empty)}"  # noqa: S608

    def _written_select(self, compared: tuple[str, ...], empty: tuple[str, ...]) -> str:
        return f"SELECT {self.columns} FROM {self.name} WHERE {self._condition(compared, empty)} LIMIT 1"  # noqa: S608

    def _condition(self, compared: tuple[str, ...], empty: tuple[str, ...]) -> str:
        conditions = [f"{self._column(name)} = %s" for name in compared]
        return " AND ".join([*conditions, *(f"{self._column(name)} IS NULL" for name in empty)])

    def _column(self, name: str) -> str:
        return f'"{self._fields[name].column}"'


def _shape(where: Values) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What is compared with a value, and what must be NULL."""
    compared = tuple(name for name, value in where.items() if value is not None)
    return compared, tuple(name for name, value in where.items() if value is None)


def _converted(converters: list[Any], column: Any, value: Any) -> Any:
    for convert in converters:
        value = convert(value, column, connection)
    return value
