"""What an import says when it cannot go on, and of single lines. Stored as codes, spoken in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

REFUSALS: dict[str, StrOrPromise] = {
    "empty": _("The file is empty."),
    "no_rows": _("The file holds no line below the names of its columns."),
    "too_large": _("The file is larger than %(limit)d MB: split it into several."),
    "too_many_rows": _("The file holds more than %(limit)d lines: split it into several."),
    "too_many_columns": _("The file holds more than %(limit)d columns."),
    "not_a_table": _("This is neither a CSV file nor an Excel workbook (.xlsx)."),
    "old_workbook": _("This is a workbook of an old Excel: save it as .xlsx or CSV first."),
    "protected_workbook": _("The workbook is protected by a password: remove it first."),
    "broken_workbook": _("The workbook is damaged and cannot be read."),
    "workbook_too_large": _("Unpacked, the workbook is larger than %(limit)d MB."),
    "encoding": _("The characters of the file cannot be read: save it as “CSV UTF-8”."),
    "missing_column": _(
        "The column “%(column)s” is missing. The first line of the file must name the columns: %(found)s"
    ),
    "two_columns": _("Two columns could be “%(column)s”: %(found)s. Name one of them “%(column)s”."),
    "open_quote": _("A quotation mark that opens in line %(line)d is never closed."),
    "cell_too_long": _("Line %(line)d holds a cell that is far too long."),
    "nothing_good": _("Not one line of the file can be imported."),
    "bad_lines": _("%(count)d lines cannot be imported: correct them and upload the file again, or leave them out."),
    "worker_lost": _("The import was interrupted several times. Nothing was written; you may start it again."),
    "broke": _("The import failed unexpectedly. Nothing was written; you may start it again."),
}
"""Why a file, or an import as a whole, is refused."""

PROBLEMS: dict[str, StrOrPromise] = {
    "no_number": _("There is no phone number."),
    "invalid": _("This is not a number in use: check the country code and the digits."),
    "not_international": _("This is not a number in international form, for example +33612345678."),
    "emergency": _("This is an emergency number."),
    "short": _("This is a short number, which cannot be reached from everywhere."),
    "premium_rate": _("This is a premium-rate number."),
    "rounded": _("A spreadsheet has rounded this number: format the column as text."),
    "too_long": _("The description is longer than %(limit)d characters."),
    "control": _("The line holds a character that cannot be stored."),
    "too_many_cells": _(
        "The line holds more cells than there are columns: put quotation marks around the description."
    ),
    "duplicate": _("The number is on line %(line)d already; that line counts."),
    "kept": _("The list has this number already, with another description, which is kept."),
    "unknown": _("The list does not have this number: there is nothing to update."),
}
"""What there is to say of a line."""

NOTICES = frozenset({"duplicate", "kept", "unknown"})
"""Problems that keep nothing from being imported: the line is left out, and nothing is lost."""


class ImportRefused(Exception):
    """The file or the request is refused, and nothing was written. ``code`` is a key of ``REFUSALS``."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.code = code
        self.params = params

    @property
    def sentence(self) -> str:
        return refusal_sentence(self.code, self.params)

    @property
    def as_json(self) -> dict[str, Any]:
        return {"code": self.code, "params": self.params}


class WrongState(Exception):
    """The import is in a state in which this cannot be asked of it."""


def refusal_sentence(code: str, params: Mapping[str, Any]) -> str:
    return str(REFUSALS[code]) % params


def problem_sentence(code: str, params: Mapping[str, Any]) -> str:
    return str(PROBLEMS[code]) % params
