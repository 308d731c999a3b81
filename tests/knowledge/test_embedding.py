"""Comparing by meaning: a server of vectors over HTTP, what it helps, and all that may go wrong with it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import LazySettings
from django.utils import timezone
from django_scopes import scope

from accounts.models import Account
from knowledge import ingestion
from knowledge.asking import ask_now
from knowledge.embedding import questions, wake, work
from knowledge.embedding.matrix import _open as open_matrices
from knowledge.embedding.models import EmbeddingConnection, PassageVector, SourceVectors, VectorState
from knowledge.index.store import root
from knowledge.models import Source
from outbound.circuits import forget_circuits
from outbound.models import AuthProfile
from tests.support.embedding_server import DIMENSIONS, EmbeddingServer, embedding_server

CANCELLING = {"Contrat › Résiliation", "Contract › Cancellation"}
"""The stub finds either language as near."""

CLOSED = "Le standard ne répond plus entre midi et deux."


@pytest.fixture
def server() -> Iterator[EmbeddingServer]:
    with embedding_server() as server:
        yield server


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing is remembered from the test before, and nobody works unless a test does."""
    monkeypatch.setattr(wake, "wake_for_vectors", lambda *_given: None)
    monkeypatch.setattr(questions, "KNOWN_FOR_S", 0.0)
    questions.forget_servers()
    questions._kept.clear()
    yield
    questions._kept.clear()


@pytest.fixture
def connection(source: Source, server: EmbeddingServer, settings: LazySettings) -> EmbeddingConnection:
    settings.OUTBOUND_ALLOWED_PRIVATE_HOSTS = [server.host]
    forget_circuits()
    return EmbeddingConnection.objects.create(
        account=source.account, url=server.url, model="stub", dimensions=DIMENSIONS, query_timeout_ms=3000
    )


@pytest.fixture
def ready(filled: Source, connection: EmbeddingConnection) -> Source:
    work.embed_source(filled.pk)
    assert SourceVectors.objects.get().state == VectorState.READY
    return filled


def test_a_question_in_other_words_is_answered_by_meaning(ready: Source, connection: EmbeddingConnection) -> None:
    answer = ask_now(ready.pk, "Je veux quitter mon assurance", language="fr")
    assert answer.by_meaning
    assert answer.hits[0].heading in CANCELLING
    assert answer.warnings == ()

    connection.enabled = False
    connection.save()
    assert ask_now(ready.pk, "Je veux quitter mon assurance", language="fr").hits == []


def test_an_english_question_finds_the_french_document_and_the_other_way_round(ready: Source) -> None:
    asked = {"I want my money back": "Contrat › Remboursement", "Vous êtes ouverts quand ?": "Contract › Opening hours"}

    for question, heading in asked.items():
        assert ask_now(ready.pk, question).hits[0].heading == heading


@pytest.mark.parametrize("question", ["La recette du cassoulet ?", "Who won the football match yesterday evening?"])
def test_what_is_not_there_is_not_found_by_meaning_either(ready: Source, question: str) -> None:
    assert ask_now(ready.pk, question).hits == []


def test_what_words_find_is_found_still(ready: Source) -> None:
    assert ask_now(ready.pk, "Quel est le préavis ?").hits[0].heading in CANCELLING


def test_only_what_has_changed_is_asked_for_again(ready: Source, server: EmbeddingServer) -> None:
    server.texts.clear()
    document = ready.documents.get(title="Contract")
    document.text = "# Contract\n\n## Parking\n\nParking is free for visitors.\n" + document.text.removeprefix(
        "# Contract\n"
    )
    document.save()
    ingestion.ingest_source(ready.pk)
    work.embed_source(ready.pk)

    assert [text.splitlines()[1] for text in server.texts] == ["Contract › Parking"]
    assert ask_now(ready.pk, "Is there somewhere to park my car?").hits[0].heading.endswith("Parking")
    assert ask_now(ready.pk, "When are you open?").hits[0].heading == "Contract › Opening hours"
    server.texts.clear()
    work.embed_source(ready.pk)
    assert server.texts == []


def test_a_vector_of_a_text_that_has_changed_since_counts_for_nothing(ready: Source) -> None:
    document = ready.documents.get(title="Contract")
    document.text = "# Contract\n\n## Cancellation\n\nNothing."
    document.save()
    ingestion.ingest_source(ready.pk)

    assert {hit.document for hit in ask_now(ready.pk, "I want to stop and quit", language="en").hits} == {"Contrat"}


def test_another_model_has_all_vectors_made_anew_and_meanwhile_words_answer(
    ready: Source, connection: EmbeddingConnection, server: EmbeddingServer
) -> None:
    before = connection.space
    connection.model, connection.send_dimensions, connection.dimensions = "other", True, 128
    connection.save()
    assert connection.space != before
    assert ask_now(ready.pk, "préavis").by_meaning is False
    assert (ready.pk, ready.account_id) in work.forgotten()

    work.embed_source(ready.pk)
    assert ask_now(ready.pk, "Je veux quitter mon assurance").by_meaning
    assert server.requests[-1]["dimensions"] == 128
    assert set(PassageVector.objects.values_list("space", flat=True)) == {connection.space}


