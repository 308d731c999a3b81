"""Ingestion: claims, unchanged documents, failures, workers that die."""

from __future__ import annotations

import datetime as dt
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from django_scopes import scopes_disabled
from django_scopes.exceptions import ScopeError

from accounts.models import Account
from knowledge import ingestion, reading, tasks
from knowledge.index import store
from knowledge.languages import detect
from knowledge.models import Document, DocumentState, Passage, Source
from knowledge.search import search
from knowledge.uploads import add_files
from tests.knowledge.conftest import run_step

TEXT = "Le préavis est de deux mois."


def test_a_document_becomes_ready(source: Source, woken: list[int], django_capture_on_commit_callbacks) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        document = source.documents.create(title="Contrat", text=f"# Durée\n\n{TEXT}")
    assert (document.state, woken) == (DocumentState.WAITING, [source.pk])

    tasks.ingest_source(source.pk, source.account_id)

    document.refresh_from_db()
    assert (document.state, document.error, document.claim) == (DocumentState.READY, "", None)
    assert [(p.heading, p.text, p.language) for p in document.passages.all()] == [("Durée", TEXT, "fr")]


def test_saving_without_a_change_wakes_nobody(
    source: Source, woken: list[int], django_capture_on_commit_callbacks, write: Callable[..., None]
) -> None:
    write(source, Contrat=TEXT)
    document = source.documents.get()
    with django_capture_on_commit_callbacks(execute=True):
        document.save()

    assert (document.state, woken) == (DocumentState.READY, [])


def test_an_unchanged_document_is_not_split_again(source: Source, write: Callable[..., None]) -> None:
    write(source, Contrat=TEXT)
    Document.objects.update(state=DocumentState.WAITING)

    with patch("knowledge.ingestion.split", side_effect=AssertionError):
        ingestion.ingest_source(source.pk)

    assert source.documents.get().state == DocumentState.READY


def test_passages_keep_their_ids(source: Source, write: Callable[..., None]) -> None:
    write(source, Contrat="# A\n\nUn.\n\n# B\n\nDeux.\n\n# C\n\nTrois.")
    before = list(Passage.objects.values_list("pk", flat=True))
    document = source.documents.get()
    document.text = "# A\n\nUn.\n\n# B\n\nQuatre."
    document.save()
    ingestion.ingest_source(source.pk)

    assert list(Passage.objects.values_list("pk", "text")) == [(before[0], "Un."), (before[1], "Quatre.")]


def test_an_empty_document_fails_visibly_and_may_be_tried_again(source: Source, write: Callable[..., None]) -> None:
    write(source, Vide="# \n\n---\n", Contrat=TEXT)
    empty = source.documents.get(title="Vide")

    assert (empty.state, empty.error) == (DocumentState.FAILED, "no_text")
    assert source.documents.get(title="Contrat").state == DocumentState.READY

    empty.text = "Plus vide du tout."
    empty.save()
    ingestion.ingest_source(source.pk)
    assert source.documents.get(title="Vide").state == DocumentState.READY


def test_a_disk_that_refuses_the_index_fails_the_document_and_a_retry_mends_it(source: Source) -> None:
    document = source.documents.create(title="Contrat", text=TEXT)
    with patch("knowledge.index.store.write_index", side_effect=OSError("No space left on device")):
        ingestion.ingest_source(source.pk)
    document.refresh_from_db()
    assert document.state == DocumentState.FAILED
    assert document.error == "index"

    ingestion.retry([document])
    ingestion.ingest_source(source.pk)
    assert search(source.pk, "préavis")


def test_a_document_changed_while_it_is_indexed_waits_again(source: Source) -> None:
    document = source.documents.create(title="Contrat", text=TEXT)
    lease = ingestion.Lease(uuid4())
    (claimed,) = ingestion.claim(source.pk, lease.token)
    document.text = "Le préavis est de trois mois."
    document.save()

    assert not ingestion._ingest(claimed, lease)
    ingestion.ingest_source(source.pk)
    assert Passage.objects.get().text == "Le préavis est de trois mois."
    assert source.documents.get().state == DocumentState.READY


def test_a_document_goes_to_one_worker_only(source: Source) -> None:
    source.documents.create(title="Contrat", text=TEXT)

    assert len(ingestion.claim(source.pk, uuid4())) == 1
    assert ingestion.claim(source.pk, uuid4()) == []


