from __future__ import annotations

from typing import Any

import pytest
from django_scopes import scope

from accounts.models import Account
from actions.models import Agent
from tests.api.conftest import GRAPH, Api, fields_of
from workflows.models import Workflow


def lookup(**config: Any) -> dict[str, Any]:
    """A graph whose one step asks another system."""
    node = {"id": "lookup", "kind": "api_request", "config": config}
    edges = [{"source": "start", "target": "lookup"}, {"source": "lookup", "target": "answer"}]
    return {"nodes": [GRAPH["nodes"][0], node, GRAPH["nodes"][1]], "edges": edges}


def test_a_workflow_is_created_read_replaced_and_deleted(api: Api) -> None:
    graph = lookup(method="GET", url="https://crm.example/customers/{{ interaction.ANI }}")
    created = api.post("workflows", {"name": "Customer", "description": "From the CRM", "graph": graph})
    assert created.status_code == 201, created.content
    path = f"workflows/{created.json()['id']}"
    assert api.get(path).json() == created.json()
    assert created.json()["graph"] == graph
    assert api.patch(path, {"name": "Caller"}).json()["graph"] == graph
    assert [each["name"] for each in api.get("workflows?name=Caller").json()["results"]] == ["Caller"]
    replaced = api.put(path, {"name": "Empty"}).json()
    assert (replaced["description"], len(replaced["graph"]["nodes"])) == ("", 2)
    assert api.delete(path).status_code == 204
    assert api.get(path).status_code == 404


@pytest.mark.parametrize(
    ("graph", "field"),
    [
        (None, "graph"),
        ("text", "graph"),
        ([], "graph"),
        ({}, "graph.nodes"),
        ({"nodes": []}, "graph"),
        ({"nodes": {}}, "graph.nodes"),
        ({**GRAPH, "colour": 1}, "graph.colour"),
        ({**GRAPH, "edges": [*GRAPH["edges"], {"source": "answer", "target": "nowhere"}]}, "graph.edges.1"),
        ({**GRAPH, "nodes": [*GRAPH["nodes"], {"id": "x", "kind": "dance"}]}, "graph.nodes.x.kind"),
        ({**GRAPH, "edges": []}, "graph.nodes.answer"),
        (lookup(method="GET"), "graph.nodes.lookup.url"),
        (lookup(method="GET", url="https://crm.example/{{ 1 + }}"), "graph.nodes.lookup.url"),
        (lookup(method="YELL", url="https://crm.example/"), "graph.nodes.lookup.method"),
        (lookup(method="GET", url="https://crm.example/", speed=1), "graph.nodes.lookup.speed"),
    ],
)
def test_an_error_in_a_graph_is_told_at_its_step_and_setting(api: Api, account: Any, graph: Any, field: str) -> None:
    answer = api.post("workflows", {"name": "Broken", "graph": graph})
    assert answer.status_code == 422
    assert field in fields_of(answer)
    with scope(account=account):
        assert not Workflow.objects.exists()


def test_all_errors_of_a_graph_are_told_at_once(api: Api) -> None:
    broken = lookup(method="YELL")
    broken["nodes"].append({"id": "island", "kind": "return", "config": {}})
    answer = api.post("workflows", {"graph": broken})
    assert fields_of(answer) >= {
        "name",
        "graph.nodes.lookup.method",
        "graph.nodes.lookup.url",
        "graph.nodes.island",
    }


def test_a_name_is_given_once_per_account(api: Api, stranger_api: Api, workflow: Workflow) -> None:
    taken = api.post("workflows", {"name": workflow.name})
    assert (taken.status_code, fields_of(taken)) == (422, {"name"})
    assert stranger_api.post("workflows", {"name": workflow.name}).status_code == 201
    assert api.patch(f"workflows/{workflow.pk}", {"name": workflow.name}).status_code == 200


def test_a_workflow_that_an_action_runs_stays(api: Api, agent: Agent, workflow: Workflow) -> None:
    action = {"kind": "workflow", "moment": "before", "name": "look-up", "workflow": workflow.name}
    assert api.post("agents/accueil/actions", action).status_code == 201
    refused = api.delete(f"workflows/{workflow.pk}")
    assert (refused.status_code, refused.json()["code"]) == (409, "in_use")
    assert "look-up" in refused.json()["detail"]
    assert api.delete("agents/accueil/actions/look-up").status_code == 204
    assert api.delete(f"workflows/{workflow.pk}").status_code == 204


@pytest.mark.parametrize("pk", ["0", "999999999999999999", "abc", "1.5", "-1"])
def test_an_id_that_leads_nowhere_is_not_found(api: Api, account: Account, pk: str) -> None:
    assert api.get(f"workflows/{pk}").status_code == 404
