"""A migrated, empty database for each stack: made once for each test process, then copied."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

ROOT = Path(__file__).resolve().parents[2]


def copy_on_server(name: str) -> str:
    """Create the database ``name`` on the server of DATABASE_URL; returns its URL."""
    statement(f'CREATE DATABASE "{name}" TEMPLATE "{_template()}"')
    return _url_of(name)


def copy_as_file(path: Path) -> str:
    """Create the SQLite database ``path``; returns its URL."""
    shutil.copyfile(_file(), path)
    return f"sqlite:///{path}"


def drop_on_server(name: str) -> None:
    statement(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def statement(sql: str) -> None:
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        connection.execute(sql)  # type: ignore[arg-type]


@cache
def _template() -> str:
    name = f"triptyque_{uuid.uuid4().hex[:12]}"
    statement(f'CREATE DATABASE "{name}"')
    _at_the_end(lambda: drop_on_server(name))
    _migrate(_url_of(name))
    return name


@cache
def _file() -> Path:
    directory = tempfile.mkdtemp(prefix="triptyque-")
    _at_the_end(lambda: shutil.rmtree(directory, ignore_errors=True))
    path = Path(directory) / "migrated.sqlite3"
    _migrate(f"sqlite:///{path}")
    return path


def _at_the_end(function: Callable[[], None]) -> None:
    """Of this process only: tests fork."""
    process = os.getpid()
    atexit.register(lambda: function() if os.getpid() == process else None)


def _url_of(name: str) -> str:
    return urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}"))


def _migrate(url: str) -> None:
    with tempfile.TemporaryDirectory() as directory:
        environment = {
            **os.environ,
            "PYTHONPATH": f"{ROOT / 'platform'}{os.pathsep}{ROOT}",
            "DATA_DIR": directory,
            "DATABASE_URL": url,
        }
        command = [sys.executable, "manage.py", "migrate", "-v0"]
        subprocess.run(command, cwd=ROOT, env=environment, check=True, timeout=120)
