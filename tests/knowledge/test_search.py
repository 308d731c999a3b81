"""Searching a source: languages, thresholds, nonsense, and the index behind it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import call_command
from django_scopes import scope
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Account
from knowledge import ingestion
from knowledge.index import store
from knowledge.models import Document, DocumentState, Source
from knowledge.search import Readiness, SourceNotReadyError, find_source, search
from tests.knowledge.conftest import run_step


@pytest.mark.parametrize(
    ("query", "heading"),
    [
        ("Comment résilier mon contrat ?", "Contrat › Résiliation"),
        ("résiliations", "Contrat › Résiliation"),
        ("RESILIER", "Contrat › Résiliation"),
        ("resilie", "Contrat › Résiliation"),
        ("Est-ce que le soin du dentaire est remboursé ?", "Contrat › Remboursement"),
        ("remboursement des soins", "Contrat › Remboursement"),
        ("cancelling the policies", "Contract › Cancellation"),
        ("When are your offices open?", "Contract › Opening hours"),
    ],
)
def test_other_forms_of_a_word_are_found_with_and_without_accents(filled: Source, query: str, heading: str) -> None:
    hits = search(filled.pk, query)

    assert hits[0].heading == heading
    assert hits[0].document == ("Contrat" if heading.startswith("Contrat") else "Contract")
    assert 0 < hits[0].score <= 1
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


@pytest.mark.parametrize(
    "query", ["la recette de la tarte aux pommes", "quantum chromodynamics", "", "   ", "le la les"]
)
def test_what_is_not_there_is_not_found(filled: Source, query: str) -> None:
    assert search(filled.pk, query) == []


def test_a_question_of_which_only_a_common_part_is_there_finds_nothing(filled: Source) -> None:
    question = "Quelle est la garantie de la machine à laver après la première livraison ?"

    assert search(filled.pk, question) == []
    assert search(filled.pk, question, minimum_score=0.05) != []


@pytest.mark.parametrize(
    "query", ['"', "(", "a AND (b", "title:x", "résilier*", "[1 TO", "\\", "+-!{}^~?:/", "\0", "💥" * 50]
)
def test_punctuation_is_never_a_syntax(filled: Source, query: str) -> None:
    search(filled.pk, query)
    assert search(filled.pk, f"{query} résilier") != []


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(query=st.text(max_size=2000))
def test_any_text_may_be_asked(filled: Source, query: str) -> None:
    assert isinstance(search(filled.pk, query), list)


@pytest.mark.parametrize(
    "question",
    [
        "Bonjour, est-ce que vous pouvez me dire quel est le préavis, s'il vous plaît ?",
        "Allô, je voudrais savoir quel préavis il faut.",
        "Hello, could you please tell me about the préavis?",
    ],
)
def test_what_callers_say_around_their_question_does_not_count(filled: Source, question: str) -> None:
    assert search(filled.pk, question)[0].score == 1.0


def test_the_limit_is_kept(source: Source, write: Callable[..., None]) -> None:
    write(source, **{f"Document{number}": "Le préavis est de deux mois." for number in range(15)})

    assert len(search(source.pk, "préavis", 3)) == 3
    assert len(search(source.pk, "préavis", 50)) == 10


def test_a_source_says_why_it_cannot_be_searched(source: Source) -> None:
    assert _why(source.pk) == Readiness.EMPTY

    document = source.documents.create(title="Contrat", text="Le préavis est de deux mois.")
    assert _why(source.pk) == Readiness.INDEXING

    Document.objects.filter(pk=document.pk).update(state=DocumentState.FAILED)
    assert _why(source.pk) == Readiness.FAILED
    assert _why(987_654) == Readiness.UNKNOWN


def test_another_accounts_source_is_unknown(filled: Source, other_account: Account) -> None:
    with scope(account=other_account):
        assert _why(filled.pk) == Readiness.UNKNOWN
        assert find_source(filled.name) is None
    assert find_source(filled.name) == filled.pk


def test_a_changed_document_is_found_by_its_new_words_only(filled: Source) -> None:
    document = filled.documents.get(title="Contract")
    document.text = "Parking is free for visitors."
    document.save()
    ingestion.ingest_source(filled.pk)

    assert search(filled.pk, "free parking")[0].text == "Parking is free for visitors."
    assert search(filled.pk, "opening hours of the offices") == []


def test_a_deleted_document_is_gone_at_once_and_from_the_index_soon(filled: Source) -> None:
    filled.documents.get(title="Contract").delete()
    assert search(filled.pk, "free offices open Monday") == []

    before = Source.objects.get(pk=filled.pk).index_name
    ingestion.ingest_source(filled.pk)
    assert Source.objects.get(pk=filled.pk).index_name != before


@pytest.mark.parametrize("damage", ["missing", "truncated", "garbage", "empty", "no meta"])
def test_a_damaged_index_is_built_again(filled: Source, damage: str) -> None:
    directory = _directory(filled)
    store._open.clear()
    if damage == "missing":
        shutil.rmtree(directory.parent)
    for path in directory.iterdir() if directory.exists() else ():
        content = path.read_bytes()
        if damage == "no meta" and path.name == "meta.json":
            path.unlink()
        elif damage != "no meta":
            path.write_bytes(
                {"truncated": content[: len(content) // 2], "garbage": b"\x07" * len(content)}.get(damage, b"")
            )

    assert search(filled.pk, "résilier")[0].heading == "Contrat › Résiliation"
    assert _directory(filled).exists()


def test_the_command_builds_indexes_from_the_rows(filled: Source, capsys: pytest.CaptureFixture[str]) -> None:
    before = Source.objects.get(pk=filled.pk).index_name
    shutil.rmtree(store.root())

    call_command("rebuild_index", filled.name)

    assert Source.objects.get(pk=filled.pk).index_name != before
    assert filled.name in capsys.readouterr().out
    assert search(filled.pk, "résilier")
    with pytest.raises(Exception, match="There is no source"):
        call_command("rebuild_index", "nobody")


def test_an_index_of_an_older_format_is_replaced(filled: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("knowledge.index.store.FORMAT", 99)

    assert search(filled.pk, "résilier")
    assert Source.objects.get(pk=filled.pk).index_name.startswith("f99-")


def test_an_index_of_older_rows_never_replaces_a_newer_one(filled: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    newest = Source.objects.get(pk=filled.pk).index_name
    build = store._build

    def slow(source_id: int, name: str, base: str = "") -> None:
        build(source_id, name, base)
        Source.objects.filter(pk=source_id).update(indexed_version=99)

    monkeypatch.setattr(store, "_build", slow)

    assert store.rebuild(filled.pk) == ""
    assert Source.objects.get(pk=filled.pk).index_name == newest
    assert [path.name for path in (store.root() / str(filled.pk)).iterdir()] == [newest]


@pytest.mark.processes
def test_replacing_the_index_disturbs_nobody_who_searches(tmp_path: Path) -> None:
    """In a process of its own, on a database in a file: the tests' own one, in memory, locks whole tables."""
    assert run_step("prepare", tmp_path).returncode == 0
    done = run_step("replace", tmp_path)

    assert done.returncode == 0, done.stderr
    searches, failures = done.stdout.split(maxsplit=1)
    assert (int(searches) > 20, failures.strip()) == (True, "[]")


def _why(source_id: int) -> Readiness:
    with pytest.raises(SourceNotReadyError) as caught:
        search(source_id, "préavis")
    return caught.value.status


def _directory(source: Source) -> Path:
    return store.root() / str(source.pk) / Source.objects.get(pk=source.pk).index_name
