"""``make check``: everything that can be said of the code without running its tests."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PYTHON = sys.executable
MANAGE = (PYTHON, "-W", "error", "manage.py")

STEPS: dict[str, tuple[str, ...]] = {
    "lint": (PYTHON, "-m", "ruff", "check", "."),
    "formatting": (PYTHON, "-m", "ruff", "format", "--check", "--quiet", "."),
    "types": (PYTHON, "-m", "mypy"),
    "Django's checks": (*MANAGE, "check", "--fail-level", "WARNING"),
    "migrations": (*MANAGE, "makemigrations", "--check", "--dry-run"),
    "message catalogues": (PYTHON, "-m", "scripts.messages", "--check"),
    "lock files": (PYTHON, "-m", "scripts.lock", "--check"),
}


def main() -> int:
    """Runs every step even when one fails; exit code 1 names those that did."""
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    failed = []
    for name, command in STEPS.items():
        started = time.monotonic()
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        verdict = "ok" if done.returncode == 0 else "FAILED"
        print(f"{name:<20} {verdict} ({time.monotonic() - started:.1f} s)", flush=True)
        if done.returncode:
            print(done.stdout, flush=True)
            failed.append(name)
    if failed:
        print(f"make check: {', '.join(failed)} failed.")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
