"""Rows in memory without ``Model.__init__``, which takes longer than all the rest of a record."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

from django.db.models import Model
from django.db.models.base import ModelState

M = TypeVar("M", bound=Model)


def unsaved(model: type[M], **values: Any) -> M:
    """What ``model(**values)`` gives; foreign keys by their ids (``account_id``). No signals are sent."""
    fixed, made = _defaults(model)
    instance = model.__new__(model)
    attributes = instance.__dict__
    attributes["_state"] = ModelState()
    attributes.update(fixed)
    attributes.update(values)
    for name, make in made:
        if name not in values:
            attributes[name] = make()
    return instance


@cache
def _defaults(model: type[Model]) -> tuple[dict[str, Any], tuple[tuple[str, Callable[[], Any]], ...]]:
    """By attribute: values that all rows share, and what makes each row's own."""
    fixed: dict[str, Any] = {}
    made: list[tuple[str, Callable[[], Any]]] = []
    for field in model._meta.concrete_fields:
        if field.has_default() and callable(field.default):
            made.append((field.attname, field.default))
        else:
            fixed[field.attname] = field.get_default()
    return fixed, tuple(made)
