from __future__ import annotations

from typing import Any

import pytest
from django_scopes import scope

from accounts.models import Account
from actions.kinds.keypad import KeypadAction
from actions.models import Action, Agent
from actions.registry import kinds
from knowledge.models import Source
from notifications.models import SmsConnection
from tests.api.conftest import Api, fields_of
from workflows.models import Workflow

PATH = "agents/accueil/actions"

NUMBER: dict[str, Any] = {
    "type": "number",
    "phone": None,
    "sip_uri": None,
    "agent": None,
    "description": "",
    "enabled": True,
    "ring_time_s": None,
    "schedule": None,
    "time_slots": [],
}

READ_ONLY = {"updated_at": None, "destination_count": None}

COMPLETE: dict[str, dict[str, Any]] = {
    "hang_up": {
        "moment": "during",
        "attempts": 3,
        "try_first_texts": {"fr": "Proposez un rappel."},
        "goodbye_mode": "exact",
        "goodbye_texts": {"fr": "Au revoir."},
    },
    "keypad": {"moment": "during", "digits": "{{ params.pin }}#", "most_digits": 8, "secret": True},
    "wait": {"moment": "during", "longest_s": 30, "most_in_a_row": 3, "most_total_s": 120},
    "menu": {
        "moment": "during",
        "announcement_texts": {"fr": "Pour raccrocher, tapez 9."},
        "unknown_texts": {},
        "keys": [{"key": "9", "target": "goodbye", "arguments": {"reason": "caller_asked"}}],
    },
    "collect_digits": {
        "moment": "during",
        "variable": "pin",
        "least": 4,
        "most": 4,
        "terminator": "",
        "timeout_s": 8,
        "tries": 2,
        "secret": True,
        "message_mode": "example",
        "message_texts": {"fr": "Tapez votre code."},
        "message_after_ms": 0,
    },
    "workflow": {
        "moment": "before",
        "workflow": "Look the caller up",
        "timeout_s": 4,
        "parameters": [],
        "raw_schema": {},
        "message_mode": "none",
        "message_texts": {"fr": "Je regarde."},
        "message_after_ms": 0,
        "default_parameters": {"customerId": None},
        "failure_policy": "transfer",
        "failure_texts": {"fr": "Rappelez plus tard."},
        "failure_transfer_to": "+33199000050",
        "failure_action": None,
        "cache_enabled": True,
        "cache_keys": ["from", "context.customerId"],
        "cache_ttl_s": 604_800,
        "cache_if_missing": "default",
        "cache_default": "nobody",
        "cache_stale_s": 60,
        "cache_refresh_ahead": True,
        "labels": [],
        "labels_match": "all",
        "on_failure": "continue",
    },
    "transfer": {
        "moment": "during",
        "strategy": "in_order",
        "ring_time_s": 25,
        "total_ring_time_s": 90,
        "mode": "warm_header",
        "summary": "{{ params.customerId }}",
        "summary_header": "X-Summary",
        "caller_id": "fixed",
        "caller_id_number": "+33199000001",
        "sip_connection": None,
        "sip_headers": [{"name": "X-Customer", "value": "{{ params.customerId }}"}],
        "restricted": True,
        "schedule": None,
        "time_slots": [{"days": [0, 1], "from": "09:00", "to": "17:00"}],
        "message_mode": "exact",
        "message_texts": {"fr": "Je vous passe quelqu’un."},
        "message_after_ms": 0,
        "failure_texts": {"fr": "Personne ne répond."},
        "destinations": [
            {**NUMBER, "phone": "+33199000012", "description": "Claims", "ring_time_s": 40},
            {**NUMBER, "phone": "+33199000011", "description": "Sales", "enabled": False},
        ],
    },
    "sms": {
        "moment": "after",
        "connection": "Operator",
        "to": "{{ params.mobile }}",
        "text": "Thank you, {{ params.firstName }}.",
        "plain": False,
        "most_segments": 2,
        "too_long": "refuse",
        "schedule": None,
        "variables": [],
        "model_gives_number": False,
        "message_mode": "none",
        "message_texts": {},
        "message_after_ms": 0,
        "labels": [{"classifier": "Reason", "label": "Refund"}],
        "labels_match": "all",
        "on_failure": "continue",
    },
    "email": {
        "moment": "after",
        "subject": "Call from {{ interaction.ANI }}",
        "to": "team@lac.example",
        "cc": "",
        "bcc": "",
        "reply_to": "desk@lac.example",
        "language": "fr",
        "body_format": "text",
        "body": "{{ interaction.SUMMARY }}",
        "attachment": "txt",
        "recording_link": "{{ interaction.RECORDING_URL }}",
        "labels": [{"classifier": "Reason", "label": "Refund"}],
        "labels_match": "any",
        "on_failure": "stop",
    },
    "webhook": {
        "moment": "after",
        "url": "https://hooks.lac.example/calls",
        "auth_profile": "",
        "signed_as": None,
        "headers": [{"name": "X-Customer", "value": "{{ params.customerId }}"}],
        "body": {"customer": "{{ params.customerId }}"},
        "labels": [{"classifier": "Reason", "label": "Refund"}],
        "labels_match": "all",
        "on_failure": "stop",
    },
    "knowledge": {
        "moment": "during",
        "source": "Contract",
        "most_passages": 3,
        "minimum_score": 0.4,
        "most_tokens": 900,
        "message_mode": "exact",
        "message_texts": {"fr": "Je regarde."},
        "message_after_ms": 800,
    },
}

