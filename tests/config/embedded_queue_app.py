"""The Celery application of the worker that test_embedded_queue.py starts."""

import os
import time
from pathlib import Path

from celery import Celery

from config import embedded_queue

embedded_queue.register()
app = Celery("embedded_queue_app", broker=os.environ["BROKER_URL"], fixups=[])
app.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    worker_prefetch_multiplier=1,
    worker_concurrency=2,
    worker_lost_wait=0.5,  # Celery otherwise waits 10 s for the result of a child that was killed.
    broker_connection_retry_on_startup=True,
)


def note(line: str) -> None:
    with Path(os.environ["JOURNAL"]).open("a") as journal:
        journal.write(f"{line}\n")


@app.task(name="work")
def work(number: int, duration_s: float) -> None:
    note(f"started {number} {os.getpid()}")
    time.sleep(duration_s)
    note(f"done {number}")
