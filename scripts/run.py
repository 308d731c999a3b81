"""``make run``: start every part of a copy, play one call, say how to log in, serve until Ctrl-C.

Variables: PORT (8000), HOST (127.0.0.1), DATA_DIR (var/); those of docs/settings.md reach every part.
"""

from __future__ import annotations

import os
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

from demo import env_file
from demo.runtime_client import Unexpected, request
from scripts.data_dir import DataDir, UsageError, accepts, check_web_address
from scripts.greeting import greeting
from scripts.supervisor import Child, StartError, Stopped, Supervisor, end_with_parent

ROOT = Path(__file__).resolve().parents[1]
PYTHON = sys.executable


def say(text: str) -> None:
    print(text, flush=True)


@dataclass(frozen=True)
class Settings:
    host: str
    port: int
    data_dir: Path

    @classmethod
    def read(cls) -> Settings:
        raw = os.environ.get("PORT") or "8000"
        if not raw.isdecimal() or not 1 <= int(raw) <= 65_535:
            raise UsageError(f"PORT={raw} is not a port: use a number from 1 to 65535.")
        data_dir = Path(os.environ.get("DATA_DIR") or ROOT / "var")
        return cls(os.environ.get("HOST") or "127.0.0.1", int(raw), (ROOT / data_dir).resolve())

    @property
    def url(self) -> str:
        """Where a browser on this machine finds the web server."""
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.host, self.host)
        return f"http://{f'[{host}]' if ':' in host and '[' not in host else host}:{self.port}"


class Copy:
    """One running copy: its settings, its data directory and its processes."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.data = DataDir(settings.data_dir)
        self.data.open(settings.url)
        check_web_address(settings.host, settings.port)
        self.ports = self.data.ports()
        self.crm_url = f"http://127.0.0.1:{self.ports['crm']}"
        # Whoever sets EMAIL_URL wants real messages; the sink is for everybody else.
        self.has_mailbox = not os.environ.get("EMAIL_URL")
        self.data.rotate_logs()
        self.supervisor = Supervisor(ROOT, self._environment())

    def _environment(self) -> dict[str, str]:
        environment = dict(os.environ)
        # Make's own variables would make a `make` under us believe that it shares our job server.
        for name in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS"):
            environment.pop(name, None)
        environment |= {
            "DATA_DIR": str(self.data.path),
            "PORT": str(self.settings.port),
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "PYTHONUNBUFFERED": "1",
        }
        environment.setdefault("ALLOWED_HOSTS", ",".join(_allowed_hosts(self.settings.host)))
        if self.has_mailbox:
            environment["EMAIL_URL"] = f"smtp://127.0.0.1:{self.ports['mailbox']}"
        return environment

    # --- the parts --------------------------------------------------------------------------------

    def _child(self, name: str, *command: str, stop_late: bool = False) -> Child:
        return Child(name, [PYTHON, "-m", *command], self.data.log(name), lambda: True, stop_late)

    def sample_systems(self) -> list[Child]:
        """What stands for the outside world: the CRM and the mail server."""
        ports = self.ports
        crm = self._child(
            "crm", "demo.crm", "--port", str(ports["crm"]), "--state", str(self.data.crm_state), stop_late=True
        )
        crm.is_ready = lambda: accepts(ports["crm"])
        mailbox = self._child(
            "mailbox",
            *("demo.mailbox", "--port", str(ports["mailbox"]), "--maildir", str(self.data.mailbox)),
            stop_late=True,
        )
        mailbox.is_ready = lambda: accepts(ports["mailbox"])
        return [crm, mailbox] if self.has_mailbox else [crm]

    def servers(self) -> list[Child]:
        address = ("--host", self.settings.host, "--port", str(self.settings.port))
        web = self._child("web", "uvicorn", "config.asgi:application", *address, "--timeout-graceful-shutdown", "4")
        web.is_ready = lambda: answers(f"{self.settings.url}/healthz/ready")
        quick = ("--without-gossip", "--without-mingle", "--without-heartbeat")
        worker = self._child("worker", "celery", "-A", "config", "worker", "--loglevel", "INFO", *quick)
        worker.is_ready = lambda: worker.logged(b" ready.")
        beat = self._child("beat", "celery", "-A", "config", "beat", "--loglevel", "INFO", "--pidfile", "")
        beat.is_ready = lambda: beat.logged(b"beat: Starting")
        return [web, worker, beat]

    # --- the sequence -----------------------------------------------------------------------------

    def start(self) -> None:
        first_run = not self.data.env_file.exists()
        say(f"Data directory: {self.data.path}{' (new)' if first_run else ''}")
        self.supervisor.start(self.sample_systems())
        load = [PYTHON, "manage.py", "load_demo", "--migrate", "--crm-url", self.crm_url]
        load += ["--env-file", str(self.data.env_file)]
        self.supervisor.run("Preparing the database", load, self.data.log("set-up"))
        self._write_env_file()
        say("Starting web server, worker and scheduler …")
        self.supervisor.start(self.servers())

    def _write_env_file(self) -> None:
        """What `make demo-call` and curl need, beside the key that load_demo has put there."""
        values = env_file.read(self.data.env_file)
        values |= {"TRIPTYQUE_URL": self.settings.url, "TRIPTYQUE_CRM_URL": self.crm_url}
        values.pop("TRIPTYQUE_MAILBOX", None)
        if self.has_mailbox:
            values["TRIPTYQUE_MAILBOX"] = str(self.data.mailbox)
        env_file.write(self.data.env_file, values)

    def play(self) -> None:
        """A changed agent may well answer otherwise than the sample one: that is told, and no failure."""
        if self.supervisor.run_to_end([PYTHON, "-m", "demo.play"]):
            say("The demonstration call did not go as the sample data would have it; the copy keeps serving.")

    def serve(self) -> None:
        values = env_file.read(self.data.env_file)
        say(greeting(self.settings.url, self.data.path, values))
        say(f"ready: {self.settings.url}/admin/")
        self.supervisor.keep_running(lambda text: say(f"! {text}"))


def _allowed_hosts(host: str) -> list[str]:
    """The names under which a copy that listens on ``host`` may be asked for; ALLOWED_HOSTS names others."""
    names = ["localhost", "127.0.0.1", "[::1]"]
    if host in {"0.0.0.0", "::"}:
        names += [socket.gethostname(), socket.getfqdn(), *_own_address()]
    else:
        names.append(f"[{host}]" if ":" in host else host)
    return list(dict.fromkeys(names))


def _own_address() -> list[str]:
    """The address from which this machine speaks to others, if it does; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return []
        return [str(probe.getsockname()[0])]


def answers(url: str) -> bool:
    try:
        return request("GET", url, timeout_s=2.0).status == 200
    except Unexpected:
        return False


def main() -> int:
    if "MAKELEVEL" in os.environ:
        # Whoever kills `make run` outright means all of it.
        end_with_parent()
    try:
        copy = Copy(Settings.read())
    except UsageError as error:
        print(error, file=sys.stderr)
        return 1
    try:
        copy.start()
        copy.play()
        copy.serve()
    except StartError as error:
        print(error, file=sys.stderr)
        return 1
    except Stopped:
        say("\nStopping …")
    finally:
        copy.supervisor.stop_all()
        copy.data.close()
    say("Stopped; nothing is left running.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
