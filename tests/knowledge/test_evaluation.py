"""Measuring how well a source answers: reading questions, the figures, the page; and the connection's own pages."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client
from django_scopes import scope

from accounts.models import Account, User
from knowledge.embedding.models import EmbeddingConnection
from knowledge.evaluation import CasesInvalidError, Expectation, evaluate, parse
from knowledge.models import Source
from outbound.circuits import forget_circuits
from tests.support.embedding_server import DIMENSIONS, embedding_server

CONNECTIONS = "/admin/knowledge/embeddingconnection/"


@pytest.fixture
def editor(client_for: Callable[..., Client], editor_user: User) -> Client:
    return client_for(editor_user)


@pytest.mark.parametrize(
    "text",
    [
        "Quel préavis ? ; Contrat\nWhen? ; Contract",
        "question;document\r\nQuel préavis ?;Contrat\r\n\r\nWhen?;Contract\r\n",
        '"Quel préavis ?"\tContrat\nWhen?\tContract',
        "Quel préavis ?,Contrat\nWhen?,Contract",
        "Quel préavis ? ; Contrat ;\nWhen? ; Contract ;",
    ],
)
def test_questions_are_read_as_people_paste_them(text: str) -> None:
    assert parse(text) == [Expectation("Quel préavis ?", "Contrat"), Expectation("When?", "Contract")]


@pytest.mark.parametrize("text", ["", " \n ", "Quel préavis ?", "a;b\nc", "question;document", "\0"])
def test_what_is_no_list_of_questions_is_told(text: str) -> None:
    with pytest.raises(CasesInvalidError):
        parse(text)


def test_a_question_may_hold_the_separator() -> None:
    assert parse("Bonjour ; quel préavis ? ; Contrat") == [Expectation("Bonjour;quel préavis ?", "Contrat")]


def test_figures_are_those_of_the_ranks(filled: Source) -> None:
    asked = [("Quel préavis ?", "contrat"), ("La recette du cassoulet ?", "Contrat"), ("Opening hours?", "Contract")]
    evaluation = evaluate(filled.pk, [Expectation(*each) for each in asked])

    assert [result.by_words.rank for result in evaluation.results] == [1, 0, 1]
    assert evaluation.by_words.recall_1 == evaluation.by_words.recall_5 == pytest.approx(2 / 3)
    assert evaluation.by_words.mrr == pytest.approx(2 / 3)
    assert (evaluation.hybrid, evaluation.warnings) == (None, ())


@pytest.fixture
def page(filled: Source) -> str:
    return f"/admin/knowledge/source/{filled.pk}/evaluate/"


def test_the_page_shows_figures_and_each_question(editor: Client, page: str) -> None:
    shown = editor.post(page, {"questions": "Quel préavis ? ; Contrat\nCassoulet ? ; Recettes"}).content.decode()

    assert '<table class="tq-table" id="figures">' in shown
    assert "0.50" in shown
    assert "The source has no document “Recettes”." in shown


def test_the_page_takes_a_file_and_tells_what_is_wrong(editor: Client, page: str) -> None:
    table = io.BytesIO("question;document\nQuel préavis ?;Contrat".encode("cp1252"))
    table.name = "questions.csv"
    assert 'id="questions"' in editor.post(page, {"file": table}).content.decode()
    assert 'id="figures"' not in editor.post(page, {"questions": "Quel préavis ?"}).content.decode()


def test_the_page_belongs_to_the_account(editor: Client, other_account: Account) -> None:
    with scope(account=other_account):
        foreign = Source.objects.create(account=other_account, name="Garage")
    assert editor.get(f"/admin/knowledge/source/{foreign.pk}/evaluate/").status_code in {302, 404}


def test_a_connection_is_made_tried_and_found_again(source: Source, editor: Client, settings: LazySettings) -> None:
    forget_circuits()
    given: dict[str, Any] = {"enabled": "on", "model": "stub", "dimensions": DIMENSIONS, "batch_size": 64}
    given |= {"timeout_s": 10, "query_timeout_ms": 500}
    with embedding_server() as server:
        settings.OUTBOUND_ALLOWED_PRIVATE_HOSTS = [server.host]
        assert editor.post(f"{CONNECTIONS}add/", {**given, "url": "nonsense"}).status_code == 200
        assert editor.post(f"{CONNECTIONS}add/", {**given, "url": f"{server.url}/"}).status_code == 302
        connection = EmbeddingConnection.objects.get()
        own = f"{CONNECTIONS}{connection.pk}/change/"
        assert connection.url == server.url
        assert editor.get(CONNECTIONS).headers["location"] == own

        tried = editor.post(f"{CONNECTIONS}{connection.pk}/test_connection/", follow=True).content.decode()
        assert str(DIMENSIONS) in tried
        server.behaviour = "unauthorized"
        tried = editor.post(f"{CONNECTIONS}{connection.pk}/test_connection/", follow=True).content.decode()
        assert "it is unauthorized" in tried