def test_the_sweep_brings_back_what_a_dead_worker_held(source: Source, woken: list[int]) -> None:
    source.documents.create(title="Contrat", text=TEXT)
    ingestion.claim(source.pk, uuid4())
    assert ingestion.sweep() == {"failed": 0, "released": 0, "woken": 0}

    for _attempt in range(ingestion.MOST_ATTEMPTS - 1):
        _expire()
        assert ingestion.sweep() == {"failed": 0, "released": 1, "woken": 1}
        ingestion.claim(source.pk, uuid4())
    _expire()

    assert ingestion.sweep()["failed"] == 1
    document = source.documents.get()
    assert (document.state, document.error) == (DocumentState.FAILED, "worker_lost")
    assert woken == [source.pk] * (ingestion.MOST_ATTEMPTS - 1)


def test_the_sweep_wakes_a_worker_for_what_was_forgotten(source: Source, woken: list[int]) -> None:
    source.documents.create(title="Contrat", text=TEXT)
    Source.objects.update(woken_at=timezone.now())
    assert ingestion.sweep()["woken"] == 0
    Source.objects.update(woken_at=timezone.now() - dt.timedelta(minutes=5))
    assert ingestion.sweep()["woken"] == 1


def test_deleting_has_the_index_follow(filled: Source, woken: list[int], django_capture_on_commit_callbacks) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        filled.documents.filter(title="Contract").delete()
    assert woken == [filled.pk]

    with django_capture_on_commit_callbacks(execute=True):
        filled.delete()
    assert list(store.root().iterdir()) == []


def test_rows_are_those_of_the_account_in_scope(source: Source, other_account: Account) -> None:
    source.documents.create(title="Contrat", text=TEXT)
    tasks.ingest_source(source.pk, other_account.pk)

    assert source.documents.get().state == DocumentState.WAITING


def test_nothing_answers_outside_of_a_scope(db: None) -> None:
    for model in (Source, Document, Passage):
        with pytest.raises(ScopeError):
            model.objects.count()


@pytest.mark.processes
def test_a_killed_worker_leaves_a_document_that_is_indexed_later(tmp_path: Path) -> None:
    """A real process, killed by the system in the middle of the index; another one finishes."""

    def run(step: str) -> subprocess.CompletedProcess[str]:
        return run_step(step, tmp_path)

    prepared = run("prepare")
    assert prepared.returncode == 0, prepared.stderr
    assert run("die").returncode == -signal.SIGKILL
    finished = run("recover")
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.split() == ["indexing", "ready", "Contrat"]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Où en est ma commande ?", "fr"),
        ("Where is my order?", "en"),
        ("Le contrat est valable un an, sauf mention contraire.", "fr"),
        ("12345", "fr"),
    ],
)
def test_the_language_is_recognised(text: str, language: str) -> None:
    assert detect(text) == language


def test_a_chosen_language_wins(source: Source, write: Callable[..., None]) -> None:
    Source.objects.update(language="en")
    source.documents.create(title="Chosen", text=TEXT, language="fr")
    write(source, Contrat=TEXT)

    assert dict(Passage.objects.values_list("document__title", "language")) == {"Chosen": "fr", "Contrat": "en"}


def _expire() -> None:
    with scopes_disabled():
        Document.objects.update(lease_until=timezone.now() - dt.timedelta(seconds=1))


def test_a_source_deleted_while_a_worker_reads_is_let_go(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    add_files(source, [SimpleUploadedFile("conditions.md", b"# Fin\n\nDeux mois.")])
    read = reading.read

    def delete_then_read(*given: Any) -> None:
        Source.objects.get().delete()
        read(*given)

    monkeypatch.setattr(reading, "read", delete_then_read)
    ingestion.ingest_source(source.pk)
    assert not Passage.objects.exists()


def test_a_row_that_is_refused_leaves_no_file(source: Source, data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As when the same title is uploaded twice at once: both have looked before either is stored."""
    monkeypatch.setattr(Document, "full_clean", lambda *_given, **_named: None)
    given = [SimpleUploadedFile("conditions.md", b"# Fin"), SimpleUploadedFile("conditions.md", b"# Debut")]
    added, refused = add_files(source, given)

    assert (added, len(refused)) == (1, 1)
    assert "conditions.md" in refused[0]
    assert [path.name for path in (data_dir / "files").rglob("*.md")] == [Path(source.documents.get().file.name).name]


def test_thirty_files_are_added_at_once_and_read(source: Source) -> None:
    given = [SimpleUploadedFile(f"note-{number}.txt", b"Le bureau ouvre.") for number in range(30)]

    assert add_files(source, given) == (30, [])
    ingestion.ingest_source(source.pk)
    assert source.documents.filter(state="ready").count() == 30
