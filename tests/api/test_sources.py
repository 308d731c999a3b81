"""Sources, documents and questions in the API."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django_scopes import scope

from accounts.models import Account, User
from actions.models import Agent
from knowledge import ingestion
from knowledge.models import Source
from tests.api.conftest import Api, fields_of
from tests.conftest import issue_key


@pytest.fixture(autouse=True)
def _data_dir(settings: LazySettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.DATA_DIR = tmp_path
    monkeypatch.setattr("knowledge.signals.wake_worker", lambda *_given: None)


@pytest.fixture
def source(account: Account) -> Iterator[Source]:
    with scope(account=account):
        yield Source.objects.create(account=account, name="Mutuelle")


def index(source: Source) -> None:
    with scope(account=source.account_id):
        ingestion.ingest_source(source.pk)


def test_a_source_lives_from_creation_to_deletion(api: Api) -> None:
    created = api.post("sources", {"name": "Mutuelle", "language": "fr"})
    assert created.status_code == 201, created.content
    path = f"sources/{created.json()['id']}"

    assert api.get("sources").json()["results"] == [created.json()]
    assert api.patch(path, {"description": "Contracts"}).json()["description"] == "Contracts"
    assert fields_of(api.patch(path, {"name": "Other"})) == {"name"}
    assert fields_of(api.post("sources", {"name": "Mutuelle"})) == {"name"}
    assert fields_of(api.post("sources", {"name": "B", "langage": "fr"})) == {"langage"}
    assert api.delete(path).status_code == 204
    assert api.get(path).status_code == 404


def test_a_document_is_written_indexed_and_found(api: Api, source: Source) -> None:
    path = f"sources/{source.pk}/documents"
    created = api.post(path, {"title": "Contrat", "text": "# Fin\n\nLe préavis est de deux mois."})
    assert created.status_code == 201, created.content
    assert (created.json()["state"], created.json()["kind"]) == ("waiting", "text")

    index(source)

    document = f"{path}/{created.json()['id']}"
    assert (api.get(document).json()["state"], api.get(document).json()["error"]) == ("ready", "")
    (listed,) = api.get(path).json()["results"]
    assert "text" not in listed
    answer = api.post(f"sources/{source.pk}/search", {"query": "Quel est le préavis ?"})
    assert answer.status_code == 200, answer.content
    assert answer.json()["hits"] == [
        {"document": "Contrat", "heading": "Fin", "text": "Le préavis est de deux mois.", "score": 1.0, "page": None}
    ]
    assert api.post(f"sources/{source.pk}/search", {"query": "quantum physics"}).json()["hits"] == []

    assert api.patch(document, {"text": "Il n'y a pas de préavis."}).json()["state"] == "waiting"
    assert api.delete(document).status_code == 204


def test_a_failed_document_says_why_and_is_tried_again(api: Api, source: Source) -> None:
    path = f"sources/{source.pk}/documents"
    document = f"{path}/{api.post(path, {'title': 'Vide', 'text': '---'}).json()['id']}"
    index(source)
    assert (api.get(document).json()["state"], api.get(document).json()["error"]) == ("failed", "no_text")

    assert api.post(f"{document}/retry").json()["state"] == "waiting"


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"query"}),
        ({"query": ""}, {"query"}),
        ({"query": "x" * 1001}, {"query"}),
        ({"query": "a", "limit": 11}, {"limit"}),
        ({"query": "a", "language": "de"}, {"language"}),
        ({"query": "a", "minimum_score": 2}, {"minimum_score"}),
        ({"question": "a"}, {"question"}),
    ],
)
def test_a_wrong_question_is_told_at_its_field(api: Api, source: Source, body: Any, fields: set[str]) -> None:
    assert fields <= fields_of(api.post(f"sources/{source.pk}/search", body))


def test_a_source_that_is_not_ready_says_so(api: Api, source: Source) -> None:
    answer = api.post(f"sources/{source.pk}/search", {"query": "préavis"})

    assert (answer.status_code, answer.json()["code"]) == (409, "source_not_ready")
    assert answer.json()["detail"] == "The source holds no document yet."


def test_another_accounts_source_is_unknown(stranger_api: Api, source: Source) -> None:
    document = source.documents.create(title="Contrat", text="Texte.")

    for path in ("", "/documents", f"/documents/{document.pk}"):
        assert stranger_api.get(f"sources/{source.pk}{path}").status_code == 404
    assert stranger_api.post(f"sources/{source.pk}/search", {"query": "a"}).status_code == 404
    assert stranger_api.post(f"sources/{source.pk}/documents", {"title": "a", "text": "b"}).status_code == 404


def test_an_action_names_its_source_and_keeps_it_from_deletion(api: Api, agent: Agent, source: Source) -> None:
    action = {"kind": "knowledge", "moment": "during", "name": "look_up", "source": "Mutuelle"}
    created = api.post(f"agents/{agent.slug}/actions", action)
    assert created.status_code == 201, created.content
    assert created.json()["message_mode"] == "none"

    refused = api.delete(f"sources/{source.pk}")
    assert (refused.status_code, refused.json()["code"]) == (409, "in_use")
    assert fields_of(api.post(f"agents/{agent.slug}/actions", {**action, "name": "b", "source": "Other"})) == {"source"}


def test_only_those_who_may_edit_write(
    account: Account, member_api: Callable[[User], Api], viewer_user: User, source: Source
) -> None:
    viewer, caller = member_api(viewer_user), Api(issue_key(account, "calls"))
    document = source.documents.create(title="Contrat", text="Le préavis est de deux mois.")

    for path in ("sources", f"sources/{source.pk}", f"sources/{source.pk}/documents/{document.pk}"):
        assert viewer.get(path).status_code == 200
        assert caller.get(path).status_code == 403
    assert viewer.post("sources", {"name": "B"}).status_code == 403
    assert viewer.post(f"sources/{source.pk}/documents", {"title": "B", "text": "B."}).status_code == 403
    assert viewer.post(f"sources/{source.pk}/documents/{document.pk}/retry").status_code == 403
    assert viewer.delete(f"sources/{source.pk}").status_code == 403
