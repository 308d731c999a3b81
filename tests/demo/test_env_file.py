from __future__ import annotations

import subprocess
from pathlib import Path

from demo import env_file


def test_a_shell_and_we_read_what_was_written(tmp_path: Path) -> None:
    path, values = tmp_path / "demo.env", {"A": "tq_abc_x-y", "B": "with 'quotes' and $signs", "C": ""}
    env_file.write(path, values)
    assert env_file.read(path) == values
    shell = subprocess.run(["sh", "-c", f'. {path}; printf %s "$B"'], capture_output=True, text=True, check=True)
    assert shell.stdout == values["B"]


def test_only_its_owner_may_read_it_also_after_a_change(tmp_path: Path) -> None:
    path = tmp_path / "demo.env"
    path.write_text("A=1\n")
    path.chmod(0o644)
    env_file.write(path, {"A": "2"})
    assert path.stat().st_mode & 0o777 == 0o600


def test_no_file_holds_no_values(tmp_path: Path) -> None:
    assert env_file.read(tmp_path / "none") == {}
