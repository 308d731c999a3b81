"""An index made of the one before and what has changed, and large ones fetched from the storage."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.files.storage import default_storage

from knowledge import ingestion
from knowledge.index import archive, store
from knowledge.index.files import OpenIndex
from knowledge.models import Source
from knowledge.search import search


@pytest.fixture
def only_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    """To build an index anew is an error."""

    def refuse(*_given: object) -> None:
        raise AssertionError("built anew")

    monkeypatch.setattr(store, "write_index", refuse)


def _directory(source: Source) -> Path:
    return store.root() / str(source.pk) / Source.objects.get(pk=source.pk).index_name


@pytest.mark.usefixtures("filled")
def test_changed_new_and_deleted_documents_are_followed_without_building_anew(
    filled: Source, only_changes: None
) -> None:
    document = filled.documents.get(title="Contract")
    document.text = "Parking is free for visitors."
    document.save()
    filled.documents.create(title="Piscine", text="La piscine ouvre à huit heures.")
    ingestion.ingest_source(filled.pk)

    assert search(filled.pk, "free parking")[0].document == "Contract"
    assert search(filled.pk, "piscine")[0].document == "Piscine"
    assert search(filled.pk, "opening hours of the offices") == []
    assert search(filled.pk, "résilier")[0].document == "Contrat"

    filled.documents.get(title="Contrat").delete()
    ingestion.ingest_source(filled.pk)
    assert search(filled.pk, "résilier") == []
    assert search(filled.pk, "piscine")[0].document == "Piscine"
    assert OpenIndex(_directory(filled)).size == filled.passages.count()


def test_the_index_before_stays_as_it_was(filled: Source, write: Callable[..., None]) -> None:
    before = _directory(filled)
    files = {path.name: path.read_bytes() for path in before.iterdir() if path.suffix != ".lock"}
    write(filled, Piscine="La piscine ouvre à huit heures.")

    assert _directory(filled) != before
    assert {path.name: path.read_bytes() for path in before.iterdir() if path.suffix != ".lock"} == files


@pytest.mark.parametrize("damage", ["missing", "garbage", "no contents"])
def test_an_index_that_cannot_be_changed_is_built_anew(filled: Source, write: Callable[..., None], damage: str) -> None:
    directory = _directory(filled)
    store._open.clear()
    if damage == "missing":
        shutil.rmtree(directory)
    elif damage == "no contents":
        (directory / "contents.json").unlink()
    else:
        for path in directory.glob("*.*"):
            if path.name != "contents.json":
                path.write_bytes(b"\x07" * 50)
    write(filled, Piscine="La piscine ouvre à huit heures.")

    assert search(filled.pk, "piscine")[0].document == "Piscine"
    assert search(filled.pk, "résilier")[0].document == "Contrat"


@pytest.fixture
def shared(settings: LazySettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A storage that every machine reaches; every index is large enough for it."""
    settings.MEDIA_ROOT = str(tmp_path.parent / f"{tmp_path.name}-shared")
    monkeypatch.setattr(archive, "FEWEST_BYTES", 0)
    return Path(settings.MEDIA_ROOT)


def test_another_machine_fetches_what_one_has_built(
    filled: Source, shared: Path, write: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(filled, Piscine="La piscine ouvre à huit heures.")
    write(filled, Sauna="Le sauna est fermé.")
    archives = default_storage.listdir(f"indexes/{filled.pk}")[1]
    assert archives == [f"{Source.objects.get(pk=filled.pk).index_name}.tar.gz"]

    store._open.clear()
    shutil.rmtree(store.root())
    with monkeypatch.context() as patch:
        patch.setattr(store, "_build", lambda *_given: pytest.fail("built from the rows"))
        assert search(filled.pk, "piscine")[0].document == "Piscine"

    filled.documents.all().delete()
    store.remove_all(filled.pk)
    assert default_storage.listdir(f"indexes/{filled.pk}")[1] == []


@pytest.mark.parametrize("content", [b"", b"\x07" * 1000])
def test_a_damaged_archive_is_passed_over(
    filled: Source, shared: Path, write: Callable[..., None], content: bytes
) -> None:
    write(filled, Piscine="La piscine ouvre à huit heures.")
    for path in shared.rglob("*.tar.gz"):
        path.write_bytes(content)
    store._open.clear()
    shutil.rmtree(store.root())

    assert search(filled.pk, "piscine")[0].document == "Piscine"


def test_an_index_that_was_replaced_and_removed_is_not_built_again(
    filled: Source, write: Callable[..., None], only_changes: None
) -> None:
    assert search(filled.pk, "résilier")
    before = _directory(filled)
    write(filled, Piscine="La piscine ouvre à huit heures.")
    store._open.clear()
    shutil.rmtree(before)

    assert search(filled.pk, "piscine")[0].document == "Piscine"
    assert not before.exists()
