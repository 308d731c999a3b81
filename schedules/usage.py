"""What uses a schedule: found through the foreign keys that keep it from being deleted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from django.db import models
from django.urls import NoReverseMatch, reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from accounts.usage import Use
from schedules.models import Schedule

MOST_NAMED = 20


def uses_of(schedule: Schedule) -> list[Use]:
    """The first of each sort: one transfer may have a hundred thousand destinations."""
    found: list[Use] = []
    for model, column in _users():
        kind = capfirst(str(model._meta.verbose_name))
        for row in model._default_manager.filter(**{column: schedule})[:MOST_NAMED]:
            found.append(Use(_("%(kind)s “%(name)s”") % {"kind": kind, "name": row}, _url(row)))
    return found


def use_counts(schedules: Iterable[Schedule]) -> Counter[int]:
    """By the schedule's id; as many queries for a hundred schedules as for one."""
    ids = [schedule.pk for schedule in schedules]
    counts: Counter[int] = Counter()
    for model, column in _users():
        # Without an order of its own, which would take rows apart.
        rows = model._default_manager.filter(**{f"{column}__in": ids}).order_by().values_list(column)
        counts.update(dict(rows.annotate(count=models.Count("pk"))))
    return counts


def _users() -> Iterator[tuple[Any, str]]:
    """(model, its column) of everything that keeps a schedule from being deleted."""
    for relation in Schedule._meta.related_objects:
        if getattr(relation, "on_delete", None) is models.RESTRICT:
            yield relation.related_model, relation.field.name


def _url(row: models.Model) -> str:
    try:
        return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])
    except NoReverseMatch:
        return ""
