"""What is exported is harmless to spreadsheets, and imported again it is the same list."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

import openpyxl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from accounts.spreadsheets import DANGEROUS, escape, unescape
from tests.transfers.imports.conftest import GOOD, rows_of
from transfers import imports
from transfers.action import TransferAction
from transfers.imports.resource import NumberResource
from transfers.models import NumberImport, TransferDestination

HOSTILE = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "'",
    "''=x",
    "'tis",
    "|x",
    "a\tb",
    "a\r\nb",
    'a"b',
    "a;b,c",
    "_x0041_",
    "\x01",
]

texts = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40),
    st.sampled_from(HOSTILE),
    st.builds("".join, st.lists(st.sampled_from("='+-@\"\t\r\n;,| aé_x"), max_size=12)),
).map(lambda text: text.strip()[:200])


@given(st.text(max_size=20))
@example("'")
@example("''")
@example("'=")
def test_escaping_is_harmless_and_can_be_undone(text: str) -> None:
    escaped = escape(text)
    assert unescape(escaped) == text
    assert escaped[:1] not in DANGEROUS or escaped[:1] == "'"


@pytest.mark.parametrize("format", ["csv", "xlsx"])
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(descriptions=st.lists(texts, min_size=1, max_size=len(GOOD)))
@example(descriptions=HOSTILE[:4])
@example(descriptions=HOSTILE[4:8])
@example(descriptions=HOSTILE[8:12])
@example(descriptions=HOSTILE[12:])
def test_an_export_imported_is_the_same_list(
    format: str, descriptions: list[str], upload: Callable[..., NumberImport], listed: TransferAction
) -> None:
    TransferDestination.objects.filter(action=listed).delete()
    for position, (phone, description) in enumerate(zip(GOOD, descriptions, strict=False)):
        listed.destinations.create(phone=phone, description=description, position=position)
    before = rows_of(listed)
    name, content = imports.export(listed, format)

    TransferDestination.objects.filter(action=listed).delete()
    row = upload(content, "replace", name)
    imports.confirm(row)

    assert (row.state, row.counts["bad"]) == ("done", 0)
    assert rows_of(listed) == before


def test_an_export_is_what_the_resource_promises(listed: TransferAction) -> None:
    for position, text in enumerate(HOSTILE[: len(GOOD)]):
        listed.destinations.create(phone=GOOD[position], description=text, position=position)
    listed.destinations.create(type="sip_uri", sip_uri="sip:a@pbx.example")
    resource = NumberResource(listed.pk)
    promised = resource.export(resource.get_queryset().order_by("position")).csv
    name, content = imports.export(listed, "csv")
    assert name == "transfer.csv"
    assert content.decode("utf-8-sig") == promised
    book = openpyxl.load_workbook(io.BytesIO(imports.export(listed, "xlsx")[1]))
    cells = [[cell.value for cell in row] for row in book.active.iter_rows()]
    assert cells == list(csv.reader(io.StringIO(promised)))
    assert {cell.data_type for row in book.active.iter_rows() for cell in row} <= {"s", "inlineStr", "n"}


def test_the_resource_imports_as_the_bulk_path_does(
    listed: TransferAction, upload: Callable[..., NumberImport]
) -> None:
    import tablib

    data = tablib.Dataset(headers=["phone", "description"])
    data.extend([["+33612345678", "'=1+1"], ["12", "bad"], ["+33199000010", "Léa"]])
    result = NumberResource(listed.pk).import_data(data, dry_run=True)
    row = upload(data.export("csv"))
    assert [invalid.number for invalid in result.invalid_rows] == [2]
    assert (row.counts["new"], row.counts["bad"]) == (result.totals["new"], 1)
    assert row.preview[0] == [2, "+33612345678", "=1+1"]
