from __future__ import annotations

from typing import Any

import pytest
from django_scopes import scope

from accounts.models import Account
from actions.models import Action, Agent
from actions.registry import kinds
from knowledge.models import Source
from tests.api.conftest import Api, fields_of
from workflows.models import Workflow

PATH = "agents/accueil/actions"

COMPLETE: dict[str, dict[str, Any]] = {
    "hang_up": {"moment": "during", "attempts": 3},
    "keypad": {"moment": "during"},
    "wait": {"moment": "during"},
    "workflow": {
        "moment": "before",
        "workflow": "Look the caller up",
        "timeout_s": 4,
        "parameters": [],
        "raw_schema": {},
        "speaks_before": False,
        "before_texts": {"fr": "Je regarde."},
        "default_parameters": {"customerId": None},
    },
    "transfer": {
        "moment": "during",
        "ring_time_s": 25,
        "sip_headers": [{"name": "X-Customer", "value": "{{ params.customerId }}"}],
        "destinations": [
            {"phone": "+33199000012", "description": "Claims"},
            {"phone": "+33199000011", "description": "Sales"},
        ],
    },
    "email": {
        "moment": "after",
        "subject": "Call from {{ interaction.ANI }}",
        "to": "team@lac.example",
        "cc": "",
        "bcc": "",
        "body": "{{ interaction.SUMMARY }}",
        "labels": [{"classifier": "Reason", "label": "Refund"}],
    },
    "knowledge": {
        "moment": "during",
        "source": "Contract",
        "message_before_enabled": True,
        "message_before": "Je regarde.",
    },
}

pytestmark = pytest.mark.usefixtures("classified_agent", "workflow", "source")


@pytest.fixture
def source(account: Account) -> Source:
    with scope(account=account):
        return Source.objects.create(account=account, name="Contract")


def body_of(kind: str, /, **changes: Any) -> dict[str, Any]:
    return {"kind": kind, "name": f"my-{kind}", "description": "When asked.", **COMPLETE[kind], **changes}


def test_every_kind_is_covered_here() -> None:
    assert set(COMPLETE) == {kind.name for kind in kinds}


@pytest.mark.parametrize("kind", COMPLETE)
def test_an_action_is_created_read_replaced_and_deleted(api: Api, kind: str) -> None:
    body = body_of(kind, enabled=False, position=3)
    created = api.post(PATH, body)
    assert created.status_code == 201, created.content
    answer = created.json()
    assert answer.pop("updated_at")
    assert answer == body
    fetched = api.get(f"{PATH}/my-{kind}").json()
    assert {**fetched, "updated_at": None} == {**body, "updated_at": None}
    assert api.put(f"{PATH}/my-{kind}", {**fetched, "enabled": True}).json()["enabled"] is True
    assert api.patch(f"{PATH}/my-{kind}", {"name": "renamed"}).json()["name"] == "renamed"
    assert api.get(f"{PATH}/my-{kind}").status_code == 404
    assert api.delete(f"{PATH}/renamed").status_code == 204
    assert api.get(f"{PATH}/renamed").status_code == 404


@pytest.mark.parametrize("kind", COMPLETE)
def test_an_action_may_be_given_the_least_that_its_kind_needs(api: Api, kind: str) -> None:
    needed = {
        "workflow": {"workflow": "Look the caller up"},
        "email": {"subject": "A call", "to": "team@lac.example"},
        "knowledge": {"source": "Contract"},
    }
    least = {"kind": kind, "name": "least", "moment": COMPLETE[kind]["moment"], **needed.get(kind, {})}
    created = api.post(PATH, least)
    assert created.status_code == 201, created.content
    assert created.json().items() >= {**least, "enabled": True, "position": 0, "description": ""}.items()


def test_put_gives_what_is_left_out_its_default(api: Api) -> None:
    api.post(PATH, body_of("transfer"))
    replaced = api.put(f"{PATH}/my-transfer", {"kind": "transfer", "moment": "during", "name": "my-transfer"}).json()
    assert (replaced["ring_time_s"], replaced["sip_headers"], replaced["destinations"]) == (20, [], [])


