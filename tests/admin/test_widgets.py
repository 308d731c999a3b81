"""Form fields for structured values."""

from __future__ import annotations

from typing import Any

import pytest
from django import forms
from django.http import QueryDict
from django.template import Context, Template
from django.utils.html import escape

from accounts.admin_widgets import Column, ReadableJSONField, RowsField
from tests.admin.forms import UNSTORABLE

COLUMNS = (
    Column("name", "Name"),
    Column("kind", "Kind", choices=(("a", "A"), ("b", "B"))),
    Column("must", "Must", choices=(("no", "No"), ("yes", "Yes")), read=lambda text: text == "yes",
           show=lambda value: "yes" if value else "no"),
)  # fmt: skip


class Rows(forms.Form):
    rows = RowsField(columns=COLUMNS, add_label="Add")


class Anything(forms.Form):
    value = ReadableJSONField(required=False)


def test_rows_become_objects_and_empty_ones_do_not_count() -> None:
    data = QueryDict("rows-name= x &rows-kind=b&rows-must=yes&rows-name=&rows-kind=a&rows-must=no")
    form = Rows(data)
    assert form.is_valid()
    assert form.cleaned_data["rows"] == [{"name": "x", "kind": "b", "must": True}]


def test_no_rows_are_an_empty_list() -> None:
    form = Rows(QueryDict(""))
    assert form.is_valid()
    assert form.cleaned_data["rows"] == []


def test_objects_become_rows_and_one_more_to_fill_in() -> None:
    page = str(Rows(initial={"rows": [{"name": "<x>", "kind": "b", "must": True}]})["rows"])
    listed = page.partition("<template>")[0]
    assert listed.count("data-row>") == 2
    assert 'value="&lt;x&gt;"' in listed
    assert '<option value="b" selected>' in listed
    assert '<option value="yes" selected>' in listed


@pytest.mark.parametrize("odd", [None, {}, "text", [1, "x"], [{"other": 1}]])
def test_rows_that_the_database_holds_are_shown_whatever_they_are(odd: Any) -> None:
    assert "data-row>" in str(Rows(initial={"rows": odd})["rows"])


def test_unchanged_rows_are_no_change() -> None:
    data = QueryDict("rows-name=x&rows-kind=b&rows-must=no")
    assert not Rows(data, initial={"rows": [{"name": "x", "kind": "b", "must": False}]}).has_changed()


def test_json_that_is_wrong_is_shown_as_it_was_written() -> None:
    form = Anything({"value": '{"a": é}'})
    assert not form.is_valid()
    assert "{&quot;a&quot;: é}" in str(form["value"])


def test_json_keeps_what_was_meant() -> None:
    form = Anything({"value": '{"a": [1, true, null, "é"]}'})
    assert form.is_valid()
    assert form.cleaned_data["value"] == {"a": [1, True, None, "é"]}


@pytest.mark.parametrize("written", UNSTORABLE, ids=lambda text: text[:20])
def test_json_that_no_database_stores_is_refused_and_shown_again(written: str) -> None:
    form = Anything({"value": written})
    assert not form.is_valid()
    page = str(form["value"])
    assert escape(written) in page
    page.encode()


def test_json_that_a_database_holds_all_the_same_is_shown() -> None:
    page = str(Anything(initial={"value": {"a": "\ud800"}})["value"])
    assert "\\ud800" in page
    page.encode()


@pytest.mark.parametrize("cell", ["a\x00b", "\ud800"])
def test_cells_that_no_database_stores_are_refused(cell: str) -> None:
    form = Rows({"rows-name": [cell], "rows-kind": ["a"], "rows-must": ["no"]})
    assert form.errors == {"rows": ["The JSON holds characters that no text may hold."]}


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ({}, '<pre class="tq-json">{}</pre>'),
        ({"a": 1, "b": None}, '<dl class="tq-values"><dt>a</dt><dd>1</dd>'),
        ({"<b>": "<i>"}, "<dt>&lt;b&gt;</dt>"),
        (["x", 2], '<ul class="tq-list"><li>'),
        ([{"a": 1}, {"a": 2, "b": "x"}], "<tr><td>1</td><td><span"),
        ({"a": {"b": "é"}}, "&quot;b&quot;: &quot;é&quot;"),
        (1234567, "1234567"),
        (True, "yes"),
    ],
)
def test_json_values_for_people(value: Any, shown: str) -> None:
    page = Template("{% load triptyque_json %}{% json_value value %}").render(Context({"value": value}))
    assert shown in page
    assert "<i>" not in page
