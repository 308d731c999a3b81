"""``make run`` as people use it: real processes, two copies at once, and nothing left behind."""

from __future__ import annotations

import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from demo import env_file
from demo.crm_data import VIP_ID
from demo.runtime_client import request
from tests.demo.processes import eventually, running_with

ROOT = Path(__file__).resolve().parents[2]
MAKE = {"run": ["make", "run"], "demo-call": ["make", "demo-call"]}
# Under another environment than the checkout's own, `make` would first set that one up.
PLAIN = {"run": [sys.executable, "-m", "scripts.run"], "demo-call": [sys.executable, "-m", "demo.play"]}
COMMANDS = MAKE if Path(sys.prefix) == ROOT / ".venv" else PLAIN

pytestmark = [
    pytest.mark.processes,
    pytest.mark.timeout(300),
    pytest.mark.skipif(sys.platform != "linux", reason="finds processes by their environment, in /proc"),
]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


class Copy:
    """One ``make run``, in a process group of its own as a terminal would have it."""

    def __init__(self, data_dir: Path, port: int | None = None) -> None:
        self.data_dir, self.port = data_dir, port or free_port()
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("MAKE")},
            "DATA_DIR": str(data_dir),
            "PORT": str(self.port),
        }
        for name in ("DATABASE_URL", "BROKER_URL", "EMAIL_URL", "HOST", "ALLOWED_HOSTS"):
            self.environment.pop(name, None)
        self.process = subprocess.Popen(
            COMMANDS["run"],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as output:
            self.lines += output

    @property
    def output(self) -> str:
        return "".join(self.lines)

    @property
    def values(self) -> dict[str, str]:
        return env_file.read(self.data_dir / "demo.env")

    def wait_until_ready(self) -> None:
        line = f"ready: http://127.0.0.1:{self.port}/admin/\n"
        eventually(lambda: line in self.lines or self.process.poll() is not None, within_s=120)
        assert line in self.lines, self.output

    def stop(self, number: signal.Signals = signal.SIGINT) -> None:
        """As Ctrl-C does, to the whole group."""
        os.killpg(self.process.pid, number)
        self.process.wait(timeout=20)
        self._reader.join()

    def left(self) -> list[int]:
        return running_with(f"DATA_DIR={self.data_dir}\0")

    def pid_of(self, program: str) -> int:
        for pid in self.left():
            with suppress(OSError):
                if program.encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
                    return pid
        raise AssertionError(f"{program} does not run: {self.output}")

    def clear_away(self) -> None:
        """Whatever a failed test has left."""
        self.process.kill()
        self.process.wait()
        for pid in self.left():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._reader.join()


@pytest.fixture
def start() -> Iterator[Callable[..., Copy]]:
    copies: list[Copy] = []

    def make(data_dir: Path, port: int | None = None) -> Copy:
        copies.append(Copy(data_dir, port))
        return copies[-1]

    yield make
    for copy in copies:
        copy.clear_away()


def notes_of(copy: Copy) -> list[dict[str, str]]:
    url = f"{copy.values['TRIPTYQUE_CRM_URL']}/customers/{VIP_ID}/notes"
    notes: list[dict[str, str]] = request("GET", url).expect(200, "CRM")["notes"]
    return notes


def demo_call(copy: Copy) -> subprocess.CompletedProcess[str]:
    return subprocess.run(COMMANDS["demo-call"], cwd=ROOT, env=copy.environment, capture_output=True, text=True)


def test_two_copies_run_side_by_side_and_ctrl_c_leaves_nothing(tmp_path: Path, start: Callable[..., Copy]) -> None:
    first, second = start(tmp_path / "first"), start(tmp_path / "second")
    for copy in (first, second):
        copy.wait_until_ready()
        assert "The call went as expected" in copy.output, copy.output
        assert "mot de passe" in copy.output
        assert "password" in copy.output
        assert (copy.data_dir / "demo.env").stat().st_mode & 0o777 == 0o600
        assert request("GET", f"http://127.0.0.1:{copy.port}/admin/login/").status == 200
    played = demo_call(first)
    assert played.returncode == 0, played.stdout + played.stderr
    assert (len(notes_of(first)), len(notes_of(second))) == (2, 1)
    for copy in (first, second):
        copy.stop()
        assert "Stopped; nothing is left running." in copy.output
        assert copy.left() == []
    told = demo_call(first)
    assert told.returncode != 0
    assert "start a copy with `make run`" in told.stderr


def test_a_second_run_keeps_what_people_changed(tmp_path: Path, start: Callable[..., Copy]) -> None:
    first = start(tmp_path)
    first.wait_until_ready()
    before = first.values
    first.stop(signal.SIGTERM)
    assert first.left() == []
    with sqlite3.connect(tmp_path / "triptyque.sqlite3") as database:
        database.execute("UPDATE actions_agent SET name = 'Standard'")
        database.execute("DELETE FROM actions_label WHERE name = 'autre'")
    database.close()
    second = start(tmp_path)
    second.wait_until_ready()
    assert second.values == {**before, "TRIPTYQUE_URL": f"http://127.0.0.1:{second.port}"}
    assert "The call went as expected" in second.output, second.output
    second.process.kill()
    assert eventually(lambda: second.left() == [], within_s=20), "killing make itself left processes"
    with sqlite3.connect(tmp_path / "triptyque.sqlite3") as database:
        assert database.execute("SELECT name FROM actions_agent").fetchall() == [("Standard",)]
        assert database.execute("SELECT count(*) FROM actions_release").fetchone() == (1,)
        assert database.execute("SELECT count(*) FROM accounts_apikey").fetchone() == (1,)
        assert database.execute("SELECT count(*) FROM actions_label WHERE name = 'autre'").fetchone() == (0,)
    database.close()


def test_a_part_that_is_killed_comes_back_and_with_the_supervisor_everything_goes(
    tmp_path: Path, start: Callable[..., Copy]
) -> None:
    copy = start(tmp_path)
    copy.wait_until_ready()
    os.kill(copy.pid_of("uvicorn"), signal.SIGKILL)
    assert eventually(lambda: "web was killed by SIGKILL; starting it again" in copy.output), copy.output

    def plays() -> bool:
        return demo_call(copy).returncode == 0

    assert eventually(plays, within_s=60), copy.output
    supervisor = re.search(r"\(process (\d+)\)", (tmp_path / "run.lock").read_text())
    assert supervisor is not None
    os.kill(int(supervisor[1]), signal.SIGKILL)
    assert eventually(lambda: copy.left() == [], within_s=20), copy.left()
