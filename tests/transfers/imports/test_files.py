"""Files as people have them: encodings, delimiters, line ends, names of columns; and what is refused at once."""

from __future__ import annotations

import codecs
import io
import zipfile
from collections.abc import Callable

import openpyxl
import pytest

from tests.transfers.imports.conftest import problems_of, rows_of
from transfers import imports
from transfers.action import TransferAction
from transfers.imports import workbooks
from transfers.models import NumberImport

PAUL, LEA = ("+33612345678", "Paul"), ("+33199000010", "Léa, à l’étage")
TABLE = 'phone,description\r\n+33612345678,Paul\r\n+33199000010,"Léa, à l’étage"\r\n'


GOOD = {
    "UTF-8": TABLE.encode(),
    "UTF-8 with its mark": codecs.BOM_UTF8 + TABLE.encode(),
    "UTF-16, little end first": codecs.BOM_UTF16_LE + TABLE.encode("utf-16-le"),
    "UTF-16, big end first": codecs.BOM_UTF16_BE + TABLE.encode("utf-16-be"),
    "Windows-1252": TABLE.encode("cp1252"),
    "semicolons": TABLE.replace(",Paul", ";Paul").replace("e,d", "e;d").replace('0,"', '0;"').encode(),
    "tabs": TABLE.replace(",Paul", "\tPaul").replace("e,d", "e\td").replace('0,"', '0\t"').encode(),
    "no last line end": TABLE.strip().encode(),
    "CR only": TABLE.replace("\r\n", "\r").encode(),
    "LF only": TABLE.replace("\r\n", "\n").encode(),
    "columns the other way round": 'Description;PHONE\nPaul;+33612345678\n"Léa, à l’étage";+33199000010'.encode(),
    "French names": TABLE.replace("phone,description", " N° de Téléphone , Libellé ").encode(),
    "empty lines": TABLE.replace("\r\n", "\r\n\r\n").encode() + b"\r\n ,\r\n",
    "a word to Excel": b"sep=,\r\n" + TABLE.encode(),
    "numbers as people write them": TABLE.replace("+33612345678", "+33 (0)6 12-34.56.78").encode(),
    "numbers with no-break spaces": TABLE.replace("+33612345678", "\u202a+33\u00a06\u202f12 34 56 78\u202c").encode(),
    "a 0 that is not dialled": TABLE.replace("+33612345678", "+330612345678").encode(),
}


@pytest.mark.parametrize("name", GOOD)
def test_a_file_is_read_however_it_was_written(
    name: str, upload: Callable[..., NumberImport], listed: TransferAction
) -> None:
    row = upload(GOOD[name])
    assert (row.state, row.counts["new"], row.counts["bad"], row.counts["lines"]) == ("checked", 2, 0, 2)
    imports.confirm(row)
    assert (row.state, rows_of(listed)) == ("done", [PAUL, LEA])


def test_a_lone_column_of_numbers_is_enough(upload: Callable[..., NumberImport], listed: TransferAction) -> None:
    imports.confirm(upload("phone\n+33612345678\n+33199000010"))
    assert rows_of(listed) == [("+33612345678", ""), ("+33199000010", "")]


def test_quoted_line_ends_belong_to_the_description_and_count_as_lines(
    upload: Callable[..., NumberImport], listed: TransferAction
) -> None:
    row = upload('phone,description\n+33612345678,"Paul\nou Léa"\n112,\n')
    assert problems_of(row) == [(4, "emergency")]
    imports.confirm(row, skip_bad_lines=True)
    assert rows_of(listed) == [("+33612345678", "Paul\nou Léa")]


def test_other_columns_are_reported(upload: Callable[..., NumberImport]) -> None:
    row = upload("id;phone;City ;description\n1;+33612345678;Lyon;Paul")
    assert (row.reading["ignored"], row.preview) == (["id", "City"], [[2, "+33612345678", "Paul"]])


