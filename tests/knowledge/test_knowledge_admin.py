"""The pages of sources and documents."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.models import User
from knowledge import ingestion
from knowledge.models import Document, DocumentState, Source


@pytest.fixture
def editor(client_for: Callable[..., Client], editor_user: User) -> Client:
    return client_for(editor_user)


def add(source: Source) -> str:
    return f"{reverse('admin:knowledge_document_add')}?source={source.pk}"


def page(source: Source, name: str = "change") -> str:
    return reverse(f"admin:knowledge_source_{name}", args=[source.pk])


def test_a_file_becomes_a_document_with_its_name(editor: Client, source: Source) -> None:
    file = SimpleUploadedFile("conditions.md", "# Fin\n\nLe préavis est de deux mois.".encode("cp1252"))
    answer = editor.post(add(source), {"title": "", "text": "", "language": "", "file": file})

    assert answer.status_code == 302, answer.content
    assert answer["Location"] == page(source)
    document = source.documents.get()
    assert (document.title, document.kind, document.state) == ("conditions", "file", "waiting")
    assert document.text == "# Fin\n\nLe préavis est de deux mois."


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"title": "A", "text": ""}, "Write the text, or choose a file."),
        ({"title": "", "text": "Text."}, "Give the document a title."),
        ({"title": "Contrat", "text": "Text."}, "has this title already"),
        ({"file": SimpleUploadedFile("a.pdf", b"%PDF")}, "Only text and Markdown files"),
    ],
)
def test_what_is_wrong_is_told_at_its_field(editor: Client, filled: Source, data: dict, message: str) -> None:
    answer = editor.post(add(filled), {"title": "", "text": "", "language": "", **data})

    assert answer.status_code == 200
    assert message in answer.content.decode()


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
    assert viewer.post(page(filled, "index_again")).status_code == 403
    assert other.get(page(filled, "try_question")).status_code == 404
    assert filled.name not in other.get(reverse("admin:knowledge_source_changelist")).content.decode()


def test_the_name_of_a_source_stays(editor: Client, filled: Source) -> None:
    editor.post(page(filled), {"name": "Other", "description": "New", "language": "fr"})

    filled.refresh_from_db()
    assert (filled.name, filled.description) == ("Mutuelle", "New")
