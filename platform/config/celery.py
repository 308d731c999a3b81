"""The Celery application: the same app, worker and beat on the embedded queue and on a broker."""

import os
from typing import Any

from celery import Celery, Task
from celery.signals import task_postrun, task_prerun

from config import embedded_queue

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
embedded_queue.register()

app = Celery("triptyque")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

# Else Celery closes the pool of connections around every task: one that begins would first wait for a new connection.
KEPT_FOR_TASKS = 10_000
app.conf["CELERY_DB_REUSE_MAX"] = KEPT_FOR_TASKS


@task_prerun.connect
def _replace_broken_connections(task: Task, **_signal: Any) -> None:
    """The database may have been restarted since the last task."""
    if not _is_ours(task):
        return
    from django.db import connection

    pool = getattr(connection, "pool", None)
    if pool is not None and not pool.closed:
        pool.check()


@task_postrun.connect
def _give_connections_back(task: Task, **_signal: Any) -> None:
    """To the pool; where there is none, this closes them."""
    if not _is_ours(task):
        return
    from django.db import connections

    for each in connections.all(initialized_only=True):
        each.close()


def _is_ours(task: Task) -> bool:
    """A task of this application in a worker: others have no Django, what runs at once has its caller's database."""
    return task.app.main == app.main and not task.request.is_eager
