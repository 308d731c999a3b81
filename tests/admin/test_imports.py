"""Importing numbers in the admin: upload, look, confirm, read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django_scopes import scope

from tests.admin.conftest import Furnished
from tests.admin.forms import text
from transfers.admin.imports import PER_PAGE
from transfers.imports.refusals import problem_sentence
from transfers.models import ImportState, NumberImport

Browser = Callable[..., Client]
MIXED = (
    "phone;description;note\n+33199000020;Un;x\n06 39 98 00 22;Deux;\n112;Secours;\nabc;<script>alert(1)</script>;\n"
)


def upload(
    browser: Client, furnished: Furnished, content: str | bytes = MIXED, mode: str = "add", name: str = "numéros.csv"
) -> HttpResponse:
    data = content if isinstance(content, bytes) else content.encode()
    url = f"/admin/transfers/numberimport/new/?action={furnished.actions['transfer'].pk}"
    return browser.post(url, {"file": SimpleUploadedFile(name, data), "mode": mode})  # type: ignore[return-value]


def phones(furnished: Furnished) -> set[str | None]:
    with scope(account=furnished.account):
        return set(furnished.actions["transfer"].destinations.values_list("phone", flat=True))


def test_a_file_is_checked_before_anything_is_written(furnished: Furnished, people: Browser) -> None:
    editor = people("editor")
    page = upload(editor, furnished)["location"]
    shown = text(editor.get(page))
    assert "Nothing is written yet" in shown
    assert "note" in shown, "the column that is left aside"
    assert "+33639980022" in shown, "the suggestion"
    assert "<script>alert(1)" not in shown
    assert phones(furnished) == {"+33612345678"}


def test_it_is_written_when_it_is_confirmed(furnished: Furnished, people: Browser) -> None:
    editor = people("editor")
    page = upload(editor, furnished)["location"]
    confirm = page.replace("change/", "confirm/")
    editor.post(confirm, {"take_suggestions": "on"})
    assert phones(furnished) == {"+33612345678"}, "there are bad lines that nobody chose to leave out"
    editor.post(confirm, {"take_suggestions": "on", "skip_bad_lines": "on"})
    assert phones(furnished) == {"+33612345678", "+33199000020", "+33639980022"}
    assert "The numbers are written" in text(editor.get(page))
    report = editor.get(page.replace("change/", "report/")).content.decode()
    assert "112" in report
    assert "numéros.csv" in text(
        editor.get(f"/admin/transfers/numberimport/?action={furnished.actions['transfer'].pk}")
    )


def test_it_may_be_cancelled_and_nothing_was_written(furnished: Furnished, people: Browser) -> None:
    editor = people("editor")
    page = upload(editor, furnished)["location"]
    editor.post(page.replace("change/", "cancel/"))
    editor.post(page.replace("change/", "confirm/"), {"skip_bad_lines": "on"})
    assert phones(furnished) == {"+33612345678"}
    assert "Nothing was written" in text(editor.get(page))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"%PDF-1.7", "neither a CSV file"),
        (b"name\nA\n", "is missing"),
        (b"x" * (5 * 2**20 + 1), "larger than 5"),
    ],
)
def test_what_is_no_list_of_numbers_is_refused_at_its_field(
    furnished: Furnished, people: Browser, content: bytes, reason: str
) -> None:
    answer = upload(people("editor"), furnished, content)
    assert answer.status_code == 200
    assert reason in text(answer)
    with scope(account=furnished.account):
        assert NumberImport.objects.get() == furnished.upload, "the one that was there"


def test_a_page_of_an_import_under_way_shows_its_progress(furnished: Furnished, people: Browser) -> None:
    with scope(account=furnished.account):
        row = NumberImport.objects.create(
            account=furnished.account,
            action=furnished.actions["transfer"],
            file_name="a.csv",
            state=ImportState.WRITING,
            progress=30,
            total=120,
        )
    page = f"/admin/transfers/numberimport/{row.pk}/"
    assert 'value="25"' in text(people("viewer").get(f"{page}change/"))
    assert "data-pending" in text(people("viewer").get(f"{page}state/"))


def test_viewers_look_and_strangers_see_nothing(furnished: Furnished, people: Browser) -> None:
    page = upload(people("editor"), furnished)["location"]
    assert people("viewer").get(page).status_code == 200
    for name in ("confirm", "cancel"):
        assert people("viewer").post(page.replace("change", name), {"skip_bad_lines": "on"}).status_code == 403
        assert people("stranger").post(page.replace("change", name)).status_code == 404
    assert upload(people("viewer"), furnished).status_code == 403
    for name in ("change", "state", "report"):
        assert people("stranger").get(page.replace("change", name)).status_code == 404
    assert upload(people("stranger"), furnished).status_code == 404
    export = f"/admin/transfers/numberimport/export/csv/?action={furnished.actions['transfer'].pk}"
    assert b"+33612345678" in people("viewer").get(export).getvalue()
    assert people("stranger").get(export).status_code == 404


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "<img src=x onerror=alert(1)>.csv",
        "a\r\nSet-Cookie: x=1.csv",
        "\u202excod.csv",
        "x" * 300,
        "%s%(x)d{}.csv",
    ],
)
def test_the_name_of_a_file_is_only_text(furnished: Furnished, people: Browser, name: str) -> None:
    editor = people("editor")
    page = upload(editor, furnished, name=name)["location"]
    report = editor.get(page.replace("change/", "report/"))
    assert re.fullmatch(r'attachment; filename="report-[0-9a-f-]{36}\.csv"', report["Content-Disposition"])
    for address in (page, f"/admin/transfers/numberimport/?action={furnished.actions['transfer'].pk}"):
        answer = editor.get(address)
        assert answer.status_code == 200
        assert "<img src=x" not in answer.content.decode()


def test_a_list_is_not_emptied_by_a_file_with_nothing_good(furnished: Furnished, people: Browser) -> None:
    editor = people("editor")
    page = upload(editor, furnished, "phone\n112\nabc\n", "replace")["location"]
    assert "Confirm and write" not in text(editor.get(page))
    answer = editor.post(page.replace("change/", "confirm/"), {"skip_bad_lines": "on"}, follow=True)
    assert "Not one line of the file can be imported." in text(answer)
    assert phones(furnished) == {"+33612345678"}


def test_the_second_click_on_confirm_changes_nothing(furnished: Furnished, people: Browser) -> None:
    editor = people("editor")
    page = upload(editor, furnished, "phone\n+33199000020\n")["location"]
    confirm = page.replace("change/", "confirm/")
    editor.post(confirm)
    assert "has moved on meanwhile" in text(editor.post(confirm, follow=True))
    assert phones(furnished) == {"+33612345678", "+33199000020"}


def test_a_page_puts_only_the_lines_it_shows_into_words(
    furnished: Furnished, people: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor = people("editor")
    page = upload(editor, furnished, "phone\n" + "abc\n" * 500)["location"]
    spoken: list[str] = []

    def speak(code: str, params: Mapping[str, Any]) -> str:
        spoken.append(code)
        return problem_sentence(code, params)

    monkeypatch.setattr(import_module("transfers.imports.report"), "problem_sentence", speak)
    assert "1 / 10" in text(editor.get(page))
    assert len(spoken) == PER_PAGE
    assert "10 / 10" in text(editor.get(f"{page}?p=10"))
