"""The product as processes: web, worker and beat on a database and a queue of their own.

The database and the broker are the ones that the suite runs on (DATABASE_URL, BROKER_URL), each with a
name of its own, so that nothing is shared with the test database or with another stack.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx

from tests.support import migrated
from tests.support.migrated import ROOT


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(condition: Callable[[], Any], *, within_s: float, what: str) -> Any:
    """The first true value of ``condition``; fails with ``what`` when none comes in time."""
    end = time.monotonic() + within_s
    while True:
        if value := condition():
            return value
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {within_s} s")
        time.sleep(0.05)


def answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=0.2):
        return True
    return False


class Stack:
    """Start it, use it over HTTP, kill parts of it."""

    def __init__(self, data_dir: Path, **environment: str) -> None:
        self.data_dir = data_dir
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.name = f"triptyque_{uuid.uuid4().hex[:12]}"
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.environment = {
            **os.environ,
            "PYTHONPATH": f"{ROOT / 'platform'}{os.pathsep}{ROOT}",
            "DATA_DIR": str(data_dir),
            "PORT": str(self.port),
            "QUEUE_NAME": self.name,
            "SWEEP_INTERVAL_S": "1",
            **self._database(),
            **environment,
        }

    # --- databases and brokers of its own ---

    def _database(self) -> dict[str, str]:
        if not os.environ.get("DATABASE_URL", "").startswith("postgres"):
            return {"DATABASE_URL": migrated.copy_as_file(self.data_dir / "stack.sqlite3")}
        return {"DATABASE_URL": migrated.copy_on_server(self.name)}

    def drop(self) -> None:
        if os.environ.get("DATABASE_URL", "").startswith("postgres"):
            migrated.drop_on_server(self.name)
        if os.environ.get("BROKER_URL", "").startswith("amqp"):
            from kombu import Connection

            with Connection(os.environ["BROKER_URL"]) as connection:
                for queue in (self.name, f"{self.name}.calls"):
                    connection.default_channel.queue_delete(queue)

    # --- processes ---

    def manage(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self, name: str, *command: str) -> subprocess.Popen[bytes]:
        log = (self.data_dir / f"{name}.log").open("ab")
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=ROOT,
            env=self.environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        log.close()
        self.processes[name] = process
        return process

    def log(self, name: str) -> str:
        return (self.data_dir / f"{name}.log").read_text()

    def start_web(self, name: str = "web", port: int | None = None) -> None:
        port = port or self.port
        self.start(name, "uvicorn", "config.asgi:application", "--port", str(port), "--log-level", "warning")
        wait_until(lambda: answers(port), within_s=30, what=f"{name} answers")

    def start_worker(self, name: str = "worker", concurrency: int = 2) -> None:
        before = self.log(name).count(" ready.") if (self.data_dir / f"{name}.log").exists() else 0
        alone = ("--without-gossip", "--without-mingle")  # As the product starts them: dead neighbours delay nobody.
        # A broker gives a node's own queue to one process: stacks side by side need names of their own.
        node = f"{name}-{self.name}@%h"
        options = ("-l", "INFO", "-c", str(concurrency), "-n", node, *alone)
        self.start(name, "celery", "-A", "config", "worker", *options)
        try:
            wait_until(lambda: self.log(name).count(" ready.") > before, within_s=90, what=f"{name} is ready")
        except AssertionError as late:
            raise AssertionError(f"{late}\n{self.log(name)[-4000:]}") from late

    def start_beat(self) -> None:
        self.start("beat", "celery", "-A", "config", "beat", "-l", "INFO")

    def kill(self, name: str) -> None:
        """SIGKILL for the process and its children: nobody gets to tidy up."""
        process = self.processes.pop(name)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)

    def stop(self) -> None:
        for process in self.processes.values():
            process.terminate()
        for name in list(self.processes):
            process = self.processes[name]
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(8)
            self.kill(name)
        self.drop()

    # --- as its users see it ---

    def create_account(self, name: str = "Mutuelle du Lac") -> str:
        """The plain text of an API key of a new account."""
        output = self.manage(
            "create_account", name, "--admin", f"{uuid.uuid4().hex[:8]}@lac.example", "--password", "un cheval correct"
        )
        return output.strip()

    def client(self, api_key: str, language: str = "en") -> httpx.Client:
        headers = {"Authorization": f"Bearer {api_key}", "Accept-Language": language}
        return httpx.Client(base_url=f"{self.url}/api/v1/", headers=headers, timeout=35)


@contextlib.contextmanager
def running_stack(data_dir: Path, **environment: str) -> Iterator[Stack]:
    stack = Stack(data_dir, **environment)
    try:
        yield stack
    finally:
        stack.stop()
