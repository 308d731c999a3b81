"""Compile requirements*.txt from pyproject.toml, with hashes; ``--check`` says whether they belong together.

Each compiled file starts with a fingerprint of what it was compiled from, so that the check needs no network.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MARK = "# compiled by `make lock` from pyproject.toml "
FILES = ("requirements.txt", "requirements-dev.txt")


def sources_fingerprint(pyproject: str) -> str:
    """Of the parts of pyproject.toml (its text) that decide on dependencies, and of nothing else."""
    document = tomllib.loads(pyproject)
    project = document["project"]
    parts = [project["requires-python"], project["dependencies"], document.get("dependency-groups", {})]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def out_of_date(root: Path) -> list[str]:
    """Names of the compiled files under ``root`` that do not come from its pyproject.toml."""
    expected = MARK + sources_fingerprint((root / "pyproject.toml").read_text())
    return [name for name in FILES if _first_line(root / name) != expected]


def _first_line(path: Path) -> str:
    return path.read_text().partition("\n")[0] if path.exists() else ""


def compile_all(root: Path, *, upgrade: bool) -> None:
    header = MARK + sources_fingerprint((root / "pyproject.toml").read_text()) + "\n"
    _compile(root, FILES[0], header, [], upgrade=upgrade)
    _compile(root, FILES[1], header, ["--group", "dev", "--constraint", FILES[0]], upgrade=upgrade)


def _compile(root: Path, name: str, header: str, options: list[str], *, upgrade: bool) -> None:
    """Pins already in the file stay unless ``upgrade``; the file is written only when all went well."""
    uv = Path(sys.executable).with_name("uv")
    command = [str(uv), "pip", "compile", "pyproject.toml", *options, "--output-file", name]
    command += ["--universal", "--python-version", "3.11", "--generate-hashes", "--no-header", "--quiet"]
    command += ["--upgrade"] if upgrade else []
    subprocess.run(command, cwd=root, check=True)
    path = root / name
    body = "".join(line for line in path.read_text().splitlines(keepends=True) if not line.startswith(MARK))
    path.write_text(header + body)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only compare; exit 1 when they differ")
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions that are allowed")
    options = parser.parse_args()
    if not options.check:
        compile_all(ROOT, upgrade=options.upgrade)
        return 0
    stale = out_of_date(ROOT)
    if stale:
        print(f"{' and '.join(stale)}: not compiled from the present pyproject.toml. Run `make lock`.")
    return bool(stale)


if __name__ == "__main__":
    sys.exit(main())
