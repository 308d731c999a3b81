"""Reading a file in a process of its own, from the side of the worker."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from knowledge.extraction.contract import Extracted, Job, Progress, Unreadable

ROOT = Path(__file__).resolve().parents[2]
TICK_S = 0.5
_CHUNK = 64 * 1024
_BYTES_OF_A_CHARACTER = 6
_SPARE_BYTES = 1024 * 1024


def extract(job: Job, progress: Progress, tick: Callable[[], None]) -> Extracted:
    """What the file holds; ``tick`` is called every half second at least. Raises :class:`Unreadable`.

    Whatever the file does to the process that reads it (memory, time, a crash of a library), it ends there.
    """
    # Nothing of the worker's environment: no key, no address of a database.
    environment = {"PATH": os.defpath, "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "knowledge.extraction.child", json.dumps(asdict(job))]
    process = subprocess.Popen(  # noqa: S603
        command,
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert process.stdout is not None
    try:
        answer = _answer(process.stdout, job, progress, tick)
        status = process.wait(5)
    except subprocess.TimeoutExpired:
        raise Unreadable("too_slow", "did not end") from None
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        process.wait()
        process.stdout.close()
    if answer is None:
        raise _crashed(status)
    if "code" in answer:
        raise Unreadable(answer["code"], answer["details"])
    return Extracted(**answer)


def _answer(output: IO[bytes], job: Job, progress: Progress, tick: Callable[[], None]) -> dict[str, Any] | None:
    """The last line that is no progress; None when the process said nothing to the end."""
    for line in _lines(output, job, tick):
        try:
            said = json.loads(line)
        except ValueError:
            return None
        if "total" not in said:
            return said  # type: ignore[no-any-return]
        progress(said["done"], said["total"])
    return None


def _lines(output: IO[bytes], job: Job, tick: Callable[[], None]) -> Iterator[bytes]:
    """Whole lines, as long as time and size allow."""
    deadline_s = time.monotonic() + job.limits.seconds
    left = job.limits.text * _BYTES_OF_A_CHARACTER + _SPARE_BYTES
    pending = bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(output, selectors.EVENT_READ)
        while True:
            tick()
            remaining_s = deadline_s - time.monotonic()
            if remaining_s <= 0:
                raise Unreadable("too_slow", f"{job.limits.seconds} s")
            if not selector.select(min(remaining_s, TICK_S)):
                continue
            chunk = os.read(output.fileno(), _CHUNK)
            left -= len(chunk)
            if left < 0:
                raise Unreadable("too_large", "output")
            if not chunk:
                return
            pending += chunk
            if b"\n" in chunk:
                *lines, rest = bytes(pending).split(b"\n")
                pending = bytearray(rest)
                yield from lines


def _crashed(status: int) -> Unreadable:
    number = -status
    if number in (signal.SIGXCPU, signal.SIGALRM):
        return Unreadable("too_slow", signal.Signals(number).name)
    details = signal.Signals(number).name if status < 0 else f"exit status {status}"
    return Unreadable("too_complex", details)
