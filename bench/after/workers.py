"""Workers under measurement, as processes that can be stopped, let go and killed."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class Process:
    """``command`` is what follows ``python -m``; the process leads a group of its own."""

    def __init__(self, command: list[str], environment: dict[str, str], log: Path) -> None:
        self.log = log
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *command],
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": f"{ROOT / 'platform'}{os.pathsep}{ROOT}", **environment},
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)

    def kill(self) -> None:
        """At once, with its children: nobody gets to tidy up."""
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGKILL)
        self.process.wait(10)


class Worker(Process):
    """A Celery worker of ``application`` with ``processes`` of its own."""

    def __init__(self, application: str, environment: dict[str, str], log: Path, *, processes: int = 2) -> None:
        name = f"{log.stem}-{time.monotonic_ns()}@bench"
        quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat", "-l", "INFO"]
        before = _times_ready(log)
        command = ["celery", "-A", application, "worker", "-c", str(processes), "-n", name, *quiet]
        super().__init__(command, environment, log)
        self._ready_before = before

    def await_ready(self, within_s: float = 90) -> None:
        """Raises RuntimeError with the end of its log."""
        end = time.monotonic() + within_s
        while _times_ready(self.log) == self._ready_before:
            if time.monotonic() > end or self.process.poll() is not None:
                raise RuntimeError(self.log.read_text()[-3000:])
            time.sleep(0.1)

    @contextlib.contextmanager
    def held(self):  # type: ignore[no-untyped-def]
        """Nothing is taken from the broker while the block runs."""
        self.signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.signal(signal.SIGCONT)


def _times_ready(log: Path) -> int:
    return log.read_text().count(" ready.") if log.exists() else 0
