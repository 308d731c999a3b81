"""The timeline that the demonstration call prints: one line per step, aligned."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import Any, TextIO

COLUMNS = "  {:<7} {:<24} {:<10} {:>6}  {}"


@dataclass
class Timeline:
    """Prints each step as it happens."""

    out: TextIO = field(default_factory=lambda: sys.stdout)

    def title(self, text: str) -> None:
        self._print(f"\n{text}\n")
        self._print(COLUMNS.format("moment", "step", "state", "ms", "essence"))

    def step(self, moment: str, name: str, state: str, duration_ms: float | None, essence: str) -> None:
        milliseconds = "" if duration_ms is None else f"{duration_ms:.0f}"
        self._print(COLUMNS.format(moment, name, state, milliseconds, essence).rstrip())

    def run(self, run: dict[str, Any], essence: str) -> None:
        """A run as the API tells it."""
        self.step(run["moment"], run["action"], run["state"], run["duration_ms"], essence)

    def more(self, essence: str) -> None:
        self.step("", "", "", None, essence)

    def end(self, text: str) -> None:
        self._print(f"\n{text}")

    def _print(self, text: str) -> None:
        print(text, file=self.out, flush=True)
