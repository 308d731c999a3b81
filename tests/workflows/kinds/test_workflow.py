"""Kind ``workflow``: what can be published, what is frozen, what a run gives back."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db.models import RestrictedError
from django_scopes import scope
from jsonschema import Draft202012Validator

from accounts.models import Account
from actions.contract import ActionError, FreezeError, Moment
from actions.models import Agent
from actions.registry import kinds
from outbound.profiles import AuthProfile
from outbound.secrets import Secrets
from tests.workflows.support import call_context, graph, node
from workflows.kinds.workflow import WorkflowAction, WorkflowKind, WorkflowParams
from workflows.models import Workflow

pytestmark = pytest.mark.django_db
KIND = kinds.get("workflow")

ORDER = {"name": "order", "description": "The order's number.", "type": "string", "required": True}
STATUS = graph(node("end", "return", parameters={"seen": "{{ order }}"}, result={"is": "{{ order }}"}), "start > end")


@pytest.fixture(autouse=True)
def _in_account(account: Account) -> Iterator[None]:
    with scope(account=account):
        yield


def make(agent: Agent, drawn: Any, moment: str = "before", name: str = "look_up", **fields: Any) -> WorkflowAction:
    workflow = Workflow.objects.create(account=agent.account, name=name, graph=deepcopy(drawn))
    return WorkflowAction.objects.create(
        agent=agent, moment=moment, name=name, description="…", workflow=workflow, **fields
    )


def freeze_errors(action: WorkflowAction) -> dict[str, list[str]]:
    with pytest.raises(FreezeError) as raised:
        KIND.freeze(action)
    return {field: [str(text) for text in texts] for field, texts in raised.value.errors.items()}


def test_the_kind_is_there_at_every_moment() -> None:
    assert isinstance(KIND, WorkflowKind)
    assert KIND.moments == frozenset(Moment)


def test_a_row_knows_its_kind(agent: Agent) -> None:
    action = make(agent, STATUS, "during", parameters=[ORDER])

    action.full_clean()

    assert action.kind == "workflow"
    assert action.kind_object is KIND


def test_freezing_copies_the_graph(agent: Agent) -> None:
    action = make(agent, STATUS, "during", parameters=[ORDER], timeout_s=9, default_parameters={"vip": False})

    params = KIND.freeze(action)
    stored = params.model_dump(mode="json")
    action.workflow.graph["nodes"].clear()

    assert WorkflowParams.model_validate(stored) == params
    assert stored["graph"] == STATUS
    assert (params.timeout_s, KIND.time_limit_s(params)) == (9, 9)
    assert KIND.defaults_on_failure(params) == {"vip": False}


def test_the_tool_is_strict(agent: Agent) -> None:
    arguments = [ORDER, {"name": "count", "type": "integer"}, {"name": "urgent", "type": "boolean"}]
    drawn = graph(node("end", "return", result="{{ order }}{{ count }}{{ urgent }}"), "start > end")
    schema = KIND.arguments_schema(KIND.freeze(make(agent, drawn, "during", parameters=arguments)), "fr")

    assert schema == {
        "type": "object",
        "properties": {
            "order": {"type": "string", "description": "The order's number."},
            "count": {"type": "integer"},
            "urgent": {"type": "boolean"},
        },
        "required": ["order"],
        "additionalProperties": False,
    }
    Draft202012Validator.check_schema(schema)


def test_graph_errors_name_step_and_field(agent: Agent) -> None:
    drawn = graph(
        {**node("end", "return", parameters={"a": "{{ nobody }}"}, agent_configuration={}), "title": "Give back"},
        "start > end",
    )

    errors = freeze_errors(make(agent, drawn, "during"))

    assert errors["workflow"] == [
        "Step “Give back”, agent_configuration: The agent's configuration can be changed before the call only.",
        "Step “Give back”, parameters.a: “nobody” does not exist.",
    ]


def test_all_fields_are_checked_again(agent: Agent) -> None:
    action = make(
        agent,
        STATUS,
        "during",
        timeout_s=31,
        parameters=[ORDER, {"name": "system", "type": "date", "colour": 1}],
        default_parameters={"a b": 1},
    )

    errors = freeze_errors(action)

    assert set(errors) == {"timeout_s", "parameters", "default_parameters"}
    assert [text.partition(":")[0] for text in errors["parameters"]] == ["1.name", "1.type", "1.colour"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("timeout_s", 0),
        ("timeout_s", 31),
        ("parameters", {"name": "a"}),
        ("parameters", ["a"]),
        ("parameters", [{"type": "string"}]),
        ("parameters", [{"name": "a b"}]),
        ("parameters", [{"name": "interaction"}]),
        ("parameters", [{"name": "a", "type": "object"}]),
        ("parameters", [{"name": "a"}, {"name": "a"}]),
        ("default_parameters", ["a"]),
        ("default_parameters", {"é": 1}),
    ],
)
def test_wrong_settings_are_told_at_their_field(agent: Agent, field: str, value: Any) -> None:
    action = make(agent, graph(node("end", "return"), "start > end"))
    setattr(action, field, value)

    with pytest.raises(ValidationError) as raised:
        action.full_clean()

    assert set(raised.value.message_dict) == {field}


def test_another_accounts_workflow_does_not_exist(agent: Agent, other_account: Account) -> None:
    foreign = Workflow.objects.create(account=other_account, name="Theirs")
    action = WorkflowAction(agent=agent, moment="before", name="look_up", workflow=foreign)

    with pytest.raises(ValidationError) as raised:
        action.full_clean()
    assert "workflow" in raised.value.message_dict
    assert freeze_errors(action) == {"workflow": ["This workflow does not exist."]}


def test_a_missing_workflow_is_told_at_its_field(agent: Agent) -> None:
    with pytest.raises(ValidationError) as raised:
        WorkflowAction(agent=agent, moment="before", name="look_up").full_clean()

    assert set(raised.value.message_dict) == {"workflow"}


def test_a_workflow_in_use_cannot_be_deleted(agent: Agent) -> None:
    action = make(agent, STATUS, "during", parameters=[ORDER])

    with pytest.raises(RestrictedError):
        action.workflow.delete()


def test_what_another_workflow_of_the_agent_returns_is_known(agent: Agent) -> None:
    using = make(agent, graph(node("end", "return", result="{{ tier }}{{ vip }}"), "start > end"), "during", "use")
    assert len(freeze_errors(using)["workflow"]) == 2

    first = graph(node("end", "return", parameters={"tier": "gold"}), "start > end")
    make(agent, first, "before", default_parameters={"vip": False})

    assert KIND.freeze(using).graph.graph() == using.workflow.graph


def test_arguments_are_known_during_the_call_only(agent: Agent) -> None:
    assert KIND.freeze(make(agent, STATUS, "during", "a", parameters=[ORDER]))
    assert "workflow" in freeze_errors(make(agent, STATUS, "after", "b", parameters=[ORDER]))


def test_credentials_must_exist_when_it_is_published(agent: Agent) -> None:
    ask = node("ask", "api_request", url="https://crm.example/", auth_profile="crm")
    action = make(agent, graph(ask, "start > ask"))
    assert freeze_errors(action)["workflow"] == ["Step “ask”, auth_profile: There are no credentials called “crm”."]

    profile = AuthProfile(account=agent.account, name="crm", kind="bearer")
    profile.new_secrets = Secrets({"token": "t"})
    profile.save()

    assert KIND.freeze(action).graph.graph() == action.workflow.graph


async def run(drawn: Any, moment: Moment, **given: Any) -> Any:
    declared = [{"name": name} for name in given]
    params = WorkflowParams.model_validate({"graph": drawn, "arguments": declared})
    return await KIND.run(params, call_context(moment=moment), given)


async def test_during_the_call_the_model_is_told_the_result() -> None:
    outcome = await run(STATUS, Moment.DURING, order="A-17")

    assert outcome.result == {"is": "A-17"}
    assert outcome.variables == {"seen": "A-17"}


async def test_without_a_result_the_model_is_told_the_parameters() -> None:
    drawn = graph(node("end", "return", parameters={"seen": "{{ order }}"}), "start > end")

    outcome = await run(drawn, Moment.DURING, order="A-17")

    assert outcome.result == outcome.variables == {"seen": "A-17"}


async def test_an_argument_that_was_not_given_is_null() -> None:
    drawn = graph(node("end", "return", result={"order": "{{ order }}"}), "start > end")
    context = call_context(moment=Moment.DURING)
    params = WorkflowParams.model_validate({"graph": drawn, "arguments": [{**ORDER, "required": False}]})

    outcome = await KIND.run(params, context, {})

    assert outcome.result == {"order": None}
    assert context.warnings == []


async def test_an_argument_that_was_not_given_hides_no_parameter_of_the_call() -> None:
    drawn = graph(node("end", "return", result="{{ order }}"), "start > end")
    params = WorkflowParams.model_validate({"graph": drawn, "arguments": [{"name": "order"}]})

    outcome = await KIND.run(params, call_context({"order": "B-1"}, moment=Moment.DURING), {})

    assert outcome.result == "B-1"


async def test_before_the_call_parameters_and_agent_configuration_are_given_back() -> None:
    drawn = graph(
        node("end", "return", parameters={"vip": True}, result="unused", agent_configuration={"prompt": "Hello"}),
        "start > end",
    )

    outcome = await run(drawn, Moment.BEFORE)

    assert outcome.variables == {"vip": True}
    assert outcome.agent_configuration == {"prompt": "Hello"}
    assert outcome.result is None


async def test_a_workflow_without_return_gives_nothing_back() -> None:
    outcome = await run({"nodes": [{"id": "start", "kind": "start"}]}, Moment.AFTER)

    assert (outcome.result, outcome.variables, outcome.agent_configuration) == (None, {}, None)


async def test_a_failing_workflow_fails_the_run() -> None:
    drawn = graph(node("end", "return", agent_configuration="{{ order }}"), "start > end")

    with pytest.raises(ActionError, match="Step “end”"):
        await run(drawn, Moment.DURING, order="A-17")


def test_a_graph_that_cannot_run_is_no_plan() -> None:
    with pytest.raises(ValueError, match="start"):
        WorkflowParams.model_validate({"graph": {"nodes": []}})


def test_a_plan_comes_compiled() -> None:
    assert "compiled" in WorkflowParams.model_validate({"graph": STATUS}).__dict__


def test_what_callers_type_is_a_name_that_a_workflow_knows(agent: Agent, account: Account) -> None:
    from actions.kinds.collect_digits import CollectDigitsAction
    from workflows.callers import parameters_of

    with scope(account=account):
        CollectDigitsAction.objects.create(agent=agent, moment="during", name="ask", variable="pin")
        CollectDigitsAction.objects.create(agent=agent, moment="during", name="off", variable="gone", enabled=False)
        assert parameters_of(agent) == {"pin"}
