"""The page of the editor: what it is given, and what is left without it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from django_scopes import scope

from scripts import frontend
from workflows import editor
from workflows.editor_texts import editor_texts
from workflows.kinds.workflow import WorkflowAction
from workflows.models import Workflow

pytestmark = pytest.mark.django_db

SOURCES = frontend.FRONTEND / "src"


def used_texts() -> tuple[set[str], set[str]]:
    """Names of texts that the sources use, and beginnings of names that they put together."""
    code = "\n".join(path.read_text() for path in SOURCES.rglob("*.ts*") if ".test." not in path.name)
    calls = set(re.findall(r"\bt\(\s*\"([^\"]+)\"", code)) | set(re.findall(r"[?:]\s*t\(\"([^\"]+)\"", code))
    return calls, set(re.findall(r"\bt\(`(\w+_)\$\{", code))


def test_every_text_of_the_editor_is_in_the_catalogue_and_every_text_is_used() -> None:
    texts, (names, beginnings) = set(editor_texts()), used_texts()
    assert names - texts == set()
    unused = {name for name in texts - names if not name.startswith(tuple(beginnings))}
    assert unused == set()


@pytest.fixture
def workflow(account: Any) -> Workflow:
    with scope(account=account):
        return Workflow.objects.create(account=account, name="Accueil")


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(editor, "built_files", lambda: (["/static/editor/main.js"], ["/static/editor/main.css"]))


def page(client: Any, workflow: Workflow, query: str = "") -> str:
    response = client.get(reverse("admin:workflows_workflow_change", args=[workflow.pk]) + query)
    assert response.status_code == 200
    html: str = response.content.decode()
    return html


@pytest.mark.usefixtures("built")
def test_the_editor_comes_with_its_texts_and_without_inline_scripts(
    client_for: Any, editor_user: Any, workflow: Workflow
) -> None:
    html = page(client_for(editor_user), workflow)
    mount = re.search(r'<div id="workflow-editor"[^>]*>', html)
    assert mount is not None
    assert f'data-workflow="{workflow.pk}"' in mount[0]
    assert '<script type="module" src="/static/editor/main.js">' in html
    kinds = re.findall(r"<script(?![^>]*\bsrc=)([^>]*)>", html)
    assert all('type="application/json"' in attributes for attributes in kinds)
    # What the editor takes the place of is there for those who have no scripts.
    assert 'name="graph"' in html


@pytest.mark.usefixtures("built")
def test_the_graph_can_be_edited_as_json_although_there_is_an_editor(
    client_for: Any, editor_user: Any, workflow: Workflow
) -> None:
    html = page(client_for(editor_user), workflow, "?json")
    assert "workflow-editor" not in html
    assert 'name="graph"' in html


def test_without_the_built_editor_a_sentence_says_why_there_is_json(
    client_for: Any, editor_user: Any, workflow: Workflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(editor, "built_files", lambda: ([], []))
    html = page(client_for(editor_user), workflow)
    assert "workflow-graph-note" in html
    assert 'name="graph"' in html


def test_a_recorded_run_leads_to_the_editor_of_its_workflow(
    client_for: Any, editor_user: Any, account: Any, agent: Any, workflow: Workflow
) -> None:
    with scope(account=account):
        WorkflowAction.objects.create(agent=agent, moment="before", kind="workflow", name="look", workflow=workflow)
    client = client_for(editor_user)
    address = reverse("admin:workflows_workflow_of_action", args=[agent.pk, "before", "look"])
    answer = client.get(address + "?run=abc")
    assert answer.headers["Location"] == reverse("admin:workflows_workflow_change", args=[workflow.pk]) + "?run=abc"
    unknown = reverse("admin:workflows_workflow_of_action", args=[agent.pk, "before", "other"])
    assert client.get(unknown).status_code == 404


def test_a_manifest_that_cannot_be_read_means_no_editor(tmp_path: Path, settings: Any) -> None:
    settings.BASE_DIR = tmp_path
    assert editor.built_files() == ([], [])
    folder = tmp_path / "static" / "editor"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text("{")
    assert editor.built_files() == ([], [])
    (folder / "manifest.json").write_text(
        '{"src/main.tsx": {"file": "assets/main-1.js", "css": ["assets/main-1.css"]}}'
    )
    assert editor.built_files() == (["/static/editor/assets/main-1.js"], ["/static/editor/assets/main-1.css"])
