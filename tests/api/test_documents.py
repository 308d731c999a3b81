"""Files and web pages as documents, in the API."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from django_scopes import scope

from accounts.models import Account, User
from knowledge import ingestion
from knowledge.models import Document, Source
from tests.api.conftest import Api, assert_problem, fields_of
from tests.conftest import issue_key
from tests.knowledge import files


@pytest.fixture(autouse=True)
def _own_directories(settings: LazySettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.DATA_DIR, settings.MEDIA_ROOT = tmp_path, tmp_path / "files"
    monkeypatch.setattr("knowledge.signals.wake_worker", lambda *_given: None)


@pytest.fixture
def source(account: Account) -> Iterator[Source]:
    with scope(account=account):
        yield Source.objects.create(account=account, name="Mutuelle")


@pytest.fixture
def upload(account: Account, source: Source) -> Callable[..., Any]:
    """Sends a form, as an integrator's program does."""
    key = issue_key(account, "config")

    def send(name: str, content: bytes, path: str = "upload", method: str = "POST", **fields: str) -> Any:
        body = encode_multipart(BOUNDARY, {"file": SimpleUploadedFile(name, content), **fields})
        headers = {"Authorization": f"Bearer {key}", "Accept-Language": "en"}
        address = f"/api/v1/sources/{source.pk}/documents/{path}"
        answer = Client().generic(method, address, body, content_type=MULTIPART_CONTENT, headers=headers)
        if answer.status_code >= 400:
            assert_problem(answer)
        return answer

    return send


def index(source: Source) -> None:
    with scope(account=source.account_id):
        ingestion.ingest_source(source.pk)


def test_a_file_is_uploaded_read_and_found(api: Api, source: Source, upload: Callable[..., Any]) -> None:
    answer = upload("conditions.pdf", files.pdf([(20, "Fin"), (12, "Le préavis est de deux mois.")]), language="fr")
    assert answer.status_code == 201, answer.content
    created = answer.json()
    assert (created["title"], created["kind"], created["state"]) == ("conditions", "file", "waiting")
    index(source)

    read = api.get(f"sources/{source.pk}/documents/{created['id']}").json()
    assert (read["state"], read["pages"], read["progress"]) == ("ready", 1, {"done": 1, "total": 1})
    assert (read["media_type"], read["file_name"]) == ("application/pdf", "conditions.pdf")
    assert "Le préavis est de deux mois." in read["text"]
    found = api.post(f"sources/{source.pk}/search", {"query": "Quel est le préavis ?"}).json()["hits"]
    assert found[0]["document"] == "conditions"


def test_another_file_takes_the_place_of_the_first_which_is_removed(
    api: Api, source: Source, upload: Callable[..., Any], django_capture_on_commit_callbacks: Any
) -> None:
    created = upload("a.txt", b"Le premier texte.", title="Texte").json()
    first = Document.objects.get().file.name
    index(source)
    with django_capture_on_commit_callbacks(execute=True):
        answer = upload("b.txt", b"Le second texte.", f"{created['id']}/file", "PUT")
    assert answer.status_code == 200, answer.content
    index(source)

    document = Document.objects.get()
    assert (document.title, document.text, document.file_name) == ("Texte", "Le second texte.", "b.txt")
    assert not default_storage.exists(first)
    with django_capture_on_commit_callbacks(execute=True):
        assert api.delete(f"sources/{source.pk}/documents/{created['id']}").status_code == 204
    assert not default_storage.exists(document.file.name)


@pytest.mark.parametrize(
    ("name", "content", "fields", "blamed"),
    [
        ("a.exe", b"MZ", {}, "file"),
        ("a.txt", b"", {}, "file"),
        ("a.pdf", b"Hello", {}, "file"),
        ("a.docx", b"%PDF", {"other": "x"}, "other"),
        ("a.txt", b"a", {"language": "de"}, "language"),
        ("taken.txt", b"a", {}, "title"),
    ],
)
def test_a_bad_upload_is_told_at_its_field(
    source: Source, upload: Callable[..., Any], name: str, content: bytes, fields: dict[str, str], blamed: str
) -> None:
    source.documents.create(title="taken", text="Texte.")
    answer = upload(name, content, **fields)

    assert answer.status_code == 422
    assert blamed in fields_of(answer)
    assert source.documents.count() == 1


def test_a_file_beyond_the_limit_is_refused(upload: Callable[..., Any], settings: LazySettings) -> None:
    settings.DOCUMENT_MAX_BYTES, settings.DOCUMENT_BODY_MAX_BYTES = 1000, 2000

    assert upload("exact.txt", b"a" * 1000).status_code == 201
    assert fields_of(upload("a.txt", b"a" * 1001)) == {"file"}
    assert upload("a.txt", b"a" * 3000).status_code == 413


def test_a_web_page_is_added_by_its_address(api: Api, source: Source) -> None:
    path = f"sources/{source.pk}/documents"
    created = api.post(path, {"url": "https://Example.org/conditions#fin"})
    assert created.status_code == 201, created.content
    page = created.json()
    assert (page["kind"], page["url"], page["title"]) == (
        "page", "https://example.org/conditions", "example.org/conditions",
    )  # fmt: skip
    assert api.patch(f"{path}/{page['id']}", {"title": "Conditions"}).json()["title"] == "Conditions"
    assert api.patch(f"{path}/{page['id']}", {"url": "https://example.org/new"}).json()["state"] == "waiting"

    assert fields_of(api.post(path, {"url": "https://example.org/new"})) == {"url"}
    assert fields_of(api.post(path, {"url": "example.org"})) == {"url"}
    assert fields_of(api.post(path, {"title": "Rien"})) == {"text"}
    assert fields_of(api.patch(f"{path}/{page['id']}", {"text": "Mine"})) == {"text"}
    text = api.post(path, {"title": "Texte", "text": "Texte."}).json()
    assert fields_of(api.patch(f"{path}/{text['id']}", {"url": "https://example.org/b"})) == {"url"}


def test_all_that_failed_is_tried_again_at_once(api: Api, source: Source, upload: Callable[..., Any]) -> None:
    upload("bad.pdf", b"%PDF-1.7 nothing")
    upload("good.txt", b"Bonjour.")
    index(source)
    path = f"sources/{source.pk}/documents"
    (failed,) = api.get(f"{path}?state=failed").json()["results"]
    assert (failed["error"], failed["title"]) == ("damaged", "bad")
    assert failed["error_details"]

    assert api.post(f"{path}/retry-failed").json() == {"count": 1}
    assert [each["title"] for each in api.get(f"{path}?state=waiting").json()["results"]] == ["bad"]


def test_strangers_and_viewers_upload_nothing(
    source: Source, stranger_api: Api, member_api: Callable[[User], Api], viewer_user: User
) -> None:
    path = f"sources/{source.pk}/documents"
    assert stranger_api.post(f"{path}/retry-failed").status_code == 404
    assert member_api(viewer_user).post(f"{path}/retry-failed").status_code == 403