REFUSED = {
    "empty": (b"", "empty"),
    "only a mark": (codecs.BOM_UTF8 + b"\r\n ", "empty"),
    "no column of numbers": (b"name,city\nPaul,Lyon", "missing_column"),
    "no line with names": (b"+33612345678,Paul", "missing_column"),
    "two columns of numbers": (b"tel,number\n+33612345678,", "two_columns"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "not_a_table"),
    "junk": (bytes(range(1, 256)) * 20, "not_a_table"),
    "an old workbook": (workbooks.OLD_MAGIC + b"\0" * 600, "old_workbook"),
    "a protected workbook": (workbooks.OLD_MAGIC + "EncryptedPackage".encode("utf-16-le"), "protected_workbook"),
    "half of UTF-16": (codecs.BOM_UTF16_LE + "phone\n".encode("utf-16-le") + b"\x00\xd8", "encoding"),
    "no workbook": (b"PK\x03\x04 and then nothing", "broken_workbook"),
    "one line of 5 MB": (b"x" * imports.LARGEST_FILE, "missing_column"),
    "one byte too many": (b"phone\n".ljust(imports.LARGEST_FILE + 1, b"\n"), "too_large"),
    "the same column twice": (b"phone,phone\n+33612345678,", "two_columns"),
    "a hundred columns and one": (b"phone" + b",x" * 100 + b"\n", "too_many_columns"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_cannot_be_imported_is_refused_and_not_stored(name: str, listed: TransferAction) -> None:
    content, code = REFUSED[name]
    with pytest.raises(imports.ImportRefused) as refused:
        imports.open_import(listed, file_name="numbers.csv", content=content, mode="add")
    assert refused.value.code == code
    assert refused.value.sentence
    assert not NumberImport.objects.exists()


def test_exactly_5_mb_are_accepted(upload: Callable[..., NumberImport], listed: TransferAction) -> None:
    content = b"phone\n+33612345678\n".ljust(imports.LARGEST_FILE, b"\n")
    row = imports.open_import(listed, file_name="numbers.csv", content=content, mode="add")
    imports.work(row.pk)
    row.refresh_from_db()
    assert (row.state, row.counts["new"], row.total) == ("checked", 1, 1)


def test_updating_needs_descriptions(listed: TransferAction) -> None:
    with pytest.raises(imports.ImportRefused, match="missing_column"):
        imports.open_import(listed, file_name="numbers.csv", content=b"phone\n+33612345678", mode="update")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("phone,description\n", "no_rows"),
        ('phone,description\n+33612345678,Paul\n+33199000010,"Léa\n+33612345679,Max\n', "open_quote"),
        ('phone,description\n+33612345678,Paul\n+33199000010,"' + "x" * 140_000, "open_quote"),
    ],
)
def test_a_file_that_proves_unreadable_is_refused_with_a_reason(
    content: str, code: str, upload: Callable[..., NumberImport]
) -> None:
    row = upload(content)
    if row.state == "uploaded":
        imports.work(row.pk)
        row.refresh_from_db()
    assert (row.state, row.error["code"]) == ("refused", code)
    assert imports.error_sentence(row)
    if code == "open_quote":
        assert row.error["params"] == {"line": 3}


def workbook_of(rows: list[list[object]]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def test_numbers_of_a_workbook_are_digits_and_formulas_are_not_run(upload: Callable[..., NumberImport]) -> None:
    row = upload(
        workbook_of(
            [
                [],
                ["Phone", "Description"],
                ["+33612345678", "Paul"],
                [33612345679.0, "float"],
                [33612345670, "int"],
                ["=1+1", "formula"],
                [3.3e20, "rounded"],
                ["+33612345671", "half a pair: _xD83D_"],
            ]
        ),
        file_name="numbers.xlsx",
    )
    assert row.state == "checked", row.error
    found = {problem.line: (problem.code, problem.suggestion) for problem in imports.problems(row)}
    assert found == {
        4: ("not_international", "+33612345679"),
        5: ("not_international", "+33612345670"),
        6: ("no_number", ""),
        7: ("rounded", ""),
    }
    assert row.counts["new"] == 2


def zipped(**parts: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {"[Content_Types].xml": b"<x/>", **parts}.items():
            archive.writestr(name, content)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ({"xl/worksheets/sheet1.xml": b"0" * (workbooks.LARGEST_UNPACKED + 1)}, "workbook_too_large"),
        ({"xl/sharedStrings.xml": b"0" * (workbooks.LARGEST_STRINGS + 1)}, "workbook_too_large"),
        ({f"part{number}": b"" for number in range(workbooks.MOST_PARTS + 1)}, "workbook_too_large"),
        ({"xl/workbook.xml": b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'}, "broken_workbook"),
        ({}, "broken_workbook"),
    ],
    ids=["a sheet", "strings", "parts", "entities", "nothing in it"],
)
def test_a_workbook_that_would_unpack_to_too_much_is_refused(
    parts: dict[str, bytes], code: str, listed: TransferAction
) -> None:
    content = zipped(**parts)
    assert len(content) < 1_000_000
    with pytest.raises(imports.ImportRefused) as refused:
        imports.open_import(listed, file_name="bomb.xlsx", content=content, mode="add")
    assert refused.value.code == code


def test_a_workbook_with_gaps_as_large_as_excel_is_refused(
    upload: Callable[..., NumberImport], listed: TransferAction
) -> None:
    book = openpyxl.Workbook()
    book.active["A1"] = "phone"
    book.active["A1048576"] = "+33612345678"
    buffer = io.BytesIO()
    book.save(buffer)
    row = upload(buffer.getvalue(), file_name="gaps.xlsx")
    assert (row.state, row.error.get("code")) == ("refused", "too_many_rows")
