"""``DATA_DIR/demo.env``: NAME=value lines that a shell can source; readable by its owner only."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

HEADER = "# Written by `make run`. To use it: set -a; . ./demo.env; set +a\n"


def read(path: Path) -> dict[str, str]:
    """The values; {} when there is no file. Lines that are no assignment are ignored."""
    if not path.exists():
        return {}
    values = {}
    for line in path.read_text().splitlines():
        name, separator, value = line.partition("=")
        if separator and name.isidentifier():
            values[name] = "".join(shlex.split(value))
    return values


def write(path: Path, values: dict[str, str]) -> None:
    """Replace the file, whole or not at all, with mode 600 from its first byte."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(HEADER + "".join(f"{name}={shlex.quote(value)}\n" for name, value in values.items()))
    temporary.replace(path)
