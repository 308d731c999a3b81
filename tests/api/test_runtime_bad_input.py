"""What a runtime may get wrong: a clear problem that names the member, nothing stored, nothing told of others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django_scopes import scope, scopes_disabled

from actions.kinds.hang_up import HangUpAction
from actions.models import Agent
from actions.releases import publish
from calls.models import Call, Event, Run
from tests.api.conftest import Api, fields_of
from tests.conftest import NUMBER, issue_key

NOBODY = "d5b3736b-3967-4447-a452-5d29ba4cd7e2"


def rows() -> tuple[int, ...]:
    with scopes_disabled():
        return tuple(model.objects.count() for model in (Call, Run, Event))


@pytest.fixture
def ready(agent: Agent) -> Agent:
    with scope(account=agent.account):
        HangUpAction.objects.create(agent=agent, moment="during", name="goodbye", attempts=2)
        publish(agent)
    return agent


@pytest.fixture
def call_id(api: Api, ready: Agent) -> str:
    call_id: str = api.post("calls", {"agent": "accueil", "external_id": "first"}).json()["id"]
    return call_id


@pytest.fixture
def nothing_stored(db: None) -> Iterator[None]:
    """Whatever the test sends, no call, run or event comes of it."""
    before = rows()
    yield
    assert rows() == before


# --- a call begins --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        ({"agent": "nobody"}, 404, "unknown_agent", "agent"),
        ({"agent": "x" * 64}, 422, "invalid_fields", "agent"),
        ({"to": "+33199000099"}, 404, "unknown_agent", "to"),
        ({}, 422, "invalid_fields", "agent"),
        ({"direction": "outbound", "to": NUMBER}, 422, "invalid_fields", "agent"),
        ({"agent": "accueil", "direction": "outbound"}, 422, "wrong_direction", "direction"),
        ({"agent": "accueil", "direction": "sideways"}, 422, "invalid_fields", "direction"),
        ({"agent": "accueil", "from": "x" * 256}, 422, "invalid_fields", "from"),
        ({"agent": "accueil", "from": ["+33"]}, 422, "invalid_fields", "from"),
        ({"agent": "accueil", "external_id": ""}, 422, "invalid_fields", "external_id"),
        ({"agent": "accueil", "external_id": "x" * 201}, 422, "invalid_fields", "external_id"),
        ({"agent": "accueil", "sip_headers": ["X-A"]}, 422, "invalid_fields", "sip_headers"),
        ({"agent": "accueil", "sip_headers": {"X-A": {}}}, 422, "invalid_fields", "sip_headers.X-A"),
        ({"agent": "accueil", "context": "text"}, 422, "invalid_fields", "context"),
        ({"agent": "accueil", "context": None}, 422, "invalid_fields", "context"),
        ({"agent": "accueil", "budget_ms": 0}, 422, "invalid_fields", "budget_ms"),
        ({"agent": "accueil", "budget_ms": 1e300}, 422, "invalid_fields", "budget_ms"),
        ({"agent": "accueil", "budget_ms": "soon"}, 422, "invalid_fields", "budget_ms"),
        ({"agent": "accueil", "colour": "red"}, 422, "invalid_fields", "colour"),
        (["agent"], 422, "invalid_fields", ""),
        ("agent", 422, "invalid_fields", ""),
        (7, 422, "invalid_fields", ""),
        (None, 422, "invalid_fields", "agent"),
    ],
)
@pytest.mark.usefixtures("nothing_stored")
def test_a_call_that_cannot_begin(api: Api, ready: Agent, body: Any, status: int, code: str, field: str) -> None:
    answer = api.post("calls", body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert field in fields_of(answer)


@pytest.mark.usefixtures("nothing_stored")
def test_an_agent_that_was_never_published(api: Api, agent: Agent) -> None:
    for body, field in ({"agent": "accueil"}, "agent"), ({"to": NUMBER}, "to"):
        answer = api.post("calls", body)
        assert (answer.status_code, answer.json()["code"]) == (409, "unpublished_agent")
        assert fields_of(answer) == {field}
    assert api.get("agents/accueil/tools").status_code == 409


def test_an_external_id_that_was_used_for_another_call(api: Api, call_id: str) -> None:
    before = rows()
    answer = api.post("calls", {"agent": "accueil", "external_id": "first", "from": "+33199000055"})
    assert (answer.status_code, answer.json()["code"]) == (409, "conflicting_repeat")
    assert fields_of(answer) == {"external_id"}
    assert rows() == before


# --- a tool call ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "body", "status", "code", "field"),
    [
        ("dance", {}, 404, "unknown_action", "name"),
        ("%C3%A9", {}, 404, "unknown_action", "name"),
        ("goodbye", {}, 422, "invalid_arguments", "arguments"),
        ("goodbye", None, 422, "invalid_arguments", "arguments"),
        ("goodbye", {"arguments": {"reason": "boredom"}}, 422, "invalid_arguments", "arguments.reason"),
        ("goodbye", {"arguments": {"reason": 7}}, 422, "invalid_arguments", "arguments.reason"),
        ("goodbye", {"arguments": {"reason": "no_progress", "x": 1}}, 422, "invalid_arguments", "arguments"),
        ("goodbye", {"arguments": ["no_progress"]}, 422, "invalid_fields", "arguments"),
        ("goodbye", {"arguments": '{"reason": "no_progress"}'}, 422, "invalid_fields", "arguments"),
        ("goodbye", {"reason": "no_progress"}, 422, "invalid_fields", "reason"),
        ("goodbye", {"tool_call_id": ""}, 422, "invalid_fields", "tool_call_id"),
        ("goodbye", {"tool_call_id": "x" * 201}, 422, "invalid_fields", "tool_call_id"),
        ("goodbye", {"budget_ms": -1}, 422, "invalid_fields", "budget_ms"),
    ],
)
def test_a_tool_call_that_does_not_fit(
    api: Api, call_id: str, name: str, body: Any, status: int, code: str, field: str
) -> None:
    before = rows()
    answer = api.post(f"calls/{call_id}/actions/{name}", body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert field in {each if each == field else each.split(".")[0] for each in fields_of(answer)}
    assert rows() == before


def test_a_tool_call_id_that_was_used_for_another_request(api: Api, call_id: str) -> None:
    path = f"calls/{call_id}/actions/goodbye"
    first = {"arguments": {"reason": "no_progress"}, "tool_call_id": "t1"}
    assert api.post(path, first).status_code == 200
    before = rows()
    answer = api.post(path, {**first, "arguments": {"reason": "goal_reached"}})
    assert (answer.status_code, answer.json()["code"], fields_of(answer)) == (
        409,
        "conflicting_repeat",
        {"tool_call_id"},
    )
    assert rows() == before


def test_a_tool_call_after_the_end(api: Api, call_id: str) -> None:
    assert api.post(f"calls/{call_id}/complete", {}).status_code == 202
    before = rows()
    answer = api.post(f"calls/{call_id}/actions/goodbye", {"arguments": {"reason": "no_progress"}})
    assert (answer.status_code, answer.json()["code"]) == (409, "call_ended")
    assert rows() == before


# --- events and the end ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("events", {}, "type"),
        ("events", {"type": ""}, "type"),
        ("events", {"type": "Transfer No Answer"}, "type"),
        ("events", {"type": "x" * 65}, "type"),
        ("events", {"type": "transfer.no_answer", "data": []}, "data"),
        ("events", {"type": "transfer.no_answer", "event_id": {}}, "event_id"),
        ("complete", {"duration_s": -1}, "duration_s"),
        ("complete", {"duration_s": "long"}, "duration_s"),
        ("complete", {"ended_at": "yesterday"}, "ended_at"),
        ("complete", {"transcript": "all of it"}, "transcript"),
        ("complete", {"transcript": [{"role": "caller"}]}, "transcript.0.text"),
        ("complete", {"transcript": [{"role": "ghost", "text": ""}]}, "transcript.0.role"),
        ("complete", {"transcript": [{"role": "agent", "text": "", "when": 1}]}, "transcript.0.when"),
        ("complete", {"classifications": [["Reason", "Refund"]]}, "classifications"),
        ("complete", {"classifications": {"Reason": None}}, "classifications.Reason"),
        ("complete", {"variables": "x"}, "variables"),
        ("complete", {"sumary": "x"}, "sumary"),
    ],
)
def test_a_report_that_does_not_fit(api: Api, call_id: str, path: str, body: Any, field: str) -> None:
    before = rows()
    answer = api.post(f"calls/{call_id}/{path}", body)
    assert (answer.status_code, answer.json()["code"], fields_of(answer)) == (422, "invalid_fields", {field})
    assert rows() == before
    assert api.get(f"calls/{call_id}").json()["state"] == "in_progress"


def test_a_call_ends_in_one_way(api: Api, call_id: str) -> None:
    assert api.post(f"calls/{call_id}/complete", {"summary": "One"}).status_code == 202
    answer = api.post(f"calls/{call_id}/complete", {"summary": "Two"})
    assert (answer.status_code, answer.json()["code"]) == (409, "conflicting_repeat")
    assert api.get(f"calls/{call_id}").json()["summary"] == "One"


# --- bodies that are not ours to read -------------------------------------------------------------

NOT_JSON = {
    "text": b"hello",
    "half": b'{"agent": ',
    "single quotes": b"{'agent': 'accueil'}",
    "NaN": b'{"agent": "accueil", "context": {"x": NaN}}',
    "Infinity": b'{"agent": "accueil", "context": {"x": 1e999}}',
    "not UTF-8": b'{"agent": "\xff\xfe"}',
    "UTF-16": '{"agent": "accueil"}'.encode("utf-16"),
    "NUL": b'{"agent": "accueil", "from": "\\u0000"}',
    "half a character": b'{"agent": "accueil", "from": "\\ud800"}',
    "too deep": b'{"agent": "accueil", "context": ' + b'{"a":' * 200 + b"1" + b"}" * 201,
    "far too deep": b"[" * 100_000,
    "a number of 5,000 digits": b'{"agent": "accueil", "context": {"x": ' + b"1" * 5000 + b"}}",
}


@pytest.mark.parametrize("body", NOT_JSON.values(), ids=NOT_JSON)
@pytest.mark.usefixtures("nothing_stored")
def test_a_body_that_is_not_json(api: Api, ready: Agent, body: bytes) -> None:
    answer = api.post("calls", body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_json")


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/xml", ""],
)
@pytest.mark.usefixtures("nothing_stored")
def test_a_body_that_does_not_claim_to_be_json(ready: Agent, api: Api, content_type: str) -> None:
    response = api.client.generic(
        "POST",
        "/api/v1/calls",
        json.dumps({"agent": "accueil"}),
        content_type=content_type,
        headers={"Authorization": f"Bearer {api.key}", "Accept-Language": "en"},
    )
    assert (response.status_code, response.json()["code"]) == (415, "unsupported_media_type")


def filled(size: int) -> bytes:
    """A good request of ``size`` bytes."""
    frame = b'{"agent": "accueil", "context": {"x": "%s"}}'
    return frame % (b"x" * (size - len(frame) + 2))


def test_a_body_of_one_mebibyte_is_read(api: Api, ready: Agent) -> None:
    assert api.post("calls", filled(settings.API_BODY_MAX_BYTES)).status_code == 201


@pytest.mark.parametrize("excess", [1, 5_000_000, 20_000_000])
@pytest.mark.usefixtures("nothing_stored")
def test_a_body_above_one_mebibyte_is_refused(api: Api, ready: Agent, excess: int) -> None:
    answer = api.post("calls", filled(settings.API_BODY_MAX_BYTES + excess))
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


# --- other people's -------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["", "/actions/goodbye", "/events", "/complete"])
def test_another_accounts_call_is_not_there(call_id: str, stranger_api: Api, path: str) -> None:
    before = rows()
    body = {"/events": {"type": "note"}, "/actions/goodbye": {"arguments": {"reason": "no_progress"}}}.get(path, {})
    method = "POST" if path else "GET"
    theirs = stranger_api(method, f"calls/{call_id}{path}", body if path else None)
    nobodys = stranger_api(method, f"calls/{NOBODY}{path}", body if path else None)
    assert theirs.status_code == 404
    assert theirs.json() == nobodys.json()
    assert rows() == before


@pytest.mark.usefixtures("ready", "nothing_stored")
def test_another_accounts_agent_is_not_there(stranger_api: Api) -> None:
    for body, nobody in (({"agent": "accueil"}, {"agent": "nobody"}), ({"to": NUMBER}, {"to": "+33199000098"})):
        theirs, nobodys = stranger_api.post("calls", body), stranger_api.post("calls", nobody)
        assert theirs.status_code == 404
        assert theirs.json() == nobodys.json()
    assert stranger_api.get("agents/accueil/tools").status_code == 404


def test_two_accounts_may_use_the_same_external_id(call_id: str, stranger_api: Api, other_account: Any) -> None:
    with scope(account=other_account):
        publish(Agent.objects.create(account=other_account, name="Garage", slug="accueil"))
    answer = stranger_api.post("calls", {"agent": "accueil", "external_id": "first"})
    assert answer.status_code == 201
    assert answer.json()["id"] != call_id


@pytest.mark.usefixtures("ready", "nothing_stored")
def test_a_key_that_is_not_for_calls(account: Any) -> None:
    assert Api(issue_key(account, "config")).post("calls", {"agent": "accueil"}).status_code == 403
    assert Api("tq_nonsense_key").post("calls", {"agent": "accueil"}).status_code == 401


@pytest.mark.parametrize("path", ["calls/1", "calls/not-an-id", f"calls/{NOBODY}x", f"calls/{NOBODY}/dance"])
def test_an_address_that_leads_nowhere(api: Api, path: str) -> None:
    assert api.get(path).status_code == 404


def test_odd_callers_are_taken_as_they_come(api: Api, ready: Agent) -> None:
    for caller in ("anonymous", "", "Anonymous <sip:anonymous@anonymous.invalid>", "+999", "٣٣١", "5"):
        answer = api.post("calls", {"to": NUMBER, "from": caller})
        assert answer.status_code == 201
        assert api.get(f"calls/{answer.json()['id']}").json()["from"] == caller
