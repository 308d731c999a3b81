"""Rows of models as JSON that PostgreSQL turns into rows again (``json_populate_recordset``): many in one parameter."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable
from functools import cache
from typing import Any

import orjson
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model

from actions.contract import JSON

_PASSED_ON = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS
_default = DjangoJSONEncoder().default
"""Dates and times in JSON are written as everywhere else in the product."""


def encode(value: JSON) -> bytes:
    """As ``json.dumps`` would, and as DRF answers."""
    try:
        return orjson.dumps(value, default=_default, option=_PASSED_ON)
    except TypeError:
        # Integers of more than 64 bits, and names that are no texts.
        return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False, allow_nan=False).encode()


@cache
def _columns(model: type[Model]) -> tuple[tuple[str, str], ...]:
    return tuple((str(field.column), field.attname) for field in model._meta.concrete_fields)


def columns_of(model: type[Model]) -> tuple[str, ...]:
    return tuple(column for column, _attribute in _columns(model))


def names_of(model: type[Model]) -> str:
    """All columns, as SQL lists them."""
    return ", ".join(f'"{column}"' for column in columns_of(model))


def table_of(model: type[Model]) -> str:
    return model._meta.db_table


def row_of(instance: Model) -> dict[str, JSON]:
    """Every column by name."""
    return part_of(instance, _columns(type(instance)))


def part_of(instance: Model, columns: Iterable[tuple[str, str]]) -> dict[str, JSON]:
    """Some columns, each with its attribute; times to the microsecond, which JSON's way of writing them would cut."""
    values: dict[str, Any] = instance.__dict__
    row: dict[str, JSON] = {}
    for column, attribute in columns:
        value = values[attribute]
        row[column] = value.isoformat() if isinstance(value, dt.datetime) else value
    return row
