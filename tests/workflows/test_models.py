"""Workflows as rows."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django_scopes import ScopeError, scope

from accounts.models import Account
from tests.workflows.support import START, graph, node
from workflows.models import Workflow

pytestmark = pytest.mark.django_db


def test_a_new_workflow_is_sound(account: Account) -> None:
    workflow = Workflow(account=account, name="Look up")

    with scope(account=account):
        workflow.full_clean()
        workflow.save()

    assert [each["kind"] for each in workflow.graph["nodes"]] == ["start", "return"]
    assert str(workflow) == "Look up"


def test_workflows_are_read_inside_their_account_only(account: Account, other_account: Account) -> None:
    Workflow.objects.create(account=account, name="Look up")

    with pytest.raises(ScopeError):
        Workflow.objects.count()
    with scope(account=other_account):
        assert Workflow.objects.count() == 0
    with scope(account=account):
        assert Workflow.objects.count() == 1


def test_two_workflows_of_an_account_differ_by_name(account: Account, other_account: Account) -> None:
    Workflow.objects.create(account=account, name="Look up")

    with scope(account=account), pytest.raises(ValidationError, match="this name already"):
        Workflow(account=account, name="Look up").full_clean()
    with scope(account=other_account):
        Workflow(account=other_account, name="Look up").full_clean()


def test_all_errors_of_a_graph_are_told_with_step_and_field(account: Account) -> None:
    drawn = graph(
        {**node("ask", "api_request", url="crm"), "title": "Look up"}, node("set", "set_variable"), "start > ask > set"
    )

    with scope(account=account), pytest.raises(ValidationError) as raised:
        Workflow(account=account, name="Look up", graph=drawn).full_clean()

    texts = raised.value.message_dict["graph"]
    assert texts[0].startswith("Step “Look up”, url: The address must begin")
    assert texts[1] == "Step “set”, variables: This is required."


@pytest.mark.parametrize(
    "drawn", [[], "text", {"nodes": 1}, {"nodes": [1]}, {"nodes": [{"id": []}]}, {"nodes": [START] * 201}]
)
def test_what_is_no_graph_is_refused(account: Account, drawn: object) -> None:
    with scope(account=account), pytest.raises(ValidationError) as raised:
        Workflow(account=account, name="Look up", graph=drawn).full_clean()

    assert set(raised.value.message_dict) == {"graph"}
