"""Processes under measurement: each on one core, with what it cost in time and memory."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def cores() -> tuple[set[int], set[int]]:
    """(for the server, for everything else); the same where there is only one."""
    if not hasattr(os, "sched_getaffinity"):
        return set(), set()
    there = sorted(os.sched_getaffinity(0))
    return {there[-1]}, set(there[:-1]) or {there[0]}


@dataclass(slots=True)
class Server:
    name: str
    port: int
    process: subprocess.Popen[bytes]

    def cpu_s(self) -> float:
        """Processor time since it began, of all its threads."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS_PER_S

    def memory_mib(self) -> float:
        """Resident now."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        return 0.0

    def stop(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)


def start(
    name: str, command: list[str], port: int, environment: dict[str, str], *, core: set[int], log: Path
) -> Server:
    """``command`` is what follows ``python -m``. Raises RuntimeError when nothing answers within 30 s."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": f"{ROOT / 'platform'}{os.pathsep}{ROOT}", **environment},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=(lambda: os.sched_setaffinity(0, core)) if core else None,
        )
    server = Server(name, port, process)
    end = time.monotonic() + 30
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=0.2):
            return server
        time.sleep(0.05)
    server.stop()
    raise RuntimeError(f"{name} does not answer:\n{log.read_text()[-3000:]}")


def uvicorn(application: str, port: int) -> list[str]:
    quiet = ("--log-level", "warning", "--no-access-log")
    return ["uvicorn", application, "--port", str(port), *quiet, "--timeout-keep-alive", "60"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
