"""Contacts in files: checked, taken all or not at all, and given out so that no spreadsheet runs them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope, scopes_disabled

from accounts.models import Account
from actions.models import Agent
from calls.models import Call
from contacts import files
from contacts.files import FileRefused, import_contacts
from contacts.models import Contact
from contacts.resource import as_dataset

FILE = "phone,firstName,tier,id:crm\n+33 6 12 34 56 78,Hélène,gold,C-1\n+33199000001,,silver,\n"


@pytest.fixture
def in_account(account: Account) -> Iterator[Account]:
    with scope(account=account):
        yield account


def workbook(*rows: list[Any]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def known() -> dict[str, Any]:
    return {each.phone: (each.attributes, each.external_ids) for each in Contact.objects.all()}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_contacts_are_created_and_changed(in_account: Account, encoding: str) -> None:
    Contact.objects.create(account=in_account, phone="+33199000001", attributes={"vip": True, "tier": "x"})
    done = import_contacts(in_account.pk, FILE.encode(encoding))
    assert (done.created, done.changed, done.errors) == (1, 1, [])
    assert known() == {
        "+33612345678": ({"firstName": "Hélène", "tier": "gold"}, {"crm": "C-1"}),
        "+33199000001": ({"vip": True, "tier": "silver"}, {}),
    }


def test_semicolons_and_workbooks_will_do(in_account: Account) -> None:
    assert import_contacts(in_account.pk, FILE.replace(",", ";").encode()).created == 2
    content = workbook(["phone", "age", "since"], [33612345678, 41, timezone.datetime(2024, 5, 6)])
    assert import_contacts(in_account.pk, content).changed == 1
    assert known()["+33612345678"][0].items() >= {"age": 41, "since": "2024-05-06T00:00:00"}.items()


@pytest.mark.parametrize(
    ("line", "number"),
    [
        ("0612345678,x,y,z", 4),
        (",x,y,z", 4),
        ("nobody,x,y,z", 4),
        ("+33612345678,x,y,z", 4),
        (f"+33612345679,{'x' * 70_000},y,z", 4),
        (f"+33612345679,x,y,{'z' * 300}", 4),
    ],
)
def test_one_bad_line_and_nothing_is_written(in_account: Account, line: str, number: int) -> None:
    done = import_contacts(in_account.pk, f"{FILE}{line}\n".encode())
    assert [at for at, _why in done.errors] == [number]
    assert known() == {}


def bomb() -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * (files.LARGEST_UNPACKED + 1))
    return written.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"name\nx\n",
        b"phone,a,a\n+33612345678,1,2\n",
        b"phone\n" + b"+33612345678\n" * (files.MOST_LINES + 1),
        b"phone," + b",".join(b"a%d" % n for n in range(300)) + b"\n",
        b"\x00\x01\x02phone",
        b"PK\x03\x04nothing",
        b"x" * (files.LARGEST_FILE + 1),
    ],
)
def test_what_is_no_file_of_contacts_is_refused(in_account: Account, content: bytes) -> None:
    with pytest.raises(FileRefused):
        import_contacts(in_account.pk, content)


def test_a_workbook_that_unpacks_to_too_much_is_not_unpacked(in_account: Account) -> None:
    with pytest.raises(FileRefused):
        import_contacts(in_account.pk, bomb())


@pytest.mark.parametrize("value", ["=1+1", "+x", "-1", "@x", "'x", "\tx", "=cmd|' /C calc'!A0"])
def test_no_spreadsheet_runs_what_is_exported_and_it_imports_again(in_account: Account, value: str) -> None:
    Contact.objects.create(
        account=in_account, phone="+33612345678", attributes={"note": value, "n": 3}, external_ids={"crm": value}
    )
    content = files.file_format("csv").export_data(as_dataset(Contact.objects.all()))
    cells = content.splitlines()[1].split(",")
    assert all(cell.lstrip('"')[0] in "'0123456789" for cell in cells if cell)
    Contact.objects.all().delete()
    assert import_contacts(in_account.pk, content.encode()).created == 1
    attributes, ids = known()["+33612345678"]
    assert (attributes["note"], ids) == (value, {"crm": value})


def test_editors_import_and_export_and_viewers_do_not(
    client_for: Callable[..., Client], editor_user: Any, viewer_user: Any, stranger: Any, account: Account
) -> None:
    import_page = reverse("admin:contacts_contact_import_file")
    export_pages = {name: reverse(f"admin:contacts_contact_export_{name}") for name in ("csv", "xlsx")}
    editor = client_for(editor_user)
    assert editor.get(import_page).status_code == 200
    bad = editor.post(import_page, {"file": SimpleUploadedFile("c.csv", b"phone\nx\n")})
    assert "no phone number" in bad.content.decode()
    assert editor.post(import_page, {"file": SimpleUploadedFile("c.csv", b"x\n")}).status_code == 200
    assert editor.post(import_page, {"file": SimpleUploadedFile("c.csv", FILE.encode())}).status_code == 302
    with scopes_disabled():
        assert set(Contact.objects.values_list("account", flat=True)) == {account.pk}
    for name, url in export_pages.items():
        exported = editor.get(url)
        assert f"contacts.{name}" in exported["Content-Disposition"]
        assert len(exported.content) > 50
    assert "33612345678" not in client_for(stranger).get(export_pages["csv"]).content.decode()
    viewer = client_for(viewer_user)
    assert viewer.get(import_page).status_code == 403
    assert viewer.get(export_pages["csv"]).status_code == 403


def test_a_contact_shows_its_calls(
    client_for: Callable[..., Client], viewer_user: Any, published_agent: Agent, account: Account
) -> None:
    with scope(account=account):
        contact = Contact.objects.create(account=account, phone="+33612345678")
        for number, direction, summary in (
            ("+33612345678", "inbound", "Wants a refund."),
            ("+33612345678", "outbound", "Not theirs."),
        ):
            Call.objects.create(
                account=account,
                agent=published_agent,
                release=published_agent.current_release,
                direction=direction,
                from_number=number,
                summary=summary,
                classifications={"Reason": "Refund"},
                answer_due_at=timezone.now(),
            )
    page = client_for(viewer_user).get(f"/admin/contacts/contact/{contact.pk}/change/").content.decode()
    assert "Wants a refund." in page
    assert "Not theirs." not in page
