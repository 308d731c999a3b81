"""A Redis of a test's own, which keeps nothing on disk, to be killed and stopped."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path

import redis

from tests.support.stack import answers, free_port, wait_until

IS_INSTALLED = shutil.which("redis-server") is not None


class RedisServer:
    def __init__(self, directory: Path) -> None:
        self.port, self.directory = free_port(), directory
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir"]
        self.process = subprocess.Popen(
            [*command, str(self.directory)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_until(lambda: answers(self.port), within_s=20, what="redis-server answers")

    def signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        os.kill(self.process.pid, number)
        if number == signal.SIGKILL:
            self.process.wait(10)
            self.process = None

    def stop(self) -> None:
        if self.process is not None:
            self.signal(signal.SIGKILL)

    def texts(self) -> str:
        """Every key, and every text that is kept."""
        with redis.Redis.from_url(self.url, decode_responses=True) as client:
            names = list(client.scan_iter())
            return str([(name, client.get(name) if client.type(name) == "string" else "") for name in names])
