"""Spreadsheets and CSV: one passage for each question and its answer, otherwise each row with its columns' names."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from accounts.texts import without_accents
from knowledge.extraction.contract import Limits, Progress, Text, Unreadable
from knowledge.extraction.markdown import heading, line, plain

MOST_ROWS = 100_000
MOST_COLUMNS = 100

QUESTIONS = frozenset({"question", "questions", "q", "demande", "intitule", "question posee", "question du client"})
ANSWERS = frozenset({"answer", "answers", "a", "reponse", "reponses", "r", "response", "reply", "reponse a donner"})


def read_workbook(path: Path, limits: Limits, progress: Progress) -> str:
    from openpyxl import load_workbook

    text = Text(limits)
    # Opened here: by its name, openpyxl would want to know the type.
    file = path.open("rb")
    workbook = load_workbook(file, read_only=True, data_only=True, keep_links=False)
    sheets = [sheet for sheet in workbook.worksheets if sheet.sheet_state == "visible"]
    for number, sheet in enumerate(sheets):
        progress(number, len(sheets))
        # What a file says of its own size may be anything.
        sheet.reset_dimensions()
        rows = sheet.iter_rows(max_col=MOST_COLUMNS, values_only=True)
        _write(([_shown(value) for value in row] for row in rows), text, sheet.title if len(sheets) > 1 else "")
    return str(text)


def read_csv(content: str, limits: Limits) -> str:
    """Separated by commas, semicolons, tabs or bars, whichever the first lines show."""
    text = Text(limits)
    csv.field_size_limit(limits.text)
    try:
        _write(csv.reader(io.StringIO(content, newline=""), delimiter=_delimiter(content)), text, "")
    except csv.Error as error:
        raise Unreadable("damaged", str(error)) from error
    return str(text)


def _delimiter(content: str) -> str:
    lines = [each for each in content[:20_000].splitlines()[:20] if each.strip()]
    counts = {mark: lines[0].count(mark) if lines else 0 for mark in ",;\t|"}
    return max(counts, key=lambda mark: counts[mark])


def _write(rows: Iterable[Sequence[str]], text: Text, title: str) -> None:
    filled = (row[:MOST_COLUMNS] for row in _bounded(rows) if any(cell.strip() for cell in row))
    names = [line(name) for name in next(filled, [])]
    text.add(heading(1, title))
    question, answer = _column(names, QUESTIONS), _column(names, ANSWERS)
    if question is None or answer is None:
        if (first := next(filled, None)) is None:
            text.add(plain(" ; ".join(filter(None, names))))
            return
        for row in (first, *filled):
            text.add(_row(names, row))
        return
    for row in filled:
        text.add(*_question(names, row, question, answer))


def _bounded(rows: Iterable[Sequence[str]]) -> Iterator[Sequence[str]]:
    for number, row in enumerate(islice(rows, MOST_ROWS + 1)):
        if number == MOST_ROWS:
            raise Unreadable("too_large", f"more than {MOST_ROWS} rows")
        yield row


def _column(names: Sequence[str], wanted: frozenset[str]) -> int | None:
    return next((number for number, name in enumerate(names) if _bare(name) in wanted), None)


def _bare(name: str) -> str:
    return without_accents(name.lower().replace("(s)", "s")).strip(" :?*")


def _question(names: Sequence[str], row: Sequence[str], question: int, answer: int) -> Iterator[str]:
    said = row[answer] if answer < len(row) else ""
    asked = row[question] if question < len(row) else ""
    if not said.strip():
        return
    yield heading(2, asked) or "\n\n## …\n\n"
    yield plain(said).strip()
    others = [_cell(names, number, cell) for number, cell in enumerate(row) if number not in {question, answer}]
    if others := [other for other in others if other]:
        yield "\n\n" + "\n".join(others)


def _row(names: Sequence[str], row: Sequence[str]) -> str:
    cells = [_cell(names, number, cell) for number, cell in enumerate(row)]
    return "; ".join(filter(None, cells)) + "\n\n"


def _cell(names: Sequence[str], number: int, cell: str) -> str:
    value = line(plain(cell))
    name = names[number] if number < len(names) else ""
    return f"{name}: {value}" if value and name else value


def _shown(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return f"{value:.0f}"
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(" ", "minutes")
    return str(value)
