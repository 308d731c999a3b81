"""Waking a worker. A broker that is down costs time, never a run: the sweep finds rows nobody was woken for."""

from __future__ import annotations

import time

from accounts.queue import wake

QUIET_S = 5.0
"""While a broker is away, whoever reports the end of a call does not wait for it each time: the sweep wakes workers."""

WORK_RUNS = "calls.work_runs"
WORK_ANALYSES = "calls.work_analyses"


_quiet_until_s = 0.0


def wake_worker() -> None:
    """Have some worker do what is due; to be called once the rows are committed.

    The message names no run: who is served next, the worker decides by whose turn it is.
    """
    _wake(WORK_RUNS)


def wake_analyst() -> None:
    """The same for analyses that are due."""
    _wake(WORK_ANALYSES)


def _wake(task: str) -> None:
    global _quiet_until_s
    if time.monotonic() >= _quiet_until_s and not wake(task):
        _quiet_until_s = time.monotonic() + QUIET_S
