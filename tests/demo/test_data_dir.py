"""Starting where one cannot: each time one sentence that says what to do."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from scripts.data_dir import DataDir, UsageError, check_web_address


@contextmanager
def listener(port: int = 0) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", port)) as server:
        yield server.getsockname()[1]


def run_main(**environment: str) -> tuple[int, str]:
    """Exit code and error output of ``make run``'s own program."""
    done = subprocess.run(
        [sys.executable, "-m", "scripts.run"],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=30,
    )
    return done.returncode, done.stderr


def test_a_port_in_use_is_told_with_another_to_take(tmp_path: Path) -> None:
    with listener() as port:
        code, told = run_main(PORT=str(port), DATA_DIR=str(tmp_path))
    assert (code, told) == (
        1,
        f"Port {port} is in use by another program. Choose another one: PORT={port + 1} make run\n",
    )


@pytest.mark.parametrize("port", ["abc", "0", "70000", "-1"])
def test_a_port_that_is_none_is_told(tmp_path: Path, port: str) -> None:
    code, told = run_main(PORT=port, DATA_DIR=str(tmp_path))
    assert (code, told) == (1, f"PORT={port} is not a port: use a number from 1 to 65535.\n")


def test_a_data_directory_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    code, told = run_main(DATA_DIR=str(tmp_path / "file"))
    assert code == 1
    assert told.startswith(f"DATA_DIR={tmp_path / 'file'} cannot be used (")


def test_a_copy_that_serves_the_data_already_is_named(tmp_path: Path) -> None:
    first = DataDir(tmp_path)
    first.open("http://127.0.0.1:8000")
    code, told = run_main(DATA_DIR=str(tmp_path))
    first.close()
    assert code == 1
    assert f"already served by the copy at http://127.0.0.1:8000 (process {os.getpid()})" in told


def test_an_address_of_another_machine_is_told() -> None:
    with pytest.raises(UsageError, match=r"HOST=192\.0\.2\.1 is not an address of this machine"):
        check_web_address("192.0.2.1", 8000)


def test_ports_stay_the_same_from_start_to_start(tmp_path: Path) -> None:
    data = DataDir(tmp_path)
    assert data.ports() == data.ports()


def test_a_mail_port_that_was_taken_moves_and_the_crm_stays(tmp_path: Path) -> None:
    data = DataDir(tmp_path)
    before = data.ports()
    with listener(before["mailbox"]):
        after = data.ports()
    assert after["crm"] == before["crm"]
    assert after["mailbox"] != before["mailbox"]


def test_a_crm_port_that_was_taken_is_told(tmp_path: Path) -> None:
    data = DataDir(tmp_path)
    with listener(data.ports()["crm"]) as port, pytest.raises(UsageError, match=f"Port {port}, at which"):
        data.ports()


def test_a_spoilt_list_of_ports_is_made_again(tmp_path: Path) -> None:
    (tmp_path / "ports.json").write_text('{"crm": "no')
    assert set(DataDir(tmp_path).ports()) == {"crm", "mailbox"}


def test_the_logs_of_the_time_before_are_kept_once(tmp_path: Path) -> None:
    data = DataDir(tmp_path)
    data.open("http://127.0.0.1:8000")
    data.close()
    for text in ("first", "second", "third"):
        data.rotate_logs()
        data.log("web").write_text(text)
    assert (data.log("web").read_text(), (tmp_path / "logs/web.log.1").read_text()) == ("third", "second")
