"""Where the browser for the browser tests is; ``python -m scripts.chromium`` prints it."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find() -> str | None:
    """Path of a Chromium: the CHROMIUM variable, one on PATH, or one that Playwright has downloaded."""
    if chosen := os.environ.get("CHROMIUM"):
        return shutil.which(chosen)
    for name in NAMES:
        if path := shutil.which(name):
            return path
    return _downloaded()


def _downloaded() -> str | None:
    default = Path.home() / ".cache" / "ms-playwright"
    cache = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or default)
    found = sorted(cache.glob("chromium-*/chrome-linux*/chrome"))
    return str(found[-1]) if found else None


if __name__ == "__main__":
    path = find()
    print(path or "no Chromium found: install one, or set CHROMIUM to its path")
    sys.exit(path is None)
