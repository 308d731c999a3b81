"""``make`` on machines that lack something."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import chromium, provision

ROOT = Path(__file__).resolve().parents[2]


def old_python() -> str | None:
    """An interpreter before 3.11, on PATH or beside this one."""
    versions = ["2.7", *(f"3.{minor}" for minor in range(10, 3, -1))]
    candidates = [found for version in versions if (found := shutil.which(f"python{version}"))]
    beside = Path(sys.base_prefix).parent
    candidates += [str(path) for path in sorted(beside.glob("*/bin/python[23].[0-9]*")) if path.name[-1].isdigit()]
    question = "import sys; sys.exit(sys.version_info >= (3, 11))"
    for candidate in candidates:
        if subprocess.run([candidate, "-c", question], capture_output=True).returncode == 0:
            return candidate
    return None


@pytest.mark.processes
def test_an_old_python_is_told_what_is_needed() -> None:
    old = old_python()
    if old is None:
        pytest.skip("no Python before 3.11 on this machine")
    done = subprocess.run(["make", "setup"], cwd=ROOT, env=_environment(PYTHON=old), capture_output=True, text=True)
    assert done.returncode != 0
    assert done.stderr.startswith("Triptyque needs Python 3.11 or newer: this is Python ")
    assert "Traceback" not in done.stderr


@pytest.mark.processes
def test_a_python_that_does_not_start_is_told() -> None:
    environment = _environment(PYTHON="/no/such/python")
    done = subprocess.run(["make", "setup"], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode != 0
    assert done.stderr.startswith("PYTHON=/no/such/python does not start: ")


def test_the_first_step_stays_readable_to_python_2() -> None:
    source = (ROOT / "scripts/setup_env.py").read_text()
    assert not any(token in source for token in (' f"', "from __future__ import annotations", "->", ":="))


@pytest.mark.processes
def test_without_network_one_sentence_is_told_and_the_next_try_starts_afresh(tmp_path: Path) -> None:
    for name in ("Makefile", "scripts", "requirements.txt"):
        source = ROOT / name
        shutil.copytree(source, tmp_path / name) if source.is_dir() else shutil.copy(source, tmp_path / name)
    nowhere = "http://127.0.0.1:9/simple"
    environment = _environment(
        PYTHON=sys.executable,
        PIP_CONFIG_FILE=os.devnull,
        PIP_INDEX_URL=nowhere,
        PIP_EXTRA_INDEX_URL="",
        PIP_FIND_LINKS="",
        PIP_NO_CACHE_DIR="1",
        UV_DEFAULT_INDEX=nowhere,
        UV_NO_CACHE="1",
    )
    done = subprocess.run(["make", "setup"], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=110)
    assert done.returncode != 0
    assert done.stderr.startswith(
        "The packages could not be downloaded: this machine does not reach the package index."
    )
    assert "Traceback" not in done.stderr
    assert not (tmp_path / ".venv" / provision.STAMP.name).exists()


def _environment(**changes: str) -> dict[str, str]:
    """Ours, without what a surrounding make would hand down."""
    return {name: value for name, value in os.environ.items() if not name.startswith("MAKE")} | changes


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout whose environment is a stub; installers are recorded, not run."""
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/bin/python").touch()
    (tmp_path / ".venv/pyvenv.cfg").write_text("version = 3.11.7\n")
    (tmp_path / ".venv/lib/python3.11/site-packages").mkdir(parents=True)
    for name in (provision.RUN_REQUIREMENTS, provision.DEV_REQUIREMENTS):
        (tmp_path / name).write_text(f"# {name}\n")
    for name in ("ROOT", "VENV", "VENV_PYTHON", "STAMP", "INSTALL_LOG", "INSTALLING"):
        monkeypatch.setattr(provision, name, tmp_path / getattr(provision, name).relative_to(ROOT))
    return tmp_path


def test_what_is_installed_is_installed_once(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installs: list[str] = []
    monkeypatch.setattr(provision, "create_environment", lambda: None)
    monkeypatch.setattr(provision, "install", installs.append)
    monkeypatch.setattr(provision, "find_or_fetch_browser", lambda: None)
    monkeypatch.setattr(provision, "build_editor", lambda: None)
    provision.provision("requirements.txt")
    provision.provision("requirements.txt")
    assert installs == ["requirements.txt"]
    provision.provision("requirements-dev.txt")
    provision.provision("requirements.txt")
    assert installs == ["requirements.txt", "requirements-dev.txt"]
    (checkout / "requirements.txt").write_text("# changed\n")
    provision.provision("requirements.txt")
    assert installs[2:] == ["requirements.txt"]


def test_the_source_roots_are_put_on_the_path(checkout: Path) -> None:
    provision.write_source_roots()
    written = (checkout / ".venv/lib/python3.11/site-packages/triptyque.pth").read_text()
    assert written.splitlines() == [str(checkout), str(checkout / "platform")]


def test_a_stamp_that_cannot_be_read_counts_for_nothing(checkout: Path) -> None:
    provision.STAMP.write_text("{")
    assert not provision.is_current("requirements.txt")
    provision.STAMP.write_text(json.dumps({"requirements.txt": provision.fingerprint("requirements.txt")}))
    assert provision.is_current("requirements.txt")


def test_an_installer_that_was_killed_leaves_a_mark_and_one_that_failed_does_not(checkout: Path) -> None:
    assert not provision._run_installer(["sh", "-c", "kill -9 $$"])
    assert provision.INSTALLING.exists()
    assert not provision._run_installer(["sh", "-c", "exit 2"])
    assert not provision.INSTALLING.exists()


def test_a_failure_that_is_not_the_network_shows_the_installers_words() -> None:
    told = provision.explain_failure("building\nerror: command 'gcc' failed\n")
    assert told.startswith("building\nerror: command 'gcc' failed\n")


def test_the_browser_is_the_one_that_was_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = tmp_path / "my-chromium"
    browser.write_text("#!/bin/sh\n")
    browser.chmod(0o755)
    monkeypatch.setenv("CHROMIUM", str(browser))
    assert chromium.find() == str(browser)


def test_without_a_browser_none_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path))
    assert chromium.find() is None
