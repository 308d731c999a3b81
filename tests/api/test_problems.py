"""Errors are problem documents (RFC 9457) wherever they come from, in the reader's language."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import translation

from actions.models import Agent
from tests.api.conftest import Api, assert_problem


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "nowhere", 404, "not_found"),
        ("GET", "nowhere/", 404, "not_found"),
        ("GET", "", 404, "not_found"),
        ("POST", "nowhere/at/all", 404, "not_found"),
        ("GET", "agents/nobody", 404, "not_found"),
        ("GET", "agents/accueil/actions/nothing", 404, "not_found"),
        ("GET", "agents/accueil/actions/not%20a%20name", 404, "not_found"),
        ("GET", "agents/%00", 404, "not_found"),
        ("GET", "agents?page=0", 404, "not_found"),
        ("GET", "agents?page=last-but-one", 404, "not_found"),
        ("GET", f"agents?page={'9' * 5000}", 404, "not_found"),
        ("GET", "agents/accueil/actions?moment=never", 422, "invalid_fields"),
        ("GET", "calls?state=%00", 422, "invalid_fields"),
        ("DELETE", "agents", 405, "method_not_allowed"),
        ("POST", "agents/accueil", 405, "method_not_allowed"),
        ("OPTIONS", "agents", 405, "method_not_allowed"),
        ("PUT", "calls", 405, "method_not_allowed"),
    ],
)
def test_an_error_is_a_problem_document(api: Api, agent: Agent, method: str, path: str, status: int, code: str) -> None:
    answer = api(method, path)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_method_that_is_not_allowed_tells_those_that_are(api: Api) -> None:
    assert {"GET", "POST"} <= set(api.delete("agents")["Allow"].split(", "))


def test_what_goes_wrong_inside_is_a_problem_that_tells_nothing(
    api: Api, agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: Any) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("actions.api.agents.draft_digest", broken)
    monkeypatch.setattr(Agent, "current_release", object())
    api.client.raise_request_exception = False
    answer = api.get("agents/accueil")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert b"secret" not in answer.content


def test_a_host_that_is_not_ours_gets_a_problem(db: None) -> None:
    response = Client().get("/api/v1/agents", headers={"Host": "elsewhere.example"})
    assert (response.status_code, assert_problem(response)["code"]) == (400, "bad_request")


@pytest.mark.parametrize("accept", ["text/html", "application/problem+json", "image/png", "*/*", "nonsense"])
def test_whatever_a_client_accepts_it_gets_json(api: Api, agent: Agent, accept: str) -> None:
    assert api.get("agents/accueil", Accept=accept)["Content-Type"] == "application/json"
    assert api.get("agents/nobody", Accept=accept).status_code == 404


@pytest.mark.parametrize(
    ("headers", "language"),
    [
        ({"Accept-Language": "fr"}, "fr"),
        ({"Accept-Language": "en"}, "en"),
        ({"Accept-Language": "fr-CA, en;q=0.5"}, "fr"),
        ({"Accept-Language": "de, en;q=0.3"}, "en"),
        ({"Accept-Language": "de"}, "fr"),
        ({"Accept-Language": ""}, "fr"),
        ({"Accept-Language": "en", "Cookie": "django_language=fr"}, "fr"),
    ],
)
def test_problems_are_written_in_the_readers_language(api: Api, headers: dict[str, str], language: str) -> None:
    answer = api.post("agents", {"name": ""}, **headers)
    with translation.override(language):
        title = translation.gettext("Some fields are not valid")
    required = {"fr": "Ce champ est obligatoire.", "en": "This field is required."}[language]
    assert answer["Content-Language"] == language
    assert answer.json()["title"] == title
    assert {"field": "slug", "message": required} in answer.json()["errors"]


@pytest.mark.parametrize("path", ["agents/nobody", "nowhere", "agents?page=0"])
def test_the_code_is_the_same_in_every_language(api: Api, path: str) -> None:
    codes = {api.get(path, **{"Accept-Language": language}).json()["code"] for language in ("fr", "en")}
    assert codes == {"not_found"}


@pytest.mark.parametrize("path", ["account", "kinds", "agents", "agents/accueil", "workflows", "calls"])
def test_an_address_ends_with_a_slash_or_not(api: Api, agent: Agent, path: str) -> None:
    without, with_slash = api.get(path), api.get(f"{path}/")
    assert without.status_code == with_slash.status_code == 200
    assert without.json() == with_slash.json()
