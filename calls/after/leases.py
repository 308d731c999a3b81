"""The heartbeat of a worker: while it lives, what it works on is its own; soon after its death, anybody's."""

from __future__ import annotations

import datetime as dt
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import structlog
from django.conf import settings
from django.db import connection
from django.utils import timezone
from django_scopes import scopes_disabled

from calls.after.claiming import LEASE_S
from calls.models import Run, RunState

log = structlog.get_logger(__name__)

HEARTBEAT_S = LEASE_S / 4
MARGIN_S = 30
"""Beyond its own time limit a run is not waited for, even where its process lives: something hangs."""


class Heartbeat:
    """Renews the leases of what one process works on, from a thread of its own."""

    def __init__(self, every_s: float = HEARTBEAT_S) -> None:
        self.every_s = every_s
        self._held: dict[UUID, float] = {}
        self._lock = threading.Lock()
        self._pid = 0

    @contextmanager
    def holding(self, run: Run) -> Iterator[None]:
        """Keep a claimed run's lease while the block runs."""
        assert run.claim is not None
        token = run.claim
        self._start()
        with self._lock:
            self._held[token] = time.monotonic() + settings.AFTER_RUN_TIMEOUT_S + MARGIN_S
        try:
            yield
        finally:
            with self._lock:
                self._held.pop(token, None)

    def _start(self) -> None:
        """Once per process: threads do not survive a fork."""
        if self._pid == os.getpid():
            return
        self._pid = os.getpid()
        self._held = {}
        threading.Thread(target=self._beat, name="run-leases", daemon=True).start()

    def _beat(self) -> None:
        while True:
            time.sleep(self.every_s)
            with self._lock:
                tokens = [token for token, ends in self._held.items() if ends > time.monotonic()]
            if tokens:
                self._renew(tokens)
                connection.close()

    def _renew(self, tokens: list[UUID]) -> None:
        until = timezone.now() + dt.timedelta(seconds=LEASE_S)
        try:
            with scopes_disabled():
                Run.objects.filter(claim__in=tokens, state=RunState.RUNNING).update(lease_until=until)
        except Exception as error:  # the database may be away for a while: the next beat asks again
            log.warning("leases_not_renewed", error=type(error).__name__, runs=len(tokens))


heartbeat = Heartbeat()
