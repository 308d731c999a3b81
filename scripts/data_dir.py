"""The data directory of a running copy: who serves it, which ports its parts keep, where logs go."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import random
import socket
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

# Below the range from which kernels take the ports of outgoing connections, so nobody is given them by chance.
PORT_RANGE = range(20_000, 30_000)
PARTS = ("crm", "mailbox")


class UsageError(Exception):
    """The copy cannot start as asked; the message says what to do."""


@dataclass
class DataDir:
    """``path`` is absolute; :meth:`open` makes it and takes the lock that only one copy may hold."""

    path: Path
    _lock: IO[str] | None = field(default=None, repr=False)

    @property
    def env_file(self) -> Path:
        return self.path / "demo.env"

    @property
    def mailbox(self) -> Path:
        return self.path / "mailbox"

    @property
    def crm_state(self) -> Path:
        return self.path / "crm.sqlite3"

    def open(self, url: str) -> None:
        """Make the directory usable and ours; raises UsageError naming the copy that serves it already."""
        try:
            (self.path / "logs").mkdir(parents=True, exist_ok=True)
            lock = (self.path / "run.lock").open("a+")
        except OSError as error:
            raise UsageError(
                f"DATA_DIR={self.path} cannot be used ({error.strerror}): name a directory that you may write to."
            ) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            holder = lock.read().strip() or "another copy"
            lock.close()
            raise UsageError(
                f"{self.path} is already served by {holder}. Stop that copy first, or run a second one beside it: "
                "PORT=8001 DATA_DIR=var/second make run"
            ) from None
        lock.truncate(0)
        lock.write(f"the copy at {url} (process {os.getpid()})")
        lock.flush()
        self._lock = lock

    def close(self) -> None:
        """Leave the directory to the next copy."""
        if self._lock is not None:
            self._lock.close()

    def log(self, name: str) -> Path:
        return self.path / "logs" / f"{name}.log"

    def rotate_logs(self) -> None:
        """Keep the logs of the time before, as ``*.log.1``."""
        for log in self.path.glob("logs/*.log"):
            log.replace(log.with_suffix(".log.1"))

    def ports(self) -> dict[str, int]:
        """The port of each part, the same at every start: the published sample workflow names the CRM's.

        The mail server's may move when it is taken; for the CRM's, UsageError is raised.
        """
        file = self.path / "ports.json"
        known = _read_ports(file)
        ports: dict[str, int] = {}
        for part in PARTS:
            port = known.get(part)
            if port is not None and not is_free("127.0.0.1", port):
                if part == "crm":
                    raise UsageError(
                        f"Port {port}, at which the sample workflow expects the sample CRM, is taken by another "
                        "program. Stop that program, or start from new data: DATA_DIR=var/second make run"
                    )
                port = None
            ports[part] = port or choose_port(set(ports.values()))
        temporary = file.with_suffix(".new")
        temporary.write_text(json.dumps(ports))
        temporary.replace(file)
        return ports


def _read_ports(file: Path) -> dict[str, int]:
    with suppress(OSError, ValueError):
        known = json.loads(file.read_text())
        return {part: known[part] for part in PARTS if isinstance(known.get(part), int)}
    return {}


def choose_port(taken: set[int]) -> int:
    """A free port, not next to any usual one: a second copy must find its own free as well."""
    candidates = random.sample(PORT_RANGE, 200)
    for port in candidates:
        if port not in taken and is_free("127.0.0.1", port):
            return port
    raise UsageError("No free port was found between 20000 and 30000 on 127.0.0.1.")


def is_free(host: str, port: int) -> bool:
    try:
        _try_to_bind(host, port)
    except OSError:
        return False
    return True


def check_web_address(host: str, port: int) -> None:
    """Raise UsageError, saying what to do, unless a server may listen there."""
    try:
        _try_to_bind(host, port)
    except socket.gaierror:
        raise UsageError(f"HOST={host} is not an address of this machine: use 127.0.0.1 or 0.0.0.0.") from None
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            other = port + 1 if port < 65_535 else 8000
            raise UsageError(
                f"Port {port} is in use by another program. Choose another one: PORT={other} make run"
            ) from None
        if error.errno == errno.EACCES:
            raise UsageError(f"You may not use port {port}. Choose one above 1023: PORT=8000 make run") from None
        if error.errno == errno.EADDRNOTAVAIL:
            raise UsageError(f"HOST={host} is not an address of this machine: use 127.0.0.1 or 0.0.0.0.") from None
        raise


def _try_to_bind(host: str, port: int) -> None:
    family, kind, protocol, _name, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)


def accepts(port: int) -> bool:
    """Whether something on this machine takes connections on ``port``."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
