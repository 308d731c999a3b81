"""The editor's own tests and types, where its packages are installed; and how it is built."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from scripts import frontend

installed = pytest.mark.skipif(not (frontend.MODULES / "vitest").is_dir(), reason="the editor's packages are missing")


@installed
@pytest.mark.parametrize("tool", [("vitest/vitest.mjs", "run"), ("typescript/bin/tsc", "--noEmit")])
def test_the_editors_own_checks_pass(tool: tuple[str, str], tmp_path: Path) -> None:
    node = frontend.find_node(Path(sys.executable), tmp_path / "log")
    command = [node.node, str(frontend.MODULES / tool[0]), tool[1]]
    done = subprocess.run(command, cwd=frontend.FRONTEND, capture_output=True, text=True, timeout=110)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_changed_source_is_built_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frontend, "FRONTEND", tmp_path)
    monkeypatch.setattr(frontend, "OUTPUT", tmp_path / "out")
    monkeypatch.setattr(frontend, "STAMP", tmp_path / "out" / "built-from")
    for name in ("package.json", "package-lock.json", "tsconfig.json", "vite.config.ts", "src/main.tsx"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("{}")
    assert not frontend.is_built()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "manifest.json").write_text("{}")
    frontend.STAMP.write_text(frontend.fingerprint(frontend.sources()))
    assert frontend.is_built()
    (tmp_path / "src" / "main.tsx").write_text("changed")
    assert not frontend.is_built()


def test_packages_that_cannot_be_downloaded_are_told_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frontend, "MODULES_STAMP", tmp_path / "never")
    monkeypatch.setattr(frontend, "find_node", lambda *_: frontend.Node(sys.executable, str(tmp_path / "no-npm.py")))
    with pytest.raises(frontend.BuildError, match="could not be downloaded"):
        frontend.build(Path(sys.executable), tmp_path / "log")


def test_the_lock_file_names_no_registry() -> None:
    lock = (frontend.FRONTEND / "package-lock.json").read_text()
    assert '"resolved"' not in lock
