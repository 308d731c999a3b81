"""The timeline that the demonstration call prints: one line per step, aligned, long texts wrapped."""

from __future__ import annotations

import shutil
import sys
import textwrap
from dataclasses import dataclass, field
from typing import Any, TextIO

COLUMNS = "  {:<7} {:<22} {:<10} {:>5}  {}"
INDENT = len(COLUMNS.format("", "", "", "", ""))


@dataclass
class Timeline:
    """Prints each step as it happens, in the width of the terminal (``width`` columns at most)."""

    out: TextIO = field(default_factory=lambda: sys.stdout)
    width: int = field(default_factory=lambda: max(96, min(140, shutil.get_terminal_size((120, 24)).columns)))

    def title(self, text: str) -> None:
        self._print(f"\n{text}\n")
        self._print(COLUMNS.format("moment", "step", "state", "ms", "essence"))

    def step(self, moment: str, name: str, state: str, duration_ms: float | None, essence: str) -> None:
        first, *rest = textwrap.wrap(essence, self.width - INDENT) or [""]
        self._print(COLUMNS.format(moment, name, state, _milliseconds(duration_ms), first).rstrip())
        for line in rest:
            self._print(" " * INDENT + line)

    def run(self, run: dict[str, Any], essence: str) -> None:
        """A run as the API tells it."""
        self.step(run["moment"], run["action"], run["state"], run["duration_ms"], essence)

    def more(self, essence: str) -> None:
        self.step("", "", "", None, essence)

    def end(self, text: str) -> None:
        self._print(f"\n{text}")

    def _print(self, text: str) -> None:
        print(text, file=self.out, flush=True)


def _milliseconds(duration_ms: float | None) -> str:
    if duration_ms is None:
        return ""
    return f"{duration_ms:.1f}" if duration_ms < 10 else f"{duration_ms:.0f}"
