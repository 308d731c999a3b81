"""A program with an API key, as small as an integrator's own client."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.test import Client
from django_scopes import scope

from accounts.models import Account
from actions.models import Agent, Classifier, Label
from workflows.models import Workflow

PROBLEM = "application/problem+json"

GRAPH = {
    "nodes": [
        {"id": "start", "kind": "start", "config": {}},
        {"id": "answer", "kind": "return", "config": {}},
    ],
    "edges": [{"source": "start", "target": "answer"}],
}


@dataclass
class Api:
    """Sends JSON below ``/api/v1/``; every answer that is an error must be a problem document."""

    key: str = ""
    language: str = "en"
    client: Client = field(default_factory=Client)

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        headers = {"Accept-Language": self.language, **headers}
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body)
        response = self.client.generic(
            method, f"/api/v1/{path}", data, content_type="application/json", headers=headers
        )
        if response.status_code >= 400:
            assert_problem(response)
        return response

    def get(self, path: str, **headers: str) -> Any:
        return self("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self("POST", path, body, **headers)

    def put(self, path: str, body: Any) -> Any:
        return self("PUT", path, body)

    def patch(self, path: str, body: Any) -> Any:
        return self("PATCH", path, body)

    def delete(self, path: str) -> Any:
        return self("DELETE", path)


def assert_problem(response: Any) -> dict[str, Any]:
    """RFC 9457: the media type, and members that agree with the status."""
    assert response["Content-Type"] == PROBLEM, response.content[:300]
    body: dict[str, Any] = json.loads(response.content)
    assert body["status"] == response.status_code
    assert body["title"]
    assert body["type"] == f"urn:triptyque:problem:{body['code']}"
    return body


def fields_of(response: Any) -> set[str]:
    """The members that a problem blames."""
    return {error["field"] for error in response.json().get("errors", ())}


@pytest.fixture
def api(api_key: str) -> Api:
    return Api(api_key)


@pytest.fixture
def stranger_api(stranger_key: str) -> Api:
    return Api(stranger_key)


@pytest.fixture
def member_api(client_for: Callable[..., Client]) -> Callable[[Any], Api]:
    """The same, signed in with a session instead of a key."""
    return lambda user: Api(client=client_for(user))


@pytest.fixture
def workflow(account: Account) -> Workflow:
    with scope(account=account):
        return Workflow.objects.create(account=account, name="Look the caller up", graph=GRAPH)


@pytest.fixture
def classified_agent(agent: Agent) -> Agent:
    """The agent, asking for the reason of each call, as REASON says it."""
    with scope(account=agent.account_id):
        classifier = Classifier.objects.create(agent=agent, name="Reason", is_main=True)
        Label.objects.create(classifier=classifier, name="Refund")
    return agent


REASON = {
    "name": "Reason",
    "description": "",
    "is_main": True,
    "labels": [{"name": "Refund", "description": "", "rule": "", "is_default": False}],
}
