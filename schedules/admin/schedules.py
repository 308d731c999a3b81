"""Schedules in the admin."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from unfold.decorators import display

from accounts.admin_base import AccountAdmin, PartInline, badge
from accounts.admin_used import places, uses_as_list
from schedules.admin.forms import ExceptionForm, ScheduleForm
from schedules.countries import holidays_text
from schedules.live import hours_from
from schedules.models import DatedException, Schedule
from schedules.preview import days_of
from schedules.usage import use_counts, uses_of
from schedules.words import sentence


class ExceptionInline(PartInline):
    model = DatedException
    form = ExceptionForm
    fields = ("name", "effect", "first_day", "last_day", "opens", "closes")
    verbose_name_plural = gettext_lazy("Exceptions: closed, or open at other hours")


@admin.register(Schedule)
class ScheduleAdmin(AccountAdmin):
    form = ScheduleForm
    list_display = ("name", "state_now", "time_zone", "holidays", "use_count")
    search_fields = ("name",)
    readonly_fields = ("state_now", "next_days", "used_by")
    inlines = (ExceptionInline,)

    class Media:
        js = ("triptyque/schedules.js",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Schedule]:
        schedules: QuerySet[Schedule] = super().get_queryset(request)
        return schedules.prefetch_related("windows", "exceptions")

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """With the uses of all rows, counted once."""
        changelist = super().get_changelist_instance(request)
        counts = use_counts(changelist.result_list)
        for schedule in changelist.result_list:
            schedule.uses = counts[schedule.pk]
        return changelist

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        # The week is the form's own field, not the model's.
        own = ScheduleForm.Meta.fields if self._may_write(request, obj) else ()
        return super().get_form(request, obj, change=change, **{**kwargs, "fields": own})

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[tuple[Any, dict[str, Any]]]:
        week = ("week",) if self._may_write(request, obj) else ()
        sets: list[tuple[Any, dict[str, Any]]] = [
            (None, {"fields": ("name", *(("state_now",) if obj else ()), "time_zone", *week)}),
            (_("Public holidays"), {"fields": (("holiday_country", "holiday_region"),)}),
        ]
        if obj is not None:
            sets.append((_("The next 14 days, as saved"), {"fields": ("next_days",)}))
            sets.append((_("Used by"), {"fields": ("used_by",)}))
        return sets

    def _may_write(self, request: HttpRequest, obj: Any) -> bool:
        return self.has_change_permission(request, obj) if obj else self.has_add_permission(request)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        form.save_week()

    @display(description=gettext_lazy("now"))
    def state_now(self, schedule: Schedule) -> SafeString:
        at = timezone.now()
        state = hours_from(schedule).state_at(at)
        text = capfirst(sentence(state, at, (get_language() or "en")[:2]))
        return badge("success" if state.now else "default", text)

    @display(description=gettext_lazy("public holidays"))
    def holidays(self, schedule: Schedule) -> str:
        return holidays_text(schedule, (get_language() or "en")[:2])

    @display(description=gettext_lazy("used by"))
    def use_count(self, schedule: Any) -> str:
        return places(schedule.uses)

    @display(description=gettext_lazy("opening hours"))
    def next_days(self, schedule: Schedule) -> SafeString:
        days = days_of(hours_from(schedule), timezone.now(), (get_language() or "en")[:2])
        return render_to_string("triptyque/schedules/days.html", {"days": days})

    @display(description=gettext_lazy("used by"))
    def used_by(self, schedule: Schedule) -> SafeString | str:
        return uses_as_list(uses_of(schedule))
