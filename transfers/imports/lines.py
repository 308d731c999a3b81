"""From lines of cells to numbers that may be written, and what is wrong with the others."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from accounts.spreadsheets import unescape
from transfers.fast_numbers import BY_PREFIX, Numbers
from transfers.imports.columns import Columns
from transfers.imports.refusals import NOTICES, ImportRefused
from transfers.imports.suggestions import suggest
from transfers.imports.tables import MOST_ROWS, Line

LONGEST_DESCRIPTION = 200
SHOWN_CHARS = 80
ROUNDED = re.compile(r"\d[.,]\d+E\+?\d+", re.IGNORECASE)
LOOK_EVERY = 2000
"""Lines between two looks at the clock."""


NO_PARAMS: Mapping[str, Any] = {}


class Problem(NamedTuple):
    """``code`` is a key of ``refusals.PROBLEMS``; ``value`` what was in the file, cut; ``line`` counts from 1."""

    line: int
    code: str
    value: str
    params: Mapping[str, Any] = NO_PARAMS
    suggestion: str = ""

    @property
    def is_notice(self) -> bool:
        return self.code in NOTICES


@dataclass(slots=True)
class Checked:
    """``numbers``: (description, line) by number, in the file's order; ``lines``: how many there are."""

    numbers: dict[str, tuple[str, int]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    lines: int = 0

    @property
    def counts(self) -> dict[str, int]:
        codes = Counter(problem.code for problem in self.problems)
        return {
            "lines": self.lines,
            "bad": sum(count for code, count in codes.items() if code not in NOTICES),
            "duplicates": codes["duplicate"],
            "suggestions": sum(1 for problem in self.problems if problem.suggestion),
        }


def check_lines(
    lines: Iterable[Line],
    columns: Columns,
    numbers: Numbers,
    region: str,
    *,
    take_suggestions: bool = False,
    on_progress: Callable[[int], None] = lambda _lines: None,
) -> Checked:
    """Judge every line; ``on_progress`` is told now and then how many are done, and may raise."""
    checker = _Checker(columns, numbers, region, take_suggestions)
    found, put = checker.checked.numbers, checker.put
    phone_at, text_at, width = columns.phone, columns.description, columns.width
    done = 0
    for line, cells in lines:
        done += 1
        if not done % LOOK_EVERY:
            on_progress(done)
            if done > MOST_ROWS:
                raise ImportRefused("too_many_rows", limit=MOST_ROWS)
        # What `put` does, for lines that are as they should be: nearly all, in haste.
        if len(cells) == width:
            phone = cells[phone_at]
            matches = BY_PREFIX[phone[1:4]].get(len(phone))
            if matches is not None and matches(phone) and phone not in found:
                text = "" if text_at is None else cells[text_at].strip()
                if len(text) <= LONGEST_DESCRIPTION and text[:1] != "'" and "\0" not in text:
                    found[phone] = (text, line)
                    continue
        put(line, cells)
    checker.checked.lines = done - checker.blank
    return checker.checked


class _Checker:
    """Looks closely at lines that are out of the ordinary."""

    def __init__(self, columns: Columns, numbers: Numbers, region: str, take_suggestions: bool) -> None:
        self.columns = columns
        self.numbers = numbers
        self.region = region
        self.take_suggestions = take_suggestions
        self.checked = Checked()
        self.blank = 0

    def put(self, line: int, cells: Any) -> None:
        columns = self.columns
        value = cells[columns.phone] if columns.phone < len(cells) else ""
        at = columns.description
        text = cells[at].strip() if at is not None and at < len(cells) else ""
        if not value.strip() and not any(cell.strip() for cell in cells):
            self.blank += 1
            return
        if code := self._wrong_with_line(value, text, cells):
            params = {"limit": LONGEST_DESCRIPTION} if code == "too_long" else {}
            self._problem(line, code, text if code == "too_long" else value, params)
            return
        phone, reason = self.numbers.judge(value)
        if reason:
            phone = self._refused(line, value, phone, reason)
        if phone:
            self._take(line, value, phone, unescape(text))

    def _wrong_with_line(self, value: str, text: str, cells: Any) -> str:
        if any(cell.strip() for cell in cells[self.columns.width :]):
            return "too_many_cells"
        if "\0" in value or "\0" in text:
            return "control"
        if not value.strip():
            return "no_number"
        return "too_long" if len(unescape(text)) > LONGEST_DESCRIPTION else ""

    def _refused(self, line: int, value: str, phone: str, reason: str) -> str:
        """The suggestion, where suggestions are to be taken."""
        if ROUNDED.fullmatch(value.strip()):
            self._problem(line, "rounded", value)
            return ""
        suggestion = suggest(phone, self.region, self.numbers)
        if suggestion and self.take_suggestions:
            return suggestion
        if reason == "invalid" and not phone.startswith("+"):
            reason = "not_international"
        self._problem(line, reason, value, suggestion=suggestion)
        return ""

    def _take(self, line: int, value: str, phone: str, text: str) -> None:
        known = self.checked.numbers.get(phone)
        if known is None:
            self.checked.numbers[phone] = (text, line)
        else:
            self._problem(line, "duplicate", value, {"line": known[1]})

    def _problem(
        self, line: int, code: str, value: str, params: dict[str, Any] | None = None, suggestion: str = ""
    ) -> None:
        shown = value.replace("\0", "\ufffd")
        shown = shown if len(shown) <= SHOWN_CHARS else shown[: SHOWN_CHARS - 1] + "…"
        self.checked.problems.append(Problem(line, code, shown, params or NO_PARAMS, suggestion))
