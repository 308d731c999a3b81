"""Node ``api_request`` against real servers on loopback: good, wrong, slow, endless, hostile."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from email.utils import formatdate
from typing import Any

import pytest

from actions.contract import ActionError, Moment
from outbound.http import IncomingResponse
from outbound.retry_after import retry_after_s
from tests.outbound.upstream import Handler, Received, Reply, Upstream, serve
from tests.workflows.support import call_context, entry, graph, node, run_graph, states
from workflows.engine import WorkflowResult, execute
from workflows.graph import check_graph, compile_graph
from workflows.http import retrying
from workflows.nodes import api_request
from workflows.nodes.base import Rehearsal

pytestmark = pytest.mark.usefixtures("outside", "_impatient")


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrying, "BACKOFF_S", 0.001)


CUSTOMER = {"customer": {"firstName": "Zoé", "tier": "gold", "points": "120", "since": None}, "open": True}


@asynccontextmanager
async def answering(status: int = 200, body: Any = None, **headers: str) -> AsyncIterator[Upstream]:
    async def handle(received: Received, reply: Reply) -> None:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        await reply.answer(status, b"" if body is None else raw, **{"Content_Type": "application/json", **headers})

    async with serve(handle) as upstream:
        yield upstream


def in_turn(*answers: Callable[[Reply], Any] | int) -> Handler:
    """A server that gives each answer once, the last one for ever; a number is a status with CUSTOMER."""
    left = list(answers)

    async def handle(received: Received, reply: Reply) -> None:
        answer = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(answer, int):
            await reply.json(CUSTOMER, answer)
        else:
            await answer(reply)

    return handle


async def ask(url: str, *edges: str, context: Any = None, scope: Any = None, **config: Any) -> WorkflowResult:
    """Run start > ask, with more edges as given."""
    return await run_graph(
        node("ask", "api_request", url=url, **config), "start > ask", *edges, context=context or call_context(scope)
    )


async def failing(url: str, **config: Any) -> tuple[ActionError, dict[str, Any]]:
    """The error of a request that must fail, and its trace entry."""
    context = call_context(config.pop("scope", None), seconds=config.pop("seconds", 2.0))
    with pytest.raises(ActionError) as raised:
        await ask(url, context=context, **config)
    return raised.value, entry(context, "ask")


# --- the request ------------------------------------------------------------------------------------


async def test_it_sends_what_the_templates_say() -> None:
    scope = {"interaction": {"ANI": "+33 1&2"}, "tier": "gold", "points": 3, "token": "s3cret", "nothing": None}
    async with answering(body={}) as upstream:
        await ask(
            upstream.url("/customers/{{ interaction.ANI }}?v=1"),
            scope=scope,
            method="POST",
            query={"q": "{{ tier }} & more", "n": "{{ points }}", "absent": "{{ nothing }}"},
            headers={"Authorization": "Bearer {{ token }}", "X-Tier": "{{ tier }}", "X-None": "{{ nothing }}"},
            body={
                "tier": "{{ tier }}",
                "points": "{{ points }}",
                "text": "{{ points }} points",
                "list": ["{{ tier }}"],
            },
        )

    (received,) = upstream.requests
    assert (received.method, received.path) == ("POST", "/customers/%2B33%201&2?v=1&q=gold+%26+more&n=3")
    assert received.headers["authorization"] == "Bearer s3cret"
    assert received.headers["x-tier"] == "gold"
    assert "x-none" not in received.headers
    assert received.headers["content-type"] == "application/json"
    assert json.loads(received.body) == {"tier": "gold", "points": 3, "text": "3 points", "list": ["gold"]}


@pytest.mark.parametrize(
    ("method", "config", "expected"),
    [
        ("GET", {}, None),
        ("GET", {"idempotency_key": True}, "run-1-ask"),
        ("POST", {}, "run-1-ask"),
        ("DELETE", {}, "run-1-ask"),
        ("POST", {"idempotency_key": False}, None),
        ("POST", {"headers": {"idempotency-key": "mine"}}, "mine"),
    ],
)
async def test_the_idempotency_key_stays_the_same_over_every_try_of_a_run(
    method: str, config: dict[str, Any], expected: str | None
) -> None:
    async with answering(body={}) as upstream:
        await ask(upstream.url(), method=method, **config)
        await ask(upstream.url(), method=method, **config)

    assert [received.headers.get("idempotency-key") for received in upstream.requests] == [expected, expected]


async def test_a_line_break_in_a_header_value_begins_no_other_header() -> None:
    async with answering(body={}) as upstream:
        await ask(upstream.url(), scope={"x": "a\r\nX-Evil: 1\x00"}, headers={"X-Given": "{{ x }}"})

    assert upstream.requests[0].headers["x-given"] == "a X-Evil: 1"
    assert "x-evil" not in upstream.requests[0].headers


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ("a/b", "/customers/a%2Fb/card"),
        ("a?admin=1", "/customers/a%3Fadmin=1/card"),
        ("a#b", "/customers/a%23b/card"),
        ("@evil.example", "/customers/@evil.example/card"),
        ("//evil.example", "/customers/%2F%2Fevil.example/card"),
        ("https://evil.example/", "/customers/https:%2F%2Fevil.example%2F/card"),
        ("a%2Fb", "/customers/a%252Fb/card"),
        ("%2e%2e", "/customers/%252e%252e/card"),
        ("a\r\nHost: evil", "/customers/a%0D%0AHost:%20evil/card"),
        ("é €", "/customers/%C3%A9%20%E2%82%AC/card"),
        ("..a", "/customers/..a/card"),
        (12, "/customers/12/card"),
        (True, "/customers/true/card"),
    ],
)
async def test_a_variable_stays_within_its_path_segment(value: object, path: str) -> None:
    async with answering(body={}) as upstream:
        await ask(upstream.url("/customers/{{ id }}/card"), scope={"id": value})

    assert upstream.requests[0].path == path


@pytest.mark.parametrize("value", ["..", ".", "a/../../admin", "..\\admin", "..;", "..;a=b/x", "", None])
async def test_a_variable_that_would_reach_another_path_is_refused(value: str | None) -> None:
    async with answering(body={}) as upstream:
        error, told = await failing(upstream.url("/customers/{{ id }}/card"), scope={"id": value})

    assert (error.code, error.permanent) == ("invalid_url", True)
    assert upstream.requests == []
    assert told["state"] == "failed"


async def test_a_variable_stays_within_its_query_value() -> None:
    async with answering(body={}) as upstream:
        await ask(upstream.url("/find?phone={{ phone }}&limit=1"), scope={"phone": "+33 1&limit=9;a=b#c?d"})

    assert upstream.requests[0].path == "/find?phone=%2B33%201%26limit%3D9%3Ba%3Db%23c?d&limit=1"


async def test_an_empty_variable_in_the_query_is_sent_empty() -> None:
    async with answering(body={}) as upstream:
        await ask(upstream.url("/customers?phone={{ phone }}&x=1"), scope={"phone": ""})

    assert upstream.requests[0].path == "/customers?phone=&x=1"


async def test_the_whole_address_may_be_one_variable() -> None:
    async with answering(body={}) as upstream:
        await ask("{{ next }}", scope={"next": upstream.url("/page/2?q=a%20b")})

    assert upstream.requests[0].path == "/page/2?q=a%20b"


@pytest.mark.parametrize("value", [None, "", "ftp://example.com/", "file:///etc/passwd", "not a url", {"a": 1}])
async def test_an_address_from_a_variable_that_is_none_is_refused(value: object) -> None:
    error, _told = await failing("{{ next }}", scope={"next": value})

    assert (error.code, error.permanent) == ("invalid_url", True)


async def test_private_hosts_are_refused(settings: Any) -> None:
    settings.OUTBOUND_ALLOWED_PRIVATE_HOSTS = []
    async with answering(body={}) as upstream:
        error, _told = await failing(upstream.url())

    assert (error.code, error.permanent) == ("blocked_address", True)


# --- the answer -------------------------------------------------------------------------------------


async def test_it_maps_paths_of_the_answer_to_variables() -> None:
    mapping = [
        {"path": "customer.firstName", "variable": "firstName", "type": "string"},
        {"path": "$.customer.tier", "variable": "tier"},
        {"path": "customer.points", "variable": "points", "type": "integer"},
        {"path": "open", "variable": "isOpen", "type": "boolean"},
        {"path": "customer", "variable": "customer"},
        {"path": "customer.city", "variable": "city", "default": "Annecy"},
        {"path": "customer.since", "variable": "since", "default": "2020"},
    ]
    async with answering(body=CUSTOMER) as upstream:
        result = await ask(upstream.url(), mapping=mapping)

    assert result.variables == {
        "firstName": "Zoé",
        "tier": "gold",
        "points": 120,
        "isOpen": True,
        "customer": CUSTOMER["customer"],
        "city": "Annecy",
        "since": "2020",
    }


async def test_a_path_that_leads_nowhere_gives_nothing_and_a_warning() -> None:
    context = call_context()
    async with answering(body=CUSTOMER) as upstream:
        mapping = [
            {"path": "customer.city", "variable": "city"},
            {"path": "customer.tier", "variable": "level", "type": "integer"},
        ]
        result = await ask(upstream.url(), context=context, mapping=mapping)

    assert result.variables == {"city": None, "level": None}
    assert context.warnings == [
        "ask: The answer holds nothing at customer.city: “city” is empty.",
        "ask: The value at customer.tier is no integer: “level” is empty.",
    ]


async def test_an_empty_answer_is_mapped_like_null() -> None:
    async with answering(204) as upstream:
        result = await ask(upstream.url(), mapping=[{"path": "a", "variable": "a", "default": 1}])

    assert result.variables == {"a": 1}


async def test_what_no_database_takes_does_not_come_in() -> None:
    async with answering(body=b'{"a": "x\\u0000\\ud800y", "b": [{"k\\u0000": "\\udfff"}]}') as upstream:
        context = call_context()
        mapping = [{"path": "a", "variable": "a"}, {"path": "b", "variable": "b"}]
        result = await ask(upstream.url(), context=context, mapping=mapping)

    assert result.variables == {"a": "x\ufffd\ufffdy", "b": [{"k\ufffd": "\ufffd"}]}
    json.dumps(context.trace, ensure_ascii=False).encode()


@pytest.mark.parametrize(
    ("status", "permanent"),
    [(400, True), (401, True), (404, True), (422, True), (408, False), (425, False), (429, False), (500, False)]
    + [(503, False), (304, True)],
)
async def test_an_unexpected_status_is_a_failure(status: int, permanent: bool) -> None:
    async with answering(status, body=None if status == 304 else {"detail": "no"}) as upstream:
        error, told = await failing(upstream.url())

    assert (error.code, error.permanent) == ("unexpected_status", permanent)
    assert str(status) in error.message
    assert told["error"]["status"] == told["output"]["status"] == status


@pytest.mark.parametrize(
    ("expected", "status", "fine"),
    [
        ([404], 404, True),
        ([404], 200, False),
        (["2xx", 404], 404, True),
        (["2xx"], 299, True),
        (["5xx", "2xx"], 500, True),
    ],
)
async def test_expected_statuses_can_be_chosen(expected: list[Any], status: int, fine: bool) -> None:
    async with answering(status, body={}) as upstream:
        if fine:
            await ask(upstream.url(), expected_status=expected)
        else:
            error, _told = await failing(upstream.url(), expected_status=expected)
            assert error.code == "unexpected_status"


@pytest.mark.parametrize(
    "body",
    [
        b"<html><body>Sign in</body></html>",
        b"\x00\xff\xfe garbage",
        b'{"a": ',
        b"NaN",
        b'{"a": 1e999}',
        b"[" * 100_000,
    ],
)
async def test_a_200_that_is_no_json_is_a_failure_where_something_is_mapped(body: bytes) -> None:
    async with answering(200, body) as upstream:
        error, told = await failing(upstream.url(), mapping=[{"path": "a", "variable": "a"}])

    assert (error.code, error.permanent) == ("not_json", False)
    assert "status 200, application/json" in error.message
    assert told["output"]["size"] == len(body)
    assert json.dumps(told, allow_nan=False)


async def test_any_answer_will_do_where_nothing_is_mapped() -> None:
    async with answering(200, b"<html>", Content_Type="text/html") as upstream:
        await ask(upstream.url())


async def test_an_answer_of_100_mb_is_a_failure_and_is_not_read_to_its_end() -> None:
    async def endless(received: Received, reply: Reply) -> None:
        await reply.send(b"HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n")
        for _chunk in range(100):
            await reply.send(b"x" * 1_048_576)

    async with serve(endless) as upstream:
        error, _told = await failing(upstream.url())
        await asyncio.wait_for(upstream.hung_up.wait(), 2)

    assert error.code == "too_large"
    assert upstream.bytes_sent < 50_000_000


async def test_an_upstream_that_never_answers_fails_at_the_time_limit_of_the_node() -> None:
    async def never(received: Received, reply: Reply) -> None:
        await asyncio.Event().wait()

    async with serve(never) as upstream:
        began_s = time.monotonic()
        error, told = await failing(upstream.url(), timeout_s=0.1)

    assert (error.code, error.permanent) == ("timed_out", False)
    assert time.monotonic() - began_s < 5
    assert told["state"] == "failed"
    assert told["input"]["method"] == "GET"


async def test_an_upstream_that_never_answers_cannot_hold_the_graph_beyond_its_deadline() -> None:
    async def never(received: Received, reply: Reply) -> None:
        await asyncio.Event().wait()

    async with serve(never) as upstream:
        began_s = time.monotonic()
        error, told = await failing(upstream.url("/secret-free"), seconds=0.1)
        took_s = time.monotonic() - began_s

    assert error.code == "timed_out"
    assert took_s < 5
    assert told["state"] in {"failed", "cancelled"}
    assert told["input"]["url"] == upstream.url("/secret-free")


async def test_a_closed_port_is_a_failure_that_may_pass() -> None:
    async with answering(body={}) as upstream:
        url = upstream.url()

    error, told = await failing(url)

    assert (error.code, error.permanent) == ("connection_failed", False)
    assert told["error"]["status"] is None


# --- retries and the error branch -------------------------------------------------------------------


async def test_a_failure_that_may_pass_is_retried() -> None:
    context = call_context()
    async with serve(in_turn(500, 429, 200)) as upstream:
        result = await ask(upstream.url(), context=context, retries=3, mapping=[{"path": "open", "variable": "o"}])

    assert len(upstream.requests) == 3
    assert result.variables == {"o": True}
    assert entry(context, "ask")["output"]["retries"] == 2


async def test_retries_come_to_an_end() -> None:
    async with serve(in_turn(503)) as upstream:
        error, told = await failing(upstream.url(), retries=2)

    assert len(upstream.requests) == 3
    assert error.code == "unexpected_status"
    assert told["output"]["retries"] == 2


async def test_a_permanent_failure_is_not_retried() -> None:
    async with serve(in_turn(404)) as upstream:
        await failing(upstream.url(), retries=3)

    assert len(upstream.requests) == 1


async def test_retries_stop_where_the_deadline_would_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrying, "BACKOFF_S", 60.0)
    async with serve(in_turn(503)) as upstream:
        error, _told = await failing(upstream.url(), retries=3)

    assert error.code == "unexpected_status"
    assert len(upstream.requests) == 1


@pytest.mark.parametrize("as_date", [False, True])
async def test_a_retry_waits_as_long_as_the_server_asks(as_date: bool) -> None:
    async def later(reply: Reply) -> None:
        await reply.answer(429, Retry_After=formatdate(time.time() + 2, usegmt=True) if as_date else "1")

    async with serve(in_turn(later, 200)) as upstream:
        began_s = time.monotonic()
        await ask(upstream.url(), retries=1, context=call_context(seconds=5))

    assert 0.5 < time.monotonic() - began_s < 4
    assert len(upstream.requests) == 2


async def test_a_server_that_asks_for_more_time_than_there_is_gets_no_retry() -> None:
    async def much_later(reply: Reply) -> None:
        await reply.answer(503, Retry_After="120")

    async with serve(in_turn(much_later)) as upstream:
        began_s = time.monotonic()
        await failing(upstream.url(), retries=3)

    assert time.monotonic() - began_s < 5
    assert len(upstream.requests) == 1


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("", None), ("soon", None), ("-1", None), ("1.5", None), ("7", 7.0), ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0)],
)
def test_a_retry_after_that_says_nothing_is_none(header: str, seconds: float | None) -> None:
    assert retry_after_s(header) == seconds


async def test_credentials_are_named_to_the_way_out_and_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    named: list[Any] = []

    async def send(request: Any, **options: Any) -> IncomingResponse:
        named.append(options["auth_profile"])
        return IncomingResponse(200, {}, b"{}", 1.0, request.url)

    monkeypatch.setattr(api_request, "send", send)
    context = call_context()
    await ask("https://crm.example/", context=context, auth_profile="crm")
    await ask("https://crm.example/")

    assert named == ["crm", None]
    assert entry(context, "ask")["input"]["profile"] == "crm"


async def test_a_test_tells_all_of_the_answer_with_secrets_masked() -> None:
    context = call_context()
    drawn = compile_graph(graph(node("ask", "api_request", url="{{ url }}", headers={"X-Api-Key": "k"}), "start > ask"))
    async with answering(body={"tier": "gold", "token": "s3cret"}) as upstream:
        await execute(drawn, context, {"url": upstream.url()}, Rehearsal(live=True))

    meta = entry(context, "ask")["meta"]
    assert (meta["status"], meta["body"]) == (200, {"tier": "gold", "token": "•••"})
    assert meta["headers"]["content-type"] == "application/json"
    assert meta["request"]["headers"]["X-Api-Key"] == "•••"
    assert meta["elapsed_ms"] > 0
    assert meta["size"] > 0


async def test_a_post_without_key_is_never_sent_twice() -> None:
    async with serve(in_turn(503)) as upstream:
        await failing(upstream.url(), method="POST", retries=3, idempotency_key=False)

    assert len(upstream.requests) == 1


async def test_every_retry_sends_the_same_key_and_body() -> None:
    async with serve(in_turn(503, 200)) as upstream:
        await ask(upstream.url(), method="POST", body={"a": 1}, retries=1)

    first, second = upstream.requests
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"] == "run-1-ask"
    assert first.body == second.body


async def test_a_failure_takes_the_error_branch_with_what_failed(script: Any) -> None:
    context = call_context()
    async with answering(404, {"detail": "unknown"}) as upstream:
        result = await ask(upstream.url(), "ask > fine", "ask:error > sorry", context=context)

    error = result.variables["error"]
    assert (error["code"], error["status"]) == ("unexpected_status", 404)
    assert states(context) == {"start": "succeeded", "ask": "failed", "sorry": "succeeded", "fine": "not_taken"}


async def test_two_requests_on_two_branches_are_under_way_at_once() -> None:
    both = asyncio.Barrier(2)

    async def meet(received: Received, reply: Reply) -> None:
        await both.wait()
        await reply.json({"path": received.path})

    async with serve(meet) as upstream:
        result = await run_graph(
            node("a", "api_request", url=upstream.url("/a"), mapping=[{"path": "path", "variable": "a"}]),
            node("b", "api_request", url=upstream.url("/b"), mapping=[{"path": "path", "variable": "b"}]),
            "start > a",
            "start > b",
            context=call_context(),
        )

    assert result.variables == {"a": "/a", "b": "/b"}


# --- the trace --------------------------------------------------------------------------------------


async def test_the_trace_shows_request_and_answer_without_secrets() -> None:
    context = call_context({"key": "k-123", "phone": "+33199000001"})
    answer = {"access_token": "t-456", "name": "Zoé", "padding": "x" * 10_000}
    async with answering(body=answer) as upstream:
        await ask(
            upstream.url("/in/{{ phone }}?key={{ key }}"),
            context=context,
            method="PUT",
            headers={"X-Api-Key": "{{ key }}", "Cookie": "sid={{ key }}", "X-Tier": "gold"},
            query={"api_key": "{{ key }}", "page": "2"},
            body={"password": "{{ key }}", "phone": "{{ phone }}"},
            mapping=[{"path": "access_token", "variable": "accessToken"}, {"path": "name", "variable": "name"}],
        )

    told = entry(context, "ask")
    written = json.dumps(told, ensure_ascii=False)
    assert "k-123" not in written
    assert "t-456" not in written
    assert told["input"]["method"] == "PUT"
    assert told["input"]["query"] == {"api_key": "•••", "page": "2"}
    assert told["input"]["headers"]["X-Tier"] == "gold"
    assert told["input"]["body"] == {"password": "•••", "phone": "+33199000001"}
    assert told["output"]["status"] == 200
    assert told["output"]["size"] > 10_000
    assert told["output"]["elapsed_ms"] > 0
    assert told["output"]["body"].endswith("…")
    assert len(told["output"]["body"]) <= 4_100
    assert told["output"]["variables"] == {"accessToken": "•••", "name": "Zoé"}


# --- what cannot be published ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("config", "field", "message"),
    [
        ({}, "url", "required"),
        ({"url": "crm.example.com/x"}, "url", "must begin with https"),
        ({"url": "https://{{ host }}/x"}, "url", "without variables"),
        ({"url": "https://crm.example.com{{ path }}"}, "url", "without variables"),
        ({"url": "https://crm.example.com:{{ port }}/"}, "url", "without variables"),
        ({"url": "{{ base }}/x"}, "url", "without variables"),
        ({"url": "https://u:p@crm.example.com/"}, "url", "without variables"),
        ({"url": "https://crm.example.com/a b"}, "url", "space"),
        ({"url": "https://crm.example.com/{{ x"}, "url", ""),
        ({"url": "https://crm.example.com/{% if x %}{% endif %}"}, "url", "no {%"),
        ({"url": "https://x.example/", "method": "TRACE"}, "method", "one of"),
        ({"url": "https://x.example/", "headers": {"Host": "a"}}, "headers.Host", "automatically"),
        ({"url": "https://x.example/", "headers": {"X Y": "a"}}, "headers.X Y", "invalid name"),
        ({"url": "https://x.example/", "headers": {"X": "{{ a"}}, "headers.X", ""),
        ({"url": "https://x.example/", "body": {"a": "{{ b"}, "method": "POST"}, "body", "$.a"),
        ({"url": "https://x.example/", "body": {"a": 1}}, "body", "GET request has no body"),
        ({"url": "https://x.example/", "timeout_s": 31}, "timeout_s", "30"),
        ({"url": "https://x.example/", "timeout_s": 0}, "timeout_s", "more than 0"),
        ({"url": "https://x.example/", "expected_status": ["6xx"]}, "expected_status.0", "no HTTP status"),
        ({"url": "https://x.example/", "expected_status": [99]}, "expected_status.0", "no HTTP status"),
        ({"url": "https://x.example/", "retries": 4}, "retries", "3 or less"),
        (
            {"url": "https://x.example/", "method": "POST", "idempotency_key": False, "retries": 1},
            "retries",
            "needs an idempotency key",
        ),
        (
            {"url": "https://x.example/", "mapping": [{"path": "a[", "variable": "a"}]},
            "mapping.0.path",
            "",
        ),
        (
            {"url": "https://x.example/", "mapping": [{"path": "a", "variable": "system"}]},
            "mapping.0.variable",
            "reserved",
        ),
        ({"url": "https://x.example/", "mapping": [{"path": "a", "variable": "é"}]}, "mapping.0.variable", "name"),
        (
            {"url": "https://x.example/", "mapping": [{"path": "a", "variable": "a", "type": "date"}]},
            "mapping.0.type",
            "one of",
        ),
        ({"url": "https://x.example/", "colour": "red"}, "colour", "no setting"),
        ({"url": "https://x.example/{{ nobody }}"}, "url", "does not exist"),
        ({"url": "https://x.example/", "query": {"q": "{{ system.callID }}"}}, "query.q", "system.callId"),
        ({"url": "https://x.example/", "headers": {"X": "{{ interaction.SUMMARY }}"}}, "headers.X", "only after"),
    ],
)
def test_a_wrong_setting_is_told_at_its_field(config: dict[str, Any], field: str, message: str) -> None:
    errors = check_graph(graph(node("ask", "api_request", **config), "start > ask"), Moment.BEFORE, flat_names=[])

    assert [(error.node_id, error.field) for error in errors] == [("ask", field)]
    assert message in errors[0].message