def test_nested_rows_are_replaced_as_a_whole_in_the_order_given(api: Api) -> None:
    api.post(PATH, body_of("transfer"))
    wanted = [
        {"phone": "+33199000013", "description": "Night"},
        {"phone": "+33199000011", "description": "Sales, days"},
    ]
    answer = api.patch(f"{PATH}/my-transfer", {"destinations": wanted})
    assert answer.json()["destinations"] == wanted
    assert api.get(f"{PATH}/my-transfer").json()["destinations"] == wanted
    assert api.get(f"{PATH}/my-transfer").json()["ring_time_s"] == 25


def test_numbers_are_stored_without_the_spaces_people_type(api: Api) -> None:
    spaced = body_of("transfer", destinations=[{"phone": "+33 1 99 00 00 11"}, {"phone": "+33 199 00 00 11"}])
    assert fields_of(api.post(PATH, spaced)) == {"destinations.1"}
    answer = api.post(PATH, body_of("transfer", destinations=[{"phone": "+33 1 99 00 00 11"}]))
    assert answer.json()["destinations"] == [{"phone": "+33199000011", "description": ""}]


@pytest.mark.parametrize(
    ("kind", "change", "field"),
    [
        ("hang_up", {"name": ""}, "name"),
        ("hang_up", {"name": "with space"}, "name"),
        ("hang_up", {"name": "x" * 64}, "name"),
        ("hang_up", {"name": "é"}, "name"),
        ("hang_up", {"name": ["a"]}, "name"),
        ("hang_up", {"moment": "after"}, "moment"),
        ("hang_up", {"moment": "whenever"}, "moment"),
        ("hang_up", {"attempts": 0}, "attempts"),
        ("hang_up", {"attempts": 6}, "attempts"),
        ("hang_up", {"attempts": "many"}, "attempts"),
        ("hang_up", {"position": -1}, "position"),
        ("hang_up", {"position": 40_000}, "position"),
        ("hang_up", {"enabled": "perhaps"}, "enabled"),
        ("hang_up", {"ring_time_s": 20}, "ring_time_s"),
        ("hang_up", {"kind": "dance"}, "kind"),
        ("hang_up", {"kind": None}, "kind"),
        ("hang_up", {"kind": ["hang_up"]}, "kind"),
        ("workflow", {"workflow": "Nothing"}, "workflow"),
        ("workflow", {"workflow": 1}, "workflow"),
        ("workflow", {"workflow": {}}, "workflow"),
        ("workflow", {"workflow": None}, "workflow"),
        ("workflow", {"timeout_s": 31}, "timeout_s"),
        ("workflow", {"parameters": "x"}, "parameters"),
        ("workflow", {"parameters": [{"name": "system"}]}, "parameters"),
        ("workflow", {"default_parameters": [1]}, "default_parameters"),
        ("workflow", {"raw_schema": {"type": "string"}}, "raw_schema"),
        ("workflow", {"raw_schema": {"type": "object", "$ref": "https://evil.example"}}, "raw_schema"),
        ("workflow", {"before_texts": {"xx": "?"}}, "before_texts"),
        ("transfer", {"ring_time_s": 4}, "ring_time_s"),
        ("transfer", {"ring_time_s": 46}, "ring_time_s"),
        ("transfer", {"sip_headers": {"X-A": "1"}}, "sip_headers"),
        ("transfer", {"sip_headers": [{"name": "Via", "value": "x"}]}, "sip_headers"),
        ("transfer", {"destinations": {}}, "destinations"),
        ("transfer", {"destinations": [{"description": "no number"}]}, "destinations.0.phone"),
        ("transfer", {"destinations": [{"phone": "+33199000011"}, {"phone": "12"}]}, "destinations.1.phone"),
        ("transfer", {"destinations": [{"phone": "+33199000011", "colour": 1}]}, "destinations.0.colour"),
        ("email", {"to": ""}, "to"),
        ("email", {"subject": "x" * 256}, "subject"),
        ("email", {"labels": [{"classifier": "Reason", "label": "Nothing"}]}, "labels"),
        ("email", {"labels": [{"classifier": "Reason"}]}, "labels"),
        ("email", {"labels": ["Refund"]}, "labels"),
        ("email", {"labels": "Refund"}, "labels"),
    ],
)
def test_what_does_not_fit_is_named(api: Api, agent: Agent, kind: str, change: dict[str, Any], field: str) -> None:
    answer = api.post(PATH, body_of(kind, **change))
    assert answer.status_code == 422
    assert field in {name if name.startswith("destinations") else name.split(".")[0] for name in fields_of(answer)}
    with scope(account=agent.account):
        assert not Action.objects.exists()