def test_the_key_of_the_service_is_sent(
    filled: Source, connection: EmbeddingConnection, server: EmbeddingServer
) -> None:
    profile = AuthProfile(account=filled.account, name="embeddings", kind="bearer", hosts=[server.host])
    profile.enter_secrets({"token": "sk-secret"})
    profile.save()
    connection.auth_profile, connection.query_prefix, connection.passage_prefix = profile, "query: ", "passage: "
    connection.save()
    work.embed_source(filled.pk)
    ask_now(filled.pk, "préavis")

    assert {headers["authorization"] for headers in server.headers} == {"Bearer sk-secret"}
    assert server.texts[-1] == "query: préavis"
    assert any(text.startswith("passage: Contrat\n") for text in server.texts)


@pytest.mark.parametrize(
    ("behaviour", "said", "permanent"),
    [
        ("short", "dimensions", True),
        ("fewer", "", True),
        ("zero", "", True),
        ("texts", "", True),
        ("nested", "", True),
        ("huge", "", True),
        ("more", "", True),
        ("list", "", True),
        ("garbage", "JSON", False),
        ("unauthorized", "401", True),
        ("broken", "500", False),
        ("limited", "429", False),
    ],
)
def test_what_goes_wrong_is_told_at_the_source_and_words_go_on(
    filled: Source,
    connection: EmbeddingConnection,
    server: EmbeddingServer,
    behaviour: str,
    said: str,
    permanent: bool,
) -> None:
    server.behaviour = behaviour
    work.embed_source(filled.pk)

    vectors = SourceVectors.objects.get()
    assert vectors.state == (VectorState.FAILED if permanent else VectorState.WAITING)
    assert said in vectors.error
    assert (vectors.retry_at is None) == permanent
    assert ask_now(filled.pk, "préavis").hits[0].heading in CANCELLING
    assert ((filled.pk, filled.account_id) in work.forgotten()) is False

    server.behaviour = ""
    work.retry(filled.pk)
    work.embed_source(filled.pk)
    assert SourceVectors.objects.get().state == VectorState.READY
    assert SourceVectors.objects.get().error == ""


def test_answers_in_any_order_are_put_in_order(
    filled: Source, connection: EmbeddingConnection, server: EmbeddingServer
) -> None:
    server.behaviour = "shuffled"
    work.embed_source(filled.pk)

    assert ask_now(filled.pk, "Je veux quitter mon assurance").hits[0].heading in CANCELLING


def test_a_server_that_asks_for_a_moment_is_given_it(
    filled: Source, connection: EmbeddingConnection, server: EmbeddingServer
) -> None:
    EmbeddingConnection.objects.update(unrelated=0.1, related=0.5)
    server.behaviour, server.failures_left, server.retry_after = "limited", 1, "1"
    work.embed_source(filled.pk)

    assert SourceVectors.objects.get().state == VectorState.READY
    assert len(server.requests) == 2


@pytest.mark.parametrize("date", [False, True])
def test_a_server_that_asks_for_long_is_left_alone_as_long(
    filled: Source, connection: EmbeddingConnection, server: EmbeddingServer, date: bool
) -> None:
    until = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=900)
    server.behaviour = "limited"
    server.retry_after = until.strftime("%a, %d %b %Y %H:%M:%S GMT") if date else "900"
    work.embed_source(filled.pk)
    vectors = SourceVectors.objects.get()
    assert vectors.retry_at is not None
    assert 850 < (vectors.retry_at - timezone.now()).total_seconds() <= 900

    asked = len(server.requests)
    work.embed_source(filled.pk)
    assert len(server.requests) == asked
    SourceVectors.objects.update(retry_at=timezone.now())
    assert (filled.pk, filled.account_id) in work.forgotten()


def test_it_is_given_up_after_some_attempts_and_a_change_of_the_connection_begins_anew(
    filled: Source, connection: EmbeddingConnection, server: EmbeddingServer
) -> None:
    server.behaviour = "broken"
    for _attempt in range(work.MOST_ATTEMPTS):
        SourceVectors.objects.update(retry_at=None)
        forget_circuits()
        work.embed_source(filled.pk)
    assert SourceVectors.objects.get().state == VectorState.FAILED

    connection.save()
    assert SourceVectors.objects.get().state == VectorState.WAITING


@pytest.mark.parametrize("behaviour", ["short", "garbage", "broken", "limited", "unauthorized"])
def test_a_question_whose_vector_fails_is_answered_by_words_with_a_warning(
    ready: Source, server: EmbeddingServer, behaviour: str
) -> None:
    server.behaviour = behaviour
    answer = ask_now(ready.pk, "Quel préavis ?")

    assert answer.hits[0].heading in CANCELLING
    assert not answer.by_meaning
    assert len(answer.warnings) == 1


