"""Lists that are written as a whole with the row they hang on: numbers, classifiers, destinations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from typing import Any, TypeVar

from django.db import models
from django.utils.translation import gettext as _

M = TypeVar("M", bound=models.Model)

Key = Callable[[Any], Hashable]


def replace(manager: models.Manager[M], wanted: Iterable[M], *, key: Key) -> list[M]:
    """Make ``wanted`` all there is. A row with a known ``key`` is changed in place: others may point at it."""
    wanted = list(wanted)
    known = {key(row): row.pk for row in manager.all()}
    kept = {key(row) for row in wanted}
    manager.filter(pk__in=[pk for each, pk in known.items() if each not in kept]).delete()
    for row in wanted:
        row.pk = known.get(key(row))
        row._state.adding = row.pk is None
        row.save()
    return wanted


def repeated(rows: Iterable[Any], *, key: Key) -> dict[int, list[str]]:
    """An error at each position that repeats an earlier one."""
    seen: Counter[Hashable] = Counter()
    errors: dict[int, list[str]] = {}
    for position, row in enumerate(rows):
        seen[key(row)] += 1
        if seen[key(row)] > 1:
            errors[position] = [_("This is in the list twice.")]
    return errors
