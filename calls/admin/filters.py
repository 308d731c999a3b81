"""Filters by time. Days are those of the reader's time zone."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter, RangeDateFilter


class DayRangeFilter(RangeDateFilter):
    """From one day to another, both included. Days are read as the page's language writes them."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        begins, ends = self._day("from"), self._day("to")
        if begins:
            queryset = queryset.filter(**{f"{self.parameter_name}__gte": _midnight(begins)})
        if ends:
            queryset = queryset.filter(**{f"{self.parameter_name}__lt": _midnight(ends + dt.timedelta(days=1))})
        return queryset

    def _day(self, end: str) -> dt.date | None:
        text = self.used_parameters.get(f"{self.parameter_name}_{end}", "")
        try:
            day: dt.date | None = forms.DateField(required=False).clean(text)
        except forms.ValidationError:
            return None
        return day


class PeriodFilter(DropdownFilter):
    title = _("period")
    parameter_name = "period"
    periods = {"day": dt.timedelta(hours=24), "week": dt.timedelta(days=7), "month": dt.timedelta(days=30)}

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("day", _("Last 24 hours")), ("week", _("Last 7 days")), ("month", _("Last 30 days"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        period = self.periods.get(self.value() or "")
        return queryset.filter(created_at__gte=timezone.now() - period) if period else queryset


def _midnight(day: dt.date) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(day, dt.time.min))
