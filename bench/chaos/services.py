"""A PostgreSQL cluster and a RabbitMQ node of the tool's own: it never touches one that others use."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
import time
import uuid
from pathlib import Path

from bench.calls.servers import free_port


class Missing(RuntimeError):
    """A program that the tool needs is not installed."""


def _program(name: str, *places: str) -> str:
    for pattern in places:
        for found in sorted(Path("/").glob(pattern), reverse=True):
            return str(found)
    if found_on_path := shutil.which(name):
        return found_on_path
    raise Missing(f"{name} is not installed.")


def _run(command: list[str], environment: dict[str, str] | None = None, *, within_s: float = 120) -> None:
    """Raises RuntimeError with what it said."""
    with subprocess.Popen(
        command, env={**os.environ, **(environment or {})}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        said, _nothing = process.communicate(timeout=within_s)
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)}: {said[-2000:]}")


class Postgres:
    """A cluster in ``directory``, on a port of its own. PostgreSQL refuses to run as root: then as ``postgres``."""

    def __init__(self, directory: Path) -> None:
        self.port = free_port()
        self.data = directory / "cluster"
        self.data.mkdir()
        self._as: list[str] = []
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            directory.chmod(0o755)
            os.chown(self.data, user.pw_uid, user.pw_gid)
            self._as = ["runuser", "-u", "postgres", "--"]
        self._control = _program("pg_ctl", "usr/lib/postgresql/*/bin/pg_ctl")
        initdb = _program("initdb", "usr/lib/postgresql/*/bin/initdb")
        _run([*self._as, initdb, "-D", str(self.data), "-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-locale"])
        self.url = f"postgres://postgres@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.data}"
        log = str(self.data / "server.log")
        # Not through a pipe: the server would keep it open.
        command = [*self._as, self._control, "-D", str(self.data), "-w", "-l", log, "-o", options, "start"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=120)

    def crash(self) -> None:
        """As if the power had failed: it recovers from its log when it starts."""
        with contextlib.suppress(RuntimeError):
            _run([*self._as, self._control, "-D", str(self.data), "-m", "immediate", "-w", "stop"])


class Rabbit:
    """A node in ``directory``, on ports of its own."""

    def __init__(self, directory: Path) -> None:
        home = directory / "rabbit"
        home.mkdir()
        self.port, distribution = free_port(), free_port()
        self._environment = {
            "HOME": str(home),
            "RABBITMQ_NODENAME": f"chaos_{uuid.uuid4().hex[:8]}@localhost",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_DIST_PORT": str(distribution),
            "RABBITMQ_MNESIA_BASE": str(home / "mnesia"),
            "RABBITMQ_LOG_BASE": str(home / "log"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(home / "plugins"),
            # The machine's own configuration names the ports of its own node.
            "RABBITMQ_CONFIG_FILE": str(home / "rabbitmq.conf"),
            "RABBITMQ_CONF_ENV_FILE": str(home / "none"),
            "RABBITMQ_PID_FILE": str(home / "pid"),
        }
        (home / "plugins").write_text("[].\n")
        (home / "rabbitmq.conf").write_text(f"listeners.tcp.local = 127.0.0.1:{self.port}\n")
        self._control = _program("rabbitmqctl", "usr/lib/rabbitmq/bin/rabbitmqctl")
        server = _program("rabbitmq-server", "usr/lib/rabbitmq/bin/rabbitmq-server")
        with (home / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [server],
                env={**os.environ, **self._environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.url = f"amqp://guest:guest@127.0.0.1:{self.port}//"

    def await_running(self, within_s: float = 120) -> None:
        end = time.monotonic() + within_s
        while True:
            try:
                return _run([self._control, "await_startup", "--timeout", "30"], self._environment)
            except RuntimeError:
                if time.monotonic() > end:
                    raise
                time.sleep(1)

    def stop(self) -> None:
        _run([self._control, "stop_app"], self._environment)

    def start(self) -> None:
        _run([self._control, "start_app"], self._environment)

    def end(self) -> None:
        with contextlib.suppress(RuntimeError, subprocess.TimeoutExpired):
            _run([self._control, "stop"], self._environment, within_s=60)
        if self._process.poll() is None:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(20)
