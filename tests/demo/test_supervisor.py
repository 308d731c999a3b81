"""The supervisor, with real processes: what it starts it keeps, and nothing stays behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.demo.processes import eventually, is_running

pytestmark = pytest.mark.processes

# Stands for `make run`: a child with a child of its own, as a worker has.
PROGRAM = """
import sys
from pathlib import Path
from scripts.supervisor import Child, StartError, Stopped, Supervisor

here, command = Path(sys.argv[1]), sys.argv[2:]
log = here / "child.log"
child = Child("child", command, log, lambda: child.logged(b"up"))
supervisor = Supervisor(Path.cwd(), {"PATH": "/usr/bin:/bin"})
try:
    supervisor.start([child])
    print("started", flush=True)
    supervisor.keep_running(lambda text: print(text, flush=True))
except StartError as error:
    print(error, flush=True)
    sys.exit(1)
except Stopped:
    pass
finally:
    supervisor.stop_all()
"""
CHILD = "trap '{on_term}' TERM; sleep 1000 & echo $$ $! > {pids}; echo up; while :; do wait; done"


class Running:
    """A supervisor at work; ``pids`` are its child and its child's child."""

    def __init__(self, here: Path, on_term: str) -> None:
        self.pid_file = here / "pids"
        script = CHILD.format(on_term=on_term, pids=self.pid_file)
        command = [sys.executable, "-c", PROGRAM, str(here), "sh", "-c", script]
        # What nohup set does not reach the program: it would rightly ignore SIGHUP.
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),
        )
        assert self.line() == "started"

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    @property
    def pids(self) -> list[int]:
        return [int(pid) for pid in self.pid_file.read_text().split()]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    started: list[Running] = []

    def make(on_term: str = "exit 0") -> Running:
        started.append(Running(tmp_path, on_term))
        return started[-1]

    yield make
    for running in started:
        running.process.kill()
        running.process.wait()
        assert running.process.stdout is not None
        running.process.stdout.close()
        for pid in running.pids:
            if is_running(pid):
                os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_everything(start: Callable[..., Running], number: signal.Signals) -> None:
    running = start()
    running.process.send_signal(number)
    assert running.process.wait(timeout=15) == 0
    assert not any(is_running(pid) for pid in running.pids)


def test_what_ignores_the_request_is_killed_within_ten_seconds(start: Callable[..., Running]) -> None:
    running = start(on_term="")
    asked = time.monotonic()
    running.process.send_signal(signal.SIGINT)
    assert running.process.wait(timeout=15) == 0
    assert time.monotonic() - asked < 10
    assert not any(is_running(pid) for pid in running.pids)


def test_a_child_that_dies_is_told_and_started_again_and_its_own_children_die(start: Callable[..., Running]) -> None:
    running = start()
    child, grandchild = running.pids
    os.kill(child, signal.SIGKILL)
    assert running.line().startswith("child was killed by SIGKILL; starting it again now")
    assert eventually(lambda: child not in running.pids)
    assert not is_running(grandchild)
    assert all(is_running(pid) for pid in running.pids)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent has died")
def test_the_child_ends_when_the_supervisor_is_killed_outright(start: Callable[..., Running]) -> None:
    running = start()
    child, _grandchild = running.pids
    running.process.kill()
    assert eventually(lambda: not is_running(child))


def test_a_child_that_ends_while_starting_is_told_with_the_end_of_its_log(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROGRAM, str(tmp_path), "sh", "-c", "echo 'no such table: x'; exit 3"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert done.returncode == 1
    assert done.stdout.startswith("child ended while starting. The end of ")
    assert "no such table: x" in done.stdout