pytestmark = pytest.mark.usefixtures("classified_agent", "workflow", "source", "operator", "goodbye")


@pytest.fixture
def goodbye(agent: Agent) -> Action:
    """What the menu leads to; no action of the agent named in the tests."""
    with scope(account=agent.account):
        return KeypadAction.objects.create(agent=agent, moment="during", name="goodbye", position=99, enabled=False)


@pytest.fixture
def source(account: Account) -> Source:
    with scope(account=account):
        return Source.objects.create(account=account, name="Contract")


@pytest.fixture
def operator(account: Account) -> SmsConnection:
    with scope(account=account):
        return SmsConnection.objects.create(
            account=account, name="Operator", provider="http", settings={"url": "https://sms.example/send"}
        )


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
    assert {**answer, **READ_ONLY} == {**body, **READ_ONLY}
    assert answer["updated_at"]
    fetched = api.get(f"{PATH}/my-{kind}").json()
    assert {**fetched, **READ_ONLY} == {**body, **READ_ONLY}
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
        "sms": {"connection": "Operator", "text": "Thank you."},
        "webhook": {"url": "https://hooks.lac.example/calls"},
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
    assert [{name: row[name] for name in ("phone", "description")} for row in answer.json()["destinations"]] == wanted
    assert api.get(f"{PATH}/my-transfer").json()["destinations"] == answer.json()["destinations"]
    assert api.get(f"{PATH}/my-transfer").json()["ring_time_s"] == 25


def test_numbers_are_stored_without_the_spaces_people_type(api: Api) -> None:
    spaced = body_of("transfer", destinations=[{"phone": "+33 1 99 00 00 11"}, {"phone": "+33 199 00 00 11"}])
    assert fields_of(api.post(PATH, spaced)) == {"destinations.1"}
    answer = api.post(PATH, body_of("transfer", destinations=[{"phone": "+33 1 99 00 00 11"}]))
    assert answer.json()["destinations"] == [{**NUMBER, "phone": "+33199000011"}]


def test_a_transfer_goes_to_sip_addresses_and_other_agents_too(api: Api) -> None:
    api.post("agents", {"name": "Nuit", "slug": "nuit"})
    wanted = [{"type": "sip_uri", "sip_uri": "SIP:garde@pbx.example"}, {"type": "agent", "agent": "nuit"}]
    created = api.post(PATH, body_of("transfer", destinations=wanted))
    assert created.status_code == 201, created.content
    again = api.put(f"{PATH}/my-transfer", created.json())
    assert [(row["sip_uri"], row["agent"]) for row in again.json()["destinations"]] == [
        ("sip:garde@pbx.example", None),
        (None, "nuit"),
    ]


