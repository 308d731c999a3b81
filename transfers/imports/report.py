"""What an import found, for people: sentences in their language, and a file of every line that was left out."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import overload

from django.utils.translation import gettext as _

from accounts.spreadsheets import escape
from transfers.imports import records
from transfers.imports.lines import Problem
from transfers.imports.refusals import problem_sentence, refusal_sentence
from transfers.models import NumberImport, NumberImportFile

BARE_NUMBER = re.compile(r"\+?\d*", re.ASCII)


@dataclass(frozen=True)
class SpokenProblem:
    """A problem with its ``reason`` in the reader's language."""

    line: int
    code: str
    value: str
    reason: str
    suggestion: str
    is_notice: bool


def first_problems(row: NumberImport) -> list[SpokenProblem]:
    """A few, bad lines before notices."""
    return [_spoken(records.problem_of(found)) for found in row.first_problems]


class Problems(Sequence[SpokenProblem]):
    """All problems of an import in the file's order; only those that are asked for are put into words."""

    def __init__(self, found: Sequence[Problem]) -> None:
        self.found = found

    def __len__(self) -> int:
        return len(self.found)

    @overload
    def __getitem__(self, at: int) -> SpokenProblem: ...
    @overload
    def __getitem__(self, at: slice) -> Problems: ...
    def __getitem__(self, at: int | slice) -> SpokenProblem | Problems:
        return Problems(self.found[at]) if isinstance(at, slice) else _spoken(self.found[at])


def problems(row: NumberImport) -> Problems:
    packed = NumberImportFile.objects.values_list("problems", flat=True).get(number_import=row.pk)
    return Problems(records.unpack(bytes(packed)))


def error_sentence(row: NumberImport) -> str:
    """Why the import was refused or failed; empty where it was not."""
    return refusal_sentence(row.error["code"], row.error["params"]) if row.error else ""


def report(row: NumberImport) -> tuple[str, bytes]:
    """(file name, CSV in UTF-8) with a line for each problem."""
    head = [_("line"), _("value"), _("imported"), _("reason"), _("suggestion")]
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=row.reading.get("delimiter") or ",")
    writer.writerow(head)
    writer.writerows(_rows(problems(row)))
    return f"report-{row.pk}.csv", b"\xef\xbb\xbf" + buffer.getvalue().encode()


def _rows(found: Iterable[SpokenProblem]) -> Iterable[list[str]]:
    left_out, refused = _("left out"), _("refused")
    for problem in found:
        value = problem.value if BARE_NUMBER.fullmatch(problem.value) else escape(problem.value)
        yield [str(problem.line), value, left_out if problem.is_notice else refused, problem.reason, problem.suggestion]


def _spoken(problem: Problem) -> SpokenProblem:
    reason = problem_sentence(problem.code, problem.params)
    return SpokenProblem(problem.line, problem.code, problem.value, reason, problem.suggestion, problem.is_notice)