def test_a_slow_server_costs_no_more_than_the_questions_time(
    ready: Source, connection: EmbeddingConnection, server: EmbeddingServer
) -> None:
    connection.query_timeout_ms = 50
    connection.save()
    server.delay_s = 1.0
    answer = ask_now(ready.pk, "Quel préavis ?")

    assert answer.hits != []
    assert "0.05" in answer.warnings[0]


def test_the_same_question_is_asked_once(ready: Source, server: EmbeddingServer) -> None:
    ask_now(ready.pk, "Quel préavis ?")
    asked = len(server.requests)
    ask_now(ready.pk, " Quel   préavis ? ")

    assert len(server.requests) == asked


@pytest.mark.parametrize("damage", ["missing", "truncated", "garbage"])
def test_a_damaged_matrix_is_made_again_from_the_rows(ready: Source, damage: str) -> None:
    open_matrices.clear()
    (directory,) = (root() / str(ready.pk)).glob("vectors-*")
    for path in directory.iterdir():
        content = path.read_bytes()
        path.unlink() if damage == "missing" else path.write_bytes(
            content[: len(content) // 2] if damage == "truncated" else b"\x07" * len(content)
        )

    assert ask_now(ready.pk, "Je veux quitter mon assurance").hits[0].heading in CANCELLING


def test_a_worker_that_died_is_followed_by_another(filled: Source, connection: EmbeddingConnection) -> None:
    token = work._claim(filled.pk)
    assert token is not None
    work.embed_source(filled.pk)
    assert SourceVectors.objects.get().state == VectorState.WORKING

    SourceVectors.objects.update(lease_until=timezone.now() - dt.timedelta(seconds=1))
    assert (filled.pk, filled.account_id) in work.forgotten()
    work.embed_source(filled.pk)
    assert SourceVectors.objects.get().state == VectorState.READY


def test_another_accounts_connection_is_never_used(
    ready: Source, other_account: Account, server: EmbeddingServer, write: Callable[..., None]
) -> None:
    with scope(account=other_account):
        other = Source.objects.create(account=other_account, name="Garage")
        write(other, Contrat=CLOSED)
        asked = len(server.requests)
        work.embed_source(other.pk)
        assert ask_now(other.pk, "standard").by_meaning is False
        assert len(server.requests) == asked
        assert not SourceVectors.objects.exists()
    assert (other.pk, other_account.pk) not in work.forgotten()


def test_a_private_host_needs_to_be_allowed(
    filled: Source, connection: EmbeddingConnection, settings: LazySettings
) -> None:
    settings.OUTBOUND_ALLOWED_PRIVATE_HOSTS = []
    work.embed_source(filled.pk)

    assert SourceVectors.objects.get().state == VectorState.FAILED


def test_an_index_that_is_replaced_wakes_a_worker_for_vectors(
    filled: Source,
    connection: EmbeddingConnection,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    woken: list[tuple[int, int]] = []
    monkeypatch.setattr(wake, "wake_for_vectors", lambda *given: woken.append(given))
    filled.documents.create(title="Midi", text=CLOSED)
    with django_capture_on_commit_callbacks(execute=True):
        ingestion.ingest_source(filled.pk)

    assert (filled.pk, filled.account_id) in woken


@pytest.mark.parametrize("behaviour", ["nan", "infinite"])
def test_numbers_that_are_none_are_refused(
    filled: Source, connection: EmbeddingConnection, server: EmbeddingServer, behaviour: str
) -> None:
    server.behaviour = behaviour
    work.embed_source(filled.pk)

    assert SourceVectors.objects.get().error
    assert not PassageVector.objects.exists()
    assert ask_now(filled.pk, "préavis").hits


def test_a_connection_that_changes_while_vectors_are_made_has_them_made_anew(
    filled: Source, connection: EmbeddingConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = work._store

    def change_first(*given: Any) -> None:
        other = EmbeddingConnection.objects.get()
        other.passage_prefix = "passage: "
        other.save()
        store(*given)

    monkeypatch.setattr(work, "_store", change_first)
    work.embed_source(filled.pk)
    assert ask_now(filled.pk, "préavis").by_meaning is False
    assert (filled.pk, filled.account_id) in work.forgotten()

    monkeypatch.setattr(work, "_store", store)
    work.embed_source(filled.pk)
    assert ask_now(filled.pk, "Je veux quitter mon assurance").by_meaning


def test_a_source_deleted_while_vectors_are_made_is_let_go(
    filled: Source, connection: EmbeddingConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = work._store

    def delete_first(*given: Any) -> None:
        Source.objects.get().delete()
        store(*given)

    monkeypatch.setattr(work, "_store", delete_first)
    work.embed_source(filled.pk)
    assert not SourceVectors.objects.exists()
    assert not PassageVector.objects.exists()
