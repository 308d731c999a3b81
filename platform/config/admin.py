"""Periodic tasks in the admin's own look, for platform staff."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django_celery_beat.admin import ClockedScheduleAdmin as BeatClockedScheduleAdmin
from django_celery_beat.admin import CrontabScheduleAdmin as BeatCrontabScheduleAdmin
from django_celery_beat.admin import PeriodicTaskAdmin as BeatPeriodicTaskAdmin
from django_celery_beat.admin import PeriodicTaskForm, TaskSelectWidget
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    SolarSchedule,
)
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from accounts.admin_base import PlatformStaffOnly

for model in (PeriodicTask, IntervalSchedule, CrontabSchedule, SolarSchedule, ClockedSchedule):
    admin.site.unregister(model)


class TaskSelect(UnfoldAdminSelectWidget, TaskSelectWidget):
    pass


class TaskForm(PeriodicTaskForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "task" in self.fields:
            self.fields["task"].widget = UnfoldAdminTextInputWidget()
            self.fields["regtask"].widget = TaskSelect()


@admin.register(PeriodicTask)
class PeriodicTaskAdmin(PlatformStaffOnly, BeatPeriodicTaskAdmin, ModelAdmin):
    form = TaskForm
    # Its own one runs an inline script, for a hint, which our content policy forbids.
    change_form_template = None


@admin.register(IntervalSchedule, SolarSchedule)
class PlainScheduleAdmin(PlatformStaffOnly, ModelAdmin):
    pass


@admin.register(CrontabSchedule)
class CrontabScheduleAdmin(PlatformStaffOnly, BeatCrontabScheduleAdmin, ModelAdmin):
    pass


@admin.register(ClockedSchedule)
class ClockedScheduleAdmin(PlatformStaffOnly, BeatClockedScheduleAdmin, ModelAdmin):
    pass
