"""Schedules: the week, the exceptions, and what follows from them for the next days."""

from schedules.admin.schedules import ScheduleAdmin

__all__ = ["ScheduleAdmin"]
