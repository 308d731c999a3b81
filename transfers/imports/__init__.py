"""Numbers in and out of a transfer, hundreds of thousands at a time.

>>> row = open_import(action, file_name="numbers.csv", content=content, mode="add", by=user)   # ImportRefused
>>> start_check(row)      # row.state: "checked" at once for small files, "uploaded" while a worker has to come
>>> row.counts            # lines, bad, suggestions, duplicates; new, changed, same, kept, unknown, removed
>>> first_problems(row)   # with sentences in the current language; problems(row) has all of them
>>> confirm(row)          # ImportRefused while there are bad lines: skip_bad_lines=True, take_suggestions=True
>>> row.state, row.progress, row.total, error_sentence(row)
>>> cancel(row), report(row), export(action, "csv")

``preview`` holds [line, number, description] of the first lines; ``reading`` how the file was understood: ``format``,
``encoding``, ``delimiter``, ``ignored`` (names of the columns left aside), ``has_description``.
"""

from transfers.imports.export import Download, content_type, export, stream
from transfers.imports.flow import cancel, confirm, open_import, start_check, sweep, work
from transfers.imports.refusals import ImportRefused, WrongState
from transfers.imports.report import SpokenProblem, error_sentence, first_problems, problems, report
from transfers.imports.resource import FORMATS
from transfers.imports.sending import send_export
from transfers.imports.tables import LARGEST_FILE

__all__ = [
    "FORMATS",
    "LARGEST_FILE",
    "Download",
    "ImportRefused",
    "SpokenProblem",
    "WrongState",
    "cancel",
    "confirm",
    "content_type",
    "error_sentence",
    "export",
    "first_problems",
    "open_import",
    "problems",
    "report",
    "send_export",
    "start_check",
    "stream",
    "sweep",
    "work",
]
