"""The pages of sources and documents."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.models import User
from knowledge import ingestion
from knowledge.models import Document, DocumentState, Source
from tests.knowledge import files


@pytest.fixture
def editor(client_for: Callable[..., Client], editor_user: User) -> Client:
    return client_for(editor_user)


def add(source: Source) -> str:
    return f"{reverse('admin:knowledge_document_add')}?source={source.pk}"


def page(source: Source, name: str = "change") -> str:
    return reverse(f"admin:knowledge_source_{name}", args=[source.pk])


def test_several_files_are_added_at_once_and_the_bad_ones_named(editor: Client, filled: Source) -> None:
    given = [
        SimpleUploadedFile("conditions.md", "# Fin\n\nLe préavis.".encode()),
        SimpleUploadedFile("devis.pdf", files.pdf([(12, "Dix euros.")])),
        SimpleUploadedFile("image.png", b"\x89PNG"),
        SimpleUploadedFile("Contrat.txt", b"A title that is taken."),
        SimpleUploadedFile("empty.txt", b""),
    ]
    answer = editor.post(page(filled, "add_files"), {"uploads": given, "language": ""}, follow=True)

    html = answer.content.decode()
    assert "2 documents are added." in html
    for sentence in ("image.png: PDF, DOCX", "Contrat.txt: Another document", "empty.txt: The file is empty."):
        assert sentence in html
    ingestion.ingest_source(filled.pk)
    states = dict(filled.documents.filter(kind="file").values_list("title", "state"))
    assert states == {"conditions": "ready", "devis": "ready"}


def test_web_pages_are_added_line_by_line(editor: Client, source: Source) -> None:
    given = "https://example.org/a\n\n https://example.org/b \nhttps://example.org/a\nnowhere"
    html = editor.post(page(source, "add_pages"), {"addresses": given}, follow=True).content.decode()

    assert "2 documents are added." in html
    assert "nowhere: Write the whole address" in html
    assert set(source.documents.values_list("url", flat=True)) == {"https://example.org/a", "https://example.org/b"}


def test_the_limits_are_said_before_they_are_met(editor: Client, source: Source) -> None:
    assert "20 MB each at most" in editor.get(page(source, "add_files")).content.decode()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"title": "A", "text": ""}, "Write the text."),
        ({"title": "", "text": "Text."}, "This field is required."),
        ({"title": "Contrat", "text": "Text."}, "has this title already"),
    ],
)
def test_what_is_wrong_is_told_at_its_field(editor: Client, filled: Source, data: dict, message: str) -> None:
    answer = editor.post(add(filled), {"title": "", "text": "", "language": "", **data})

    assert answer.status_code == 200
    assert message in answer.content.decode()


def test_a_document_shows_what_was_read_and_hands_out_its_file(
    editor: Client, client_for: Callable[..., Client], stranger: User, source: Source
) -> None:
    content = files.pdf([(20, "Fin"), (12, "Le préavis est de deux mois.")], [(12, "Page deux.")])
    editor.post(page(source, "add_files"), {"uploads": [SimpleUploadedFile("conditions.pdf", content)]})
    ingestion.ingest_source(source.pk)
    document = source.documents.get()
    address = reverse("admin:knowledge_document_change", args=[document.pk])
    html = editor.get(address).content.decode()

    assert "Le préavis est de deux mois." in html
    assert "page 2" in html
    assert "French · 2 pages" in html
    download = reverse("admin:knowledge_document_file", args=[document.pk])
    answer = editor.get(download)
    assert answer.content == content
    assert "attachment" in answer["Content-Disposition"]
    assert client_for(stranger).get(download).status_code == 404


def test_another_file_takes_the_place_of_the_first(
    editor: Client, source: Source, django_capture_on_commit_callbacks
) -> None:
    editor.post(page(source, "add_files"), {"uploads": [SimpleUploadedFile("a.txt", b"Le premier.")]})
    document = source.documents.get()
    address = reverse("admin:knowledge_document_change", args=[document.pk])
    refused = editor.post(address, {"title": "a", "language": "", "upload": SimpleUploadedFile("b.pdf", b"text")})
    assert "not what its name says" in refused.content.decode()
    first = document.file.name
    nameless = {"title": "", "language": "", "upload": SimpleUploadedFile("b.txt", b"Le second.")}
    with django_capture_on_commit_callbacks(execute=True):
        editor.post(address, nameless)
    assert default_storage.exists(first)
    with django_capture_on_commit_callbacks(execute=True):
        answer = editor.post(address, {**nameless, "title": "B", "upload": SimpleUploadedFile("b.txt", b"Le second.")})
    assert answer.status_code == 302, answer.context["errors"]
    assert not default_storage.exists(first)
    ingestion.ingest_source(source.pk)

    document.refresh_from_db()
    assert (document.title, document.text, document.state) == ("B", "Le second.", "ready")


def test_the_address_of_a_page_can_be_changed(editor: Client, source: Source) -> None:
    editor.post(page(source, "add_pages"), {"addresses": "https://example.org/a"})
    document = source.documents.get()
    address = reverse("admin:knowledge_document_change", args=[document.pk])
    refused = editor.post(address, {"title": document.title, "language": "", "address": "example"})
    assert "Write the whole address" in refused.content.decode()
    answer = editor.post(address, {"title": document.title, "language": "", "address": "https://example.org/b"})

    document.refresh_from_db()
    assert (answer.status_code, document.url, document.state) == (302, "https://example.org/b", "waiting")


def test_the_list_follows_what_is_under_way(editor: Client, source: Source) -> None:
    document = source.documents.create(title="Contrat", text="Le préavis.")
    Document.objects.update(state="indexing", unread=True, done=3, total=12)
    listed = page(source, "documents")
    assert "3 of 12 pages" in editor.get(listed).content.decode()
    assert "data-pending" in editor.get(listed).content.decode()
    Document.objects.update(state="ready", unread=False)
    assert "data-pending" not in editor.get(listed).content.decode()
    Document.objects.update(state="failed", error="scanned")
    assert "Is it a scan?" in editor.get(listed).content.decode()

    assert editor.post(page(source, "retry_failed")).status_code == 302
    document.refresh_from_db()
    assert (document.state, document.error) == ("waiting", "")


def test_the_page_of_a_source_shows_documents_with_their_states(editor: Client, filled: Source) -> None:
    filled.documents.create(title="Vide", text="---")
    ingestion.ingest_source(filled.pk)
    html = editor.get(page(filled)).content.decode()

    assert "Contrat" in html
    assert "The document holds no text." in html
    assert "1 failed" in html
    assert "1 failed" in editor.get(reverse("admin:knowledge_source_changelist")).content.decode()


def test_a_question_can_be_tried(editor: Client, filled: Source) -> None:
    found = editor.get(page(filled, "try_question"), {"question": "Comment résilier ?"}).content.decode()
    nothing = editor.get(page(filled, "try_question"), {"question": "La recette du cassoulet"}).content.decode()

    assert "Contrat › Résiliation" in found
    assert "1.00" in found
    assert "Nothing was found" in nothing


def test_an_empty_source_says_so(editor: Client, source: Source) -> None:
    html = editor.get(page(source, "try_question"), {"question": "Comment ?"}).content.decode()

    assert "The source holds no document yet." in html


def test_indexing_again_is_confirmed_first(editor: Client, filled: Source) -> None:
    confirmation = editor.get(page(filled, "index_again")).content.decode()
    assert "Index again" in confirmation
    assert not Document.objects.filter(state=DocumentState.WAITING).exists()

    assert editor.post(page(filled, "index_again")).status_code == 302
    assert set(filled.documents.values_list("state", "content_hash")) == {("waiting", "")}
    document = filled.documents.first()
    assert document is not None
    ingestion.ingest_source(filled.pk)
    assert editor.post(reverse("admin:knowledge_document_index_again", args=[document.pk])).status_code == 302
    document.refresh_from_db()
    assert document.state == "waiting"


def test_viewers_look_and_strangers_see_nothing(
    client_for: Callable[..., Client], viewer_user: User, stranger: User, filled: Source
) -> None:
    viewer, other = client_for(viewer_user), client_for(stranger)

    assert viewer.get(page(filled)).status_code == 200
    assert viewer.get(add(filled)).status_code == 403
    for name in ("index_again", "add_files", "add_pages", "retry_failed"):
        assert viewer.post(page(filled, name)).status_code == 403
    assert viewer.get(page(filled, "documents")).status_code == 200
    assert other.get(page(filled, "documents")).status_code == 404
    assert other.get(page(filled, "try_question")).status_code == 404
    assert filled.name not in other.get(reverse("admin:knowledge_source_changelist")).content.decode()


def test_the_name_of_a_source_stays(editor: Client, filled: Source) -> None:
    editor.post(page(filled), {"name": "Other", "description": "New", "language": "fr", "crawl_every": "day"})

    filled.refresh_from_db()
    assert (filled.name, filled.description) == ("Mutuelle", "New")


def test_a_file_is_handed_out_to_its_account_only(
    client_for: Callable[..., Client], viewer_user: User, stranger: User, editor: Client, source: Source
) -> None:
    upload = SimpleUploadedFile("conditions.md", b"# Fin")
    editor.post(page(source, "add_files"), {"uploads": [upload], "language": ""})
    address = reverse("admin:knowledge_document_file", args=[source.documents.get().pk])

    assert client_for(viewer_user).get(address).content == b"# Fin"
    assert client_for(stranger).get(address).status_code == 404
    assert Client().get(address).status_code == 302
