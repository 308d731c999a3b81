"""Looking at processes from outside."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path


def is_running(pid: int) -> bool:
    """Neither gone nor a zombie."""
    return state_of(pid) not in {"", "Z", "X"}


def state_of(pid: int) -> str:
    """The state's letter (proc(5), ps(1)); '' for a process that is gone."""
    if Path("/proc/self/stat").exists():
        try:
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return ""
    return subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout.strip()[:1]


def eventually(holds: Callable[[], bool], within_s: float = 10.0) -> bool:
    """Whether ``holds`` comes to be true in time."""
    limit = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > limit:
            return False
        time.sleep(0.02)
    return True


def running_with(marker: str) -> list[int]:
    """Processes whose environment holds ``marker`` (Linux): whoever was started for one data directory."""
    found = []
    for directory in Path("/proc").glob("[0-9]*"):
        try:
            environment = (directory / "environ").read_bytes()
        except OSError:
            continue
        if marker.encode() in environment and is_running(int(directory.name)):
            found.append(int(directory.name))
    return found
