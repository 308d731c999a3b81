"""Waking a worker. Rows say what there is to do; the broker only shortens the wait for it."""

from __future__ import annotations

from typing import Any

import structlog
from celery import current_app
from kombu.exceptions import OperationalError

log = structlog.get_logger(__name__)


def wake(task: str, *args: Any) -> bool:
    """Send the message that has a worker run ``task``, once the rows it is about are committed.

    False, and a line in the log, where the broker cannot be reached: nothing is lost, the sweep finds the rows.
    """
    try:
        current_app.send_task(task, args=args, retry=False, ignore_result=True)
    except (OperationalError, OSError) as error:
        log.warning("broker_unreachable", error=type(error).__name__, task=task, arguments=args)
        return False
    return True
