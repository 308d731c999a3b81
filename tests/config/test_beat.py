"""What platform staff change about periodic tasks stands when the scheduler starts again."""

from __future__ import annotations

import pytest
from celery import current_app
from celery.schedules import schedule as every
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from config.beat import EditableScheduler


@pytest.mark.django_db(transaction=True)  # The scheduler closes its connection now and then.
def test_an_interval_that_was_edited_stays_and_what_is_new_comes_in() -> None:
    entries = {"calls.sweep": {"task": "calls.sweep", "schedule": every(5), "options": {"expire_seconds": 60}}}
    scheduler = EditableScheduler(app=current_app, lazy=True)
    scheduler.update_from_dict(entries)
    task = PeriodicTask.objects.get(name="calls.sweep")
    assert task.interval is not None
    assert (task.interval.every, task.expire_seconds) == (5, 60)

    task.interval = IntervalSchedule.objects.create(every=20, period=IntervalSchedule.SECONDS)
    task.save()
    scheduler.update_from_dict({**entries, "calls.new": {"task": "calls.new", "schedule": every(60)}})
    task.refresh_from_db()
    assert task.interval is not None
    assert task.interval.every == 20
    assert PeriodicTask.objects.filter(name="calls.new").exists()
