"""Node ``search_knowledge``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.conf import LazySettings
from django_scopes import scope

from accounts.models import Account
from knowledge import ingestion
from knowledge.models import Source
from tests.api.conftest import Api
from tests.workflows.support import call_context, graph, node
from workflows.graph import check_graph
from workflows.nodes.base import NodeContext, NodeError, NodeResult
from workflows.nodes.search_knowledge import SearchKnowledgeConfig, SearchKnowledgeNode

KIND = SearchKnowledgeNode()
ASKING = {"source": "Mutuelle", "query": "Comment {{ verb }} ?"}


@pytest.fixture
def source(account: Account, settings: LazySettings, tmp_path: Path) -> Iterator[Source]:
    settings.DATA_DIR = tmp_path
    with scope(account=account):
        source = Source.objects.create(account=account, name="Mutuelle")
        source.documents.create(title="Contrat", text="# Résiliation\n\nLe préavis est de deux mois pour résilier.")
        source.documents.create(title="Tarifs", text="# Prix\n\nLa cotisation est de 12 € par mois.")
        ingestion.ingest_source(source.pk)
        yield source


def run(config: dict[str, Any], account_id: int, **names: Any) -> tuple[NodeResult, NodeContext]:
    context = NodeContext(call_context(), "search", names)
    context.call.account_id = account_id
    return async_to_sync(KIND.run)(SearchKnowledgeConfig.model_validate(config), context), context


def test_it_keeps_what_is_found_in_variables(source: Source) -> None:
    result, context = run(ASKING, source.account_id, verb="résilier")

    (passage,) = result.variables["passages"]
    assert passage["document"] == "Contrat"
    assert passage["heading"] == "Résiliation"
    assert passage["text"] == "Le préavis est de deux mois pour résilier."
    assert passage["score"] == 1.0
    assert result.variables["passages_text"] == f"[Contrat › Résiliation]\n{passage['text']}"
    assert (result.output, context.input) == ("next", {"source": "Mutuelle", "query": "Comment résilier ?"})


def test_the_variable_may_have_another_name(source: Source) -> None:
    result, _context = run({**ASKING, "variable": "answer"}, source.account_id, verb="résilier")

    assert set(result.variables) == {"answer", "answer_text"}
    assert KIND.variables(SearchKnowledgeConfig.model_validate({**ASKING, "variable": "answer"})) == (
        "answer",
        "answer_text",
    )


@pytest.mark.parametrize(("branch", "output"), [(False, "next"), (True, "nothing_found")])
def test_nothing_found_goes_on_or_takes_its_own_branch(source: Source, branch: bool, output: str) -> None:
    result, _context = run({**ASKING, "branch_if_nothing": branch}, source.account_id, verb="voler")

    assert result.output == output
    assert result.variables == {"passages": [], "passages_text": ""}
    assert output in KIND.outputs(SearchKnowledgeConfig.model_validate({**ASKING, "branch_if_nothing": branch}))


def test_limit_and_minimum_score_are_kept(source: Source) -> None:
    asking = {"source": "Mutuelle", "query": "préavis cotisation", "minimum_score": 0}

    assert len(run(asking, source.account_id)[0].variables["passages"]) == 2
    assert len(run({**asking, "limit": 1}, source.account_id)[0].variables["passages"]) == 1
    assert run({**asking, "minimum_score": 0.9}, source.account_id)[0].variables["passages"] == []


def test_a_source_that_is_not_ready_is_an_error_with_its_own_code(source: Source) -> None:
    source.documents.all().delete()
    ingestion.ingest_source(source.pk)

    with pytest.raises(NodeError) as caught:
        run(ASKING, source.account_id, verb="résilier")
    assert (caught.value.code, caught.value.permanent) == ("source_empty", False)


def test_another_accounts_source_is_unknown(source: Source, other_account: Account) -> None:
    with pytest.raises(NodeError) as caught:
        run(ASKING, other_account.pk, verb="résilier")

    assert caught.value.code == "source_unknown"
    assert caught.value.message == "There is no source called “Mutuelle”."


def test_whether_the_source_exists_is_checked_in_the_account(source: Source, other_account: Account) -> None:
    config = SearchKnowledgeConfig.model_validate(ASKING)

    assert KIND.check_in_account(config, source.account_id) == []
    with scope(account=other_account):
        ((field, message),) = KIND.check_in_account(config, other_account.pk)
    assert field == "source"
    assert "Mutuelle" in str(message)


@pytest.mark.parametrize(
    ("config", "field"),
    [
        ({"query": "a"}, "source"),
        ({"source": "Mutuelle"}, "query"),
        ({**ASKING, "limit": 11}, "limit"),
        ({**ASKING, "minimum_score": 2}, "minimum_score"),
        ({**ASKING, "variable": "system"}, "variable"),
        ({**ASKING, "query": "{{ a"}, "query"),
    ],
)
def test_a_wrong_setting_is_told_at_its_field(config: dict[str, Any], field: str) -> None:
    errors = check_graph(
        graph(node("look", "search_knowledge", **config), "start > look"), "during", flat_names=["verb"]
    )

    assert [(error.node_id, error.field) for error in errors] == [("look", field)]


def test_its_variables_are_known_after_it() -> None:
    after = node("keep", "set_variable", variables=[{"variable": "a", "value": "{{ passages_text }}{{ passages }}"}])

    assert (
        check_graph(
            graph(node("look", "search_knowledge", **ASKING), after, "start > look > keep"),
            "during",
            flat_names=["verb"],
        )
        == []
    )


def test_an_unknown_source_is_told_at_its_field_and_known_ones_are_offered(source: Source, api_key: str) -> None:
    api = Api(api_key)
    start, edges = {"id": "start", "kind": "start"}, [{"source": "start", "target": "look"}]

    def check(name: str) -> Any:
        look = {"id": "look", "kind": "search_knowledge", "config": {"source": name, "query": "préavis"}}
        body = {"graph": {"nodes": [start, look], "edges": edges}, "moment": "during"}
        return api.post("workflows/check", body).json()["errors"]

    assert check("Mutuelle") == []
    assert [(error["node"], error["field"]) for error in check("Other")] == [("look", "source")]
    described = next(each for each in api.get("nodes").json() if each["name"] == "search_knowledge")
    form = next(each for each in described["fields"] if each["name"] == "source")
    assert [option["value"] for option in form["options"]] == ["Mutuelle"]