def test_another_accounts_agents_connections_and_schedules_do_not_exist(api: Api, stranger_api: Api) -> None:
    stranger_api.post("agents", {"name": "Secret", "slug": "secret"})
    assert stranger_api.post("sip-connections", {"name": "Secret", "host": "sip.example"}).status_code == 201
    stranger_api.post("schedules", {"name": "Secret", "time_zone": "Europe/Paris"})
    agent = api.post(PATH, body_of("transfer", destinations=[{"type": "agent", "agent": "secret"}]))
    assert fields_of(agent) == {"destinations.0.agent"}
    assert fields_of(api.post(PATH, body_of("transfer", sip_connection="Secret"))) == {"sip_connection"}
    assert fields_of(api.post(PATH, body_of("transfer", schedule="Secret"))) == {"schedule"}


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
        ("hang_up", {"try_first_texts": {"de": "?"}}, "try_first_texts"),
        ("hang_up", {"goodbye_mode": "sing"}, "goodbye_mode"),
        ("hang_up", {"goodbye_texts": {"fr": None}}, "goodbye_texts"),
        ("keypad", {"most_digits": 33}, "most_digits"),
        ("keypad", {"most_digits": 0}, "most_digits"),
        ("keypad", {"digits": "1" * 201}, "digits"),
        ("wait", {"longest_s": 301}, "longest_s"),
        ("wait", {"most_in_a_row": 0}, "most_in_a_row"),
        ("wait", {"most_total_s": 3601}, "most_total_s"),
        ("menu", {"keys": [{"key": "E", "target": "goodbye"}]}, "keys"),
        ("menu", {"keys": [{"key": "1", "target": "nothing"}]}, "keys"),
        ("menu", {"keys": [{"key": "1", "target": 7}]}, "keys"),
        ("menu", {"keys": [{"key": "1"}]}, "keys"),
        ("menu", {"keys": [{"key": "1", "target": "goodbye", "arguments": [1]}]}, "keys"),
        ("menu", {"keys": [{"key": "1", "target": "goodbye"}] * 2}, "keys"),
        ("menu", {"announcement_texts": {"fr": 3}}, "announcement_texts"),
        ("collect_digits", {"variable": "no name"}, "variable"),
        ("collect_digits", {"variable": "1st"}, "variable"),
        ("collect_digits", {"variable": "pin!"}, "variable"),
        ("collect_digits", {"least": 0}, "least"),
        ("collect_digits", {"most": 33}, "most"),
        ("collect_digits", {"terminator": "5"}, "terminator"),
        ("collect_digits", {"timeout_s": 61}, "timeout_s"),
        ("collect_digits", {"tries": 6}, "tries"),
        ("hang_up", {"position": -1}, "position"),
        ("sms", {"connection": "Nobody"}, "connection"),
        ("sms", {"most_segments": 0}, "most_segments"),
        ("sms", {"most_segments": 11}, "most_segments"),
        ("sms", {"too_long": "shout"}, "too_long"),
        ("sms", {"text": ""}, "text"),
        ("sms", {"text": "x" * 4001}, "text"),
        ("sms", {"variables": [{"name": "a b"}]}, "variables"),
        ("sms", {"variables": {"a": 1}}, "variables"),
        ("sms", {"variables": [None]}, "variables"),
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
        ("workflow", {"message_texts": {"xx": "?"}}, "message_texts"),
        ("workflow", {"message_texts": {"fr": 1}}, "message_texts"),
        ("workflow", {"message_texts": ["Je regarde."]}, "message_texts"),
        ("workflow", {"message_texts": {"fr": "x" * 501}}, "message_texts"),
        ("workflow", {"message_mode": "shout"}, "message_mode"),
        ("workflow", {"message_after_ms": 10_001}, "message_after_ms"),
        ("workflow", {"cache_ttl_s": 299}, "cache_ttl_s"),
        ("workflow", {"cache_ttl_s": 604_801}, "cache_ttl_s"),
        ("workflow", {"cache_stale_s": 604_801}, "cache_stale_s"),
        ("workflow", {"cache_keys": ["nothing.here"]}, "cache_keys"),
        ("workflow", {"cache_keys": [["from"]]}, "cache_keys"),
        ("workflow", {"cache_keys": {"from": 1}}, "cache_keys"),
        ("workflow", {"cache_keys": ["$["]}, "cache_keys"),
        ("workflow", {"cache_if_missing": "guess"}, "cache_if_missing"),
        ("workflow", {"failure_policy": "pray"}, "failure_policy"),
        ("workflow", {"failure_transfer_to": "somebody"}, "failure_transfer_to"),
        ("workflow", {"failure_action": "nothing"}, "failure_action"),
        ("transfer", {"ring_time_s": 4}, "ring_time_s"),
        ("transfer", {"ring_time_s": 46}, "ring_time_s"),
        ("transfer", {"sip_headers": {"X-A": "1"}}, "sip_headers"),
        ("transfer", {"sip_headers": [{"name": "Via", "value": "x"}]}, "sip_headers"),
        ("transfer", {"destinations": {}}, "destinations"),
        ("transfer", {"destinations": [{"description": "no number"}]}, "destinations.0.phone"),
        ("transfer", {"destinations": [{"phone": "+33199000011"}, {"phone": "12"}]}, "destinations.1.phone"),
        ("transfer", {"destinations": [{"phone": "+33199000011", "colour": 1}]}, "destinations.0.colour"),
        ("transfer", {"destinations": [{"type": "sip_uri", "phone": "+33199000011"}]}, "destinations.0.sip_uri"),
        ("transfer", {"destinations": [{"type": "sip_uri", "sip_uri": "sip:a@b\r\nVia: x"}]}, "destinations.0.sip_uri"),
        ("transfer", {"destinations": [{"type": "sip_uri", "sip_uri": "tel:+331"}]}, "destinations.0.sip_uri"),
        ("transfer", {"destinations": [{"type": "agent", "agent": "nobody"}]}, "destinations.0.agent"),
        ("transfer", {"destinations": [{"type": "agent", "agent": "accueil"}]}, "destinations.0.agent"),
        ("transfer", {"destinations": [{"phone": "+33199000011", "ring_time_s": 46}]}, "destinations.0.ring_time_s"),
        ("transfer", {"sip_connection": "Nothing"}, "sip_connection"),
        ("transfer", {"strategy": "random"}, "strategy"),
        ("transfer", {"caller_id_number": "0612"}, "caller_id_number"),
        ("transfer", {"time_slots": [{"days": [9], "from": "09:00", "to": "10:00"}]}, "time_slots"),
        ("transfer", {"failure_texts": {"xx": "?"}}, "failure_texts"),
        ("email", {"to": ""}, "to"),
        ("email", {"subject": "x" * 256}, "subject"),
        ("email", {"labels": [{"classifier": "Reason", "label": "Nothing"}]}, "labels"),
        ("email", {"labels": [{"classifier": "Reason"}]}, "labels"),
        ("email", {"labels": ["Refund"]}, "labels"),
        ("email", {"labels": "Refund"}, "labels"),
        ("email", {"labels_match": "some"}, "labels_match"),
        ("email", {"on_failure": "explode"}, "on_failure"),
        ("workflow", {"labels": [{"classifier": "Reason", "label": "Refund"}]}, "labels"),
        ("workflow", {"labels_match": "any"}, "labels_match"),
        ("workflow", {"on_failure": "stop"}, "on_failure"),
        ("wait", {"on_failure": "stop"}, "on_failure"),
    ],
)
def test_what_does_not_fit_is_named(api: Api, agent: Agent, kind: str, change: dict[str, Any], field: str) -> None:
    answer = api.post(PATH, body_of(kind, **change))
    assert answer.status_code == 422
    assert field in {name if name.startswith("destinations") else name.split(".")[0] for name in fields_of(answer)}
    with scope(account=agent.account):
        assert not Action.objects.exclude(name="goodbye").exists()


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

    assert names("?moment=during")[-1] == "keypad"
    assert set(names()) == set(COMPLETE)
    assert (names()[0], names()[-1]) == ("workflow", "webhook")
    assert names("?moment=before") == ["workflow"]
    assert names("?kind=email") == ["email"]
    assert names("?enabled=false") == ["wait", "keypad"]
    assert api.get(f"{PATH}?moment=never").status_code == 422


