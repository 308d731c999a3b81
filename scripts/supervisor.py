"""Starts the processes of a running copy, keeps them running, and leaves none behind.

Each child leads a session of its own, so that Ctrl-C reaches the supervisor alone and it decides on the
order; on Linux the kernel ends the children should the supervisor be killed outright.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO

START_LIMIT_S = 60.0
STOP_LIMIT_S = 6.0
"""From SIGTERM to SIGKILL for one group of children."""
STEADY_S = 60.0
"""A child that has run this long starts with a clean record."""
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_PR_SET_PDEATHSIG = 1


class StartError(Exception):
    """Something did not start; the message says what and shows why."""


class Stopped(Exception):
    """The person at the terminal wants everything to stop."""


@dataclass
class Child:
    """One process to run. ``is_ready`` is asked until it answers True; ``log`` takes all that it prints."""

    name: str
    command: Sequence[str]
    log: Path
    is_ready: Callable[[], bool]
    stop_late: bool = False
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    failures: int = 0
    restart_at: float | None = None
    log_start: int = 0

    def has_ended(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def logged(self, text: bytes) -> bool:
        """Whether ``text`` stands in the log since the last start."""
        return text in self.log.read_bytes()[self.log_start :] if self.log.exists() else False


@dataclass
class Supervisor:
    """Runs commands and children until told to stop by a signal (then raises :class:`Stopped`)."""

    root: Path
    environment: Mapping[str, str]
    children: list[Child] = field(default_factory=list)
    _stop_requested: bool = False

    def __post_init__(self) -> None:
        self._wake_reader, wake_writer = os.pipe()
        for descriptor in (self._wake_reader, wake_writer):
            os.set_blocking(descriptor, False)
        signal.set_wakeup_fd(wake_writer, warn_on_full_buffer=False)
        for number in STOP_SIGNALS:
            # nohup makes SIGHUP ignored on purpose; SIGINT is ignored in every job that a script starts with &.
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._request_stop)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)

    def _request_stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stop_requested = True

    # --- waiting ----------------------------------------------------------------------------------

    def wait(self, seconds: float) -> None:
        """Sleep until something happens, ``seconds`` at most; raises Stopped."""
        self._sleep(seconds)
        if self._stop_requested:
            raise Stopped

    def _sleep(self, seconds: float) -> None:
        if not select.select([self._wake_reader], [], [], seconds)[0]:
            return
        while _read_some(self._wake_reader):
            pass

    # --- starting ---------------------------------------------------------------------------------

    def run(self, name: str, command: Sequence[str], log: Path) -> None:
        """Run ``command`` to its end; raises StartError with the end of its output when it fails."""
        with log.open("ab") as output:
            code = self.run_to_end(command, output)
        if code:
            raise StartError(f"{name} failed. The end of {log}:\n{tail(log)}")

    def run_to_end(self, command: Sequence[str], output: IO[bytes] | None = None) -> int:
        """Run ``command``, its output going to the terminal unless given; its exit code."""
        process = self._popen(command, output)
        try:
            while process.poll() is None:
                self.wait(1.0)
        finally:
            _kill_group(process)
        return process.returncode

    def start(self, children: list[Child]) -> None:
        """Start all at once; returns when every one is ready, raises StartError when one is not."""
        self.children += children
        for child in children:
            self._spawn(child)
        limit = time.monotonic() + START_LIMIT_S
        waiting = list(children)
        while waiting:
            for child in waiting:
                if child.has_ended():
                    raise StartError(f"{child.name} ended while starting. The end of {child.log}:\n{tail(child.log)}")
                if time.monotonic() > limit:
                    raise StartError(
                        f"{child.name} was not ready within {START_LIMIT_S:.0f} s. "
                        f"The end of {child.log}:\n{tail(child.log)}"
                    )
            waiting = [child for child in waiting if not child.is_ready()]
            if waiting:
                self.wait(0.1)

    def _popen(self, command: Sequence[str], output: IO[bytes] | None) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            command,
            cwd=self.root,
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=None if output is None else subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=end_with_parent,
        )

    def _spawn(self, child: Child) -> None:
        with child.log.open("ab") as log:
            child.log_start = log.tell()
            child.process = self._popen(child.command, log)
        child.started_at = time.monotonic()
        child.restart_at = None

    # --- keeping ----------------------------------------------------------------------------------

    def keep_running(self, tell: Callable[[str], None]) -> None:
        """Start again whatever ends, ever more slowly when it keeps ending; until Stopped."""
        while True:
            now = time.monotonic()
            for child in self.children:
                if child.restart_at is None and child.has_ended():
                    self._plan_restart(child, now, tell)
                elif child.restart_at is not None and now >= child.restart_at:
                    self._spawn(child)
            due = [child.restart_at - now for child in self.children if child.restart_at is not None]
            self.wait(max(0.05, min([5.0, *due])))

    def _plan_restart(self, child: Child, now: float, tell: Callable[[str], None]) -> None:
        assert child.process is not None
        ending = _ending(child.process.returncode)
        # What it started itself must not outlive it.
        _kill_group(child.process)
        child.process = None
        child.failures = 1 if now - child.started_at > STEADY_S else child.failures + 1
        delay_s = min(30.0, 2.0 ** (child.failures - 1) - 1)
        child.restart_at = now + delay_s
        when = "now" if not delay_s else f"in {delay_s:.0f} s"
        tell(f"{child.name} {ending}; starting it again {when} (see {child.log})")

    # --- stopping ---------------------------------------------------------------------------------

    def stop_all(self) -> None:
        """End every child: those that others need (``stop_late``) last. Takes ten seconds at most."""
        for late in (False, True):
            group = [child for child in self.children if child.stop_late is late]
            self._stop(group, STOP_LIMIT_S if not late else 2.0)

    def _stop(self, children: list[Child], limit_s: float) -> None:
        processes = [child.process for child in children if child.process is not None]
        for process in processes:
            process.send_signal(signal.SIGTERM)
        limit = time.monotonic() + limit_s
        while time.monotonic() < limit and any(process.poll() is None for process in processes):
            self._sleep(0.1)
        for process in processes:
            _kill_group(process)


def tail(log: Path, lines: int = 20) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:]) if log.exists() else ""


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    """End the process and everything that it started, whatever they are doing."""
    # The group may be empty by now (macOS answers EPERM for one that holds only the dead).
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _ending(code: int) -> str:
    return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"


def _read_some(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 4096)
    except BlockingIOError:
        return b""


def end_with_parent() -> None:
    """Ask the kernel for a SIGTERM when the parent dies (Linux); children call it before their program starts."""
    if sys.platform == "linux":
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


_libc = ctypes.CDLL(None, use_errno=True)