def test_a_name_is_given_once_per_agent(api: Api) -> None:
    api.post(PATH, body_of("keypad", name="same"))
    taken = api.post(PATH, body_of("wait", name="same"))
    assert (taken.status_code, fields_of(taken)) == (422, {"name"})
    api.post("agents", {"name": "Second", "slug": "second"})
    assert api.post("agents/second/actions", body_of("wait", name="same")).status_code == 201


def test_an_agent_hangs_up_in_one_way(api: Api) -> None:
    api.post(PATH, body_of("hang_up"))
    second = api.post(PATH, body_of("hang_up", name="another"))
    assert (second.status_code, fields_of(second)) == (422, {"kind"})
    assert api.patch(f"{PATH}/my-hang_up", {"attempts": 5}).status_code == 200


def test_the_kind_of_an_action_never_changes(api: Api) -> None:
    api.post(PATH, body_of("keypad"))
    refused = api.patch(f"{PATH}/my-keypad", {"kind": "wait"})
    assert (refused.status_code, fields_of(refused)) == (422, {"kind"})
    assert api.get(f"{PATH}/my-keypad").json()["kind"] == "keypad"


def test_a_refused_change_changes_nothing(api: Api) -> None:
    before = api.post(PATH, body_of("transfer")).json()
    wrong = {"ring_time_s": 30, "destinations": [{"phone": "+33199000019"}, {"phone": "+33199000019"}]}
    assert api.patch(f"{PATH}/my-transfer", wrong).status_code == 422
    assert api.get(f"{PATH}/my-transfer").json() == before


def test_lists_are_filtered_and_in_the_order_of_a_call(api: Api) -> None:
    for kind in COMPLETE:
        api.post(PATH, body_of(kind, enabled=kind != "wait"))

    def names(query: str = "") -> list[str]:
        return [action["kind"] for action in api.get(f"{PATH}{query}").json()["results"]]

    assert names() == ["workflow", "hang_up", "keypad", "wait", "transfer", "knowledge", "email"]
    assert names("?moment=before") == ["workflow"]
    assert names("?kind=email") == ["email"]
    assert names("?enabled=false") == ["wait"]
    assert api.get(f"{PATH}?moment=never").status_code == 422


@pytest.mark.parametrize("count", [1, 3])
def test_a_list_costs_as_many_queries_for_one_action_as_for_three(
    api: Api, count: int, django_assert_max_num_queries: Any
) -> None:
    for number in range(count):
        for kind in set(COMPLETE) - {"hang_up"}:
            api.post(PATH, body_of(kind, name=f"{kind}{number}"))
    with django_assert_max_num_queries(16):
        assert api.get(PATH).json()["count"] == 6 * count


def test_another_accounts_workflow_does_not_exist(api: Api, stranger_api: Api, workflow: Workflow) -> None:
    stranger_api.post("workflows", {"name": "Secret"})
    answer = api.post(PATH, body_of("workflow", workflow="Secret"))
    assert (answer.status_code, fields_of(answer)) == (422, {"workflow"})


def test_kinds_say_what_they_have_to_be_told(api: Api) -> None:
    answer = {kind["name"]: kind for kind in api.get("kinds").json()}
    assert set(answer) == set(COMPLETE)
    transfer = answer["transfer"]
    assert (transfer["moments"], transfer["once_per_agent"]) == (["during"], False)
    fields = {field["name"]: field for field in transfer["fields"]}
    assert fields["ring_time_s"].items() >= {"type": "integer", "required": False, "default": 20, "many": False}.items()
    assert [field["name"] for field in transfer["nested"][0]["fields"]] == ["phone", "description"]
    types = {field["name"]: (field["type"], field["many"]) for field in answer["email"]["fields"]}
    assert types["labels"] == ("label", True)
    assert {field["name"]: field["type"] for field in answer["workflow"]["fields"]}["workflow"] == "name"
    assert answer["hang_up"]["once_per_agent"] is True