@pytest.mark.parametrize("count", [1, 3])
def test_a_list_costs_as_many_queries_for_one_action_as_for_three(
    api: Api, count: int, django_assert_max_num_queries: Any
) -> None:
    for number in range(count):
        for kind in set(COMPLETE) - {"hang_up"}:
            api.post(PATH, body_of(kind, name=f"{kind}{number}"))
    with django_assert_max_num_queries(26):
        assert api.get(PATH).json()["count"] == (len(COMPLETE) - 1) * count + 1


def test_another_accounts_workflow_does_not_exist(api: Api, stranger_api: Api, workflow: Workflow) -> None:
    stranger_api.post("workflows", {"name": "Secret"})
    answer = api.post(PATH, body_of("workflow", workflow="Secret"))
    assert (answer.status_code, fields_of(answer)) == (422, {"workflow"})


def test_an_action_that_a_menu_leads_to_is_not_deleted_and_may_be_renamed(api: Api) -> None:
    api.post(PATH, body_of("menu"))
    assert api.delete(f"{PATH}/goodbye").status_code == 409
    assert api.patch(f"{PATH}/goodbye", {"name": "farewell"}).status_code == 200
    assert api.get(f"{PATH}/my-menu").json()["keys"][0]["target"] == "farewell"


def test_a_menu_does_not_lead_to_another_agents_action(api: Api) -> None:
    api.post("agents", {"name": "Second", "slug": "second"})
    api.post("agents/second/actions", body_of("wait", name="elsewhere"))
    answer = api.post(PATH, body_of("menu", keys=[{"key": "1", "target": "elsewhere"}]))
    assert (answer.status_code, fields_of(answer)) == (422, {"keys.0.target"})


def test_kinds_say_what_they_have_to_be_told(api: Api) -> None:
    answer = {kind["name"]: kind for kind in api.get("kinds").json()}
    assert set(answer) == set(COMPLETE)
    transfer = answer["transfer"]
    assert (transfer["moments"], transfer["once_per_agent"]) == (["during"], False)
    fields = {field["name"]: field for field in transfer["fields"]}
    assert fields["ring_time_s"].items() >= {"type": "integer", "required": False, "default": 20, "many": False}.items()
    assert [field["name"] for field in transfer["nested"][0]["fields"]][:5] == [
        *("type", "phone", "sip_uri", "agent", "description"),
    ]
    types = {field["name"]: (field["type"], field["many"]) for field in answer["email"]["fields"]}
    assert types["labels"] == ("label", True)
    assert {field["name"]: field["type"] for field in answer["workflow"]["fields"]}["workflow"] == "name"
    assert answer["hang_up"]["once_per_agent"] is True
