"""The form of a workflow: readable JSON, and every mistake named by step and field."""

from __future__ import annotations

import json
from collections.abc import Callable

from django.test import Client
from django_scopes import scope

from tests.admin.conftest import Furnished
from tests.admin.forms import fill_in, text
from workflows.models import Workflow

People = Callable[..., Client]


def _url(furnished: Furnished) -> str:
    return f"/admin/workflows/workflow/{furnished.workflow.pk}/change/"


def test_a_new_workflow_starts_from_one_that_runs(furnished: Furnished, people: People) -> None:
    response = fill_in(people("editor"), "/admin/workflows/workflow/add/", name="Nouveau")
    assert response.status_code == 302
    with scope(account=furnished.account):
        assert Workflow.objects.get(name="Nouveau").account == furnished.account


def test_the_graph_is_indented_and_keeps_its_accents(furnished: Furnished, people: People) -> None:
    graph = {**furnished.workflow.graph, "nodes": [dict(node) for node in furnished.workflow.graph["nodes"]]}
    graph["nodes"][0]["title"] = "Début"
    assert fill_in(people("editor"), _url(furnished), graph=json.dumps(graph)).status_code == 302
    page = text(people("editor").get(_url(furnished)))
    assert "Début" in page
    assert "\n  &quot;nodes&quot;: [\n" in page


def test_json_that_is_not_json_says_in_which_line(furnished: Furnished, people: People) -> None:
    response = fill_in(people("editor"), _url(furnished), graph='{\n  "nodes": [}\n')
    assert "Line 2, character 13" in text(response)
    assert "&quot;nodes&quot;: [}" in text(response)


def test_mistakes_are_listed_by_step_and_field(furnished: Furnished, people: People) -> None:
    graph = {
        "nodes": [
            {"id": "start", "kind": "start"},
            {"id": "ask", "kind": "api_request", "title": "Look up", "config": {"method": "GET", "url": "no url"}},
            {"id": "odd", "kind": "teleport"},
        ],
        "edges": [{"source": "start", "target": "ask"}, {"source": "start", "target": "odd"}],
    }
    response = fill_in(people("editor"), _url(furnished), graph=json.dumps(graph))
    errors = response.context["adminform"].form.errors["graph"]
    assert len(errors) >= 2
    assert any("Look up" in error and "url" in error for error in errors)
    assert any("odd" in error and "teleport" in error for error in errors)
    for error in errors:
        assert error in text(response).replace("&#x27;", "'").replace("&quot;", '"').replace("&amp;", "&")


def test_it_shows_which_actions_use_it(furnished: Furnished, people: People) -> None:
    page = text(people("viewer").get(_url(furnished)))
    assert "Standard du lac › Before the call › my_workflow" in page


def test_a_workflow_in_use_cannot_be_deleted(furnished: Furnished, people: People) -> None:
    url = f"/admin/workflows/workflow/{furnished.workflow.pk}/delete/"
    assert "my_workflow" in text(people("editor").get(url))
    people("editor").post(url, {"post": "yes"})
    with scope(account=furnished.account):
        assert Workflow.objects.filter(pk=furnished.workflow.pk).exists()


def test_a_name_that_is_taken_is_refused(furnished: Furnished, people: People) -> None:
    response = fill_in(people("editor"), "/admin/workflows/workflow/add/", name="Reconnaître")
    assert "Another workflow has this name already." in text(response)
