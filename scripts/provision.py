"""Bring ``.venv`` to what the requirements files say; instant when it already is there.

Standard library only: it runs before anything is installed. What was done is stamped by content at the
very end, so an interrupted set-up simply starts again.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts import frontend

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
VENV_PYTHON = VENV / "bin" / "python"
STAMP = VENV / "triptyque-setup.json"
INSTALL_LOG = VENV / "install.log"
INSTALLING = VENV / "install-under-way"

RUN_REQUIREMENTS = "requirements.txt"
DEV_REQUIREMENTS = "requirements-dev.txt"

OFFLINE_SIGNS = (
    "NewConnectionError",
    "ConnectTimeout",
    "ReadTimeout",
    "Cannot connect to proxy",
    "ProxyError",
    "Temporary failure in name resolution",
    "Network is unreachable",
    "Failed to establish a new connection",
    "Could not resolve host",
    "dns error",
    "error sending request",
    "Connection refused",
)


class SetUpError(Exception):
    """A set-up that cannot go on; the message says what to do."""


def say(text: str) -> None:
    print(text, flush=True)


# --- what is already there ------------------------------------------------------------------------


def fingerprint(requirements: str) -> str:
    """Changes with the requirements file and with the place of the checkout (scripts name it)."""
    content = (ROOT / requirements).read_bytes()
    return hashlib.sha256(content + str(ROOT).encode()).hexdigest()


def installed() -> dict[str, str]:
    """Requirements file -> fingerprint of what the environment holds; {} when unknown."""
    try:
        stamp = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) and VENV_PYTHON.exists() else {}


def is_current(requirements: str) -> bool:
    return installed().get(requirements) == fingerprint(requirements)


# --- making the environment -----------------------------------------------------------------------


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Two ``make`` at once: the second waits here for the first."""
    descriptor = os.open(ROOT, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def create_environment() -> None:
    """Make ``.venv``; make it again if it does not start or an installer was killed half-way in it."""
    if VENV.exists():
        if not INSTALLING.exists() and _starts():
            return
        say("The virtual environment .venv is incomplete: making it again …")
        shutil.rmtree(VENV)
    version = ".".join(map(str, sys.version_info[:3]))
    say(f"Making the virtual environment .venv (Python {version}) …")
    try:
        venv.create(VENV, with_pip=True, symlinks=True)
    except subprocess.CalledProcessError as error:
        shutil.rmtree(VENV, ignore_errors=True)
        raise SetUpError(
            f"{sys.executable} cannot make a virtual environment with pip. On Debian or Ubuntu, "
            "`apt install python3-venv` provides what is missing; then run the same command again."
        ) from error


def _starts() -> bool:
    if not VENV_PYTHON.exists():
        return False
    return subprocess.run([VENV_PYTHON, "-m", "pip", "--version"], capture_output=True).returncode == 0


def write_source_roots() -> None:
    """Put the repository root and ``platform/`` on the path of every program of the environment."""
    libraries = VENV / "lib" / f"python{_environment_version()}" / "site-packages"
    (libraries / "triptyque.pth").write_text(f"{ROOT}\n{ROOT / 'platform'}\n")


def _environment_version() -> str:
    """``3.11``: the version of the environment's Python, which need not be the one running this."""
    for line in (VENV / "pyvenv.cfg").read_text().splitlines():
        name, _, value = line.partition("=")
        if name.strip() in {"version", "version_info"}:
            return ".".join(value.strip().split(".")[:2])
    raise SetUpError("The virtual environment .venv is incomplete: remove it and run the same command again.")


def install(requirements: str) -> None:
    """Install with hashes checked: by uv where there is one (seconds), by pip otherwise (a minute)."""
    say(f"Installing the pinned packages of {requirements}: a minute or two the first time …")
    uv = _find_uv()
    if uv and _run_installer(
        [uv, "pip", "install", "--python", str(VENV_PYTHON), "--require-hashes", "-r", requirements]
    ):
        return
    pip = [str(VENV_PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--retries", "2"]
    if not _run_installer([*pip, "--require-hashes", "-r", requirements]):
        raise SetUpError(explain_failure(INSTALL_LOG.read_text(errors="replace")))


def _find_uv() -> str | None:
    inside = VENV / "bin" / "uv"
    return str(inside) if inside.exists() else shutil.which("uv")


def _run_installer(command: list[str]) -> bool:
    INSTALLING.touch()
    with INSTALL_LOG.open("w") as log:
        code = subprocess.run(command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT).returncode
    # Not reached when this process is killed; a negative code says that the installer was.
    if code >= 0:
        INSTALLING.unlink()
    return code == 0


def explain_failure(log: str) -> str:
    """One sentence for the person at the terminal, from what the installer wrote."""
    if any(sign in log for sign in OFFLINE_SIGNS):
        return (
            "The packages could not be downloaded: this machine does not reach the package index. Go online, "
            "or set HTTPS_PROXY or PIP_INDEX_URL, and run the same command again (details: .venv/install.log)."
        )
    if "No space left" in log:
        return "The disk is full: free about 600 MB and run the same command again."
    tail = "\n".join(log.strip().splitlines()[-15:])
    return f"{tail}\n\nInstalling the packages failed; the lines above say why (all of it: .venv/install.log)."


# --- what is made from sources --------------------------------------------------------------------


def compile_catalogues() -> None:
    """Compile message catalogues whose ``.mo`` is missing or older than its ``.po``."""
    stale = [
        source
        for source in ROOT.glob("locale/*/LC_MESSAGES/*.po")
        if not (compiled := source.with_suffix(".mo")).exists() or compiled.stat().st_mtime < source.stat().st_mtime
    ]
    if stale:
        subprocess.run([VENV_PYTHON, "-m", "scripts.messages", "--compile"], cwd=ROOT, check=True)


def build_editor() -> None:
    """The drawing editor of workflows. Without it the product runs, and workflows are edited as JSON."""
    if frontend.is_built():
        return
    with one_at_a_time():
        if frontend.is_built():
            return
        say("Building the workflow editor …")
        log = VENV / "editor.log"
        try:
            frontend.build(VENV_PYTHON, log)
        except frontend.BuildError as error:
            say(f"The workflow editor is missing: {error}. Workflows are edited as JSON until the same command")
            say("is run again and succeeds (details: .venv/editor.log).")


def find_or_fetch_browser() -> None:
    """Give the browser tests a Chromium: the machine's own, or Playwright's download, tried once."""
    tried = VENV / "browser-download-tried"
    probe = [str(VENV_PYTHON), "-m", "scripts.chromium"]
    if subprocess.run(probe, cwd=ROOT, capture_output=True).returncode == 0 or tried.exists():
        return
    say("No Chromium on this machine: downloading one for the browser tests …")
    try:
        command = [str(VENV_PYTHON), "-m", "playwright", "install", "chromium"]
        fetched = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=300).returncode == 0
    except subprocess.TimeoutExpired:
        fetched = False
    if not fetched:
        say("It could not be downloaded: browser tests will be skipped. Install Chromium, or set CHROMIUM to one.")
    tried.touch()


def provision(requirements: str) -> None:
    """Everything ``make`` needs; ``requirements`` is one of the two compiled files."""
    if not is_current(requirements):
        with one_at_a_time():
            if not is_current(requirements):
                _bring_up_to_date(requirements)
    compile_catalogues()
    build_editor()
    if requirements == DEV_REQUIREMENTS:
        find_or_fetch_browser()


def _bring_up_to_date(requirements: str) -> None:
    create_environment()
    install(requirements)
    write_source_roots()
    # The development file is a superset, pinned alike.
    holds = [RUN_REQUIREMENTS, DEV_REQUIREMENTS] if requirements == DEV_REQUIREMENTS else [RUN_REQUIREMENTS]
    temporary = STAMP.with_suffix(".new")
    temporary.write_text(json.dumps({name: fingerprint(name) for name in holds}))
    temporary.replace(STAMP)


def main(arguments: list[str]) -> int:
    """``provision.py [run|dev]``; exit code 1 after a sentence, 130 when interrupted."""
    requirements = DEV_REQUIREMENTS if arguments[:1] == ["dev"] else RUN_REQUIREMENTS
    try:
        provision(requirements)
    except SetUpError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted; the same command goes on from here.", file=sys.stderr)
        return 130
    return 0
