"""A call's actions over MCP, against the product as a process: the SDK's client, another SDK's, and bare HTTP."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError

from scripts import frontend
from tests.api.conftest import GRAPH
from tests.support.stack import Stack, running_stack

pytestmark = pytest.mark.processes

SCRIPT = Path(__file__).parents[1] / "support" / "mcp_client.mjs"
TYPESCRIPT = frontend.MODULES / "@modelcontextprotocol" / "client"
LEGACY, MODERN = "2025-06-18", "2026-07-28"
TOOL_CALL_ID = "triptyque/tool_call_id"


@dataclass
class Line:
    """The product, an account with an agent that has a few tools, and a second account."""

    stack: Stack
    api: httpx.Client
    stranger: httpx.Client

    @property
    def url(self) -> str:
        return f"{self.stack.url}/mcp"

    def begin(self, api: httpx.Client | None = None, **fields: Any) -> dict[str, Any]:
        answer = (api or self.api).post("calls", json={"agent": "accueil", **fields})
        assert answer.status_code == 201, answer.text
        return answer.json()  # type: ignore[no-any-return]

    def runs(self, call: dict[str, Any]) -> list[dict[str, Any]]:
        return self.api.get(f"calls/{call['id']}").json()["runs"]  # type: ignore[no-any-return]

    def rpc(self, call: dict[str, Any], method: str, params: Any = None, **headers: str) -> httpx.Response:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params or {}}
        return httpx.post(self.url, json=body, headers={**headers_of(call["mcp"]["token"]), **headers}, timeout=30)


def headers_of(token: str) -> dict[str, str]:
    return {
        "Authorization": f"Bearer {token}",
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": LEGACY,
    }


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    with running_stack(tmp_path_factory.mktemp("mcp")) as stack:
        keys = stack.create_account(), stack.create_account("Garage Martin")
        stack.start_web()
        with stack.client(keys[0]) as api, stack.client(keys[1]) as stranger:
            for each in (api, stranger):
                furnish(each)
            yield Line(stack, api, stranger)
    assert "Traceback" not in stack.log("web")


def furnish(api: httpx.Client) -> None:
    agent = {"name": "Accueil", "slug": "accueil", "language": "en", "direction": "both"}
    api.post("agents", json=agent).raise_for_status()
    for action in (
        {"moment": "during", "kind": "wait", "name": "stay_silent"},
        {"moment": "during", "kind": "keypad", "name": "press_keys"},
    ):
        api.post("agents/accueil/actions", json=action).raise_for_status()
    api.post("agents/accueil/releases", json={}).raise_for_status()


def session(call: dict[str, Any], url: str, use: Callable[[Client], Awaitable[Any]], mode: str = "auto") -> Any:
    """What ``use`` makes of a session of the Python SDK's client."""

    async def run() -> Any:
        headers = {"Authorization": f"Bearer {call['mcp']['token']}"}
        async with (
            httpx2.AsyncClient(headers=headers, timeout=30) as http,
            Client(streamable_http_client(url, http_client=http), mode=mode) as client,
        ):
            return await use(client)

    return asyncio.run(run())


@pytest.mark.parametrize("mode", ["legacy", "auto"])
def test_the_sdks_client_lists_the_tools_and_runs_them(line: Line, mode: str) -> None:
    call = line.begin()

    async def use(client: Client) -> Any:
        tools = (await client.list_tools()).tools
        return (
            {tool.name: tool for tool in tools},
            await client.call_tool("stay_silent", {"seconds": 7}),
            await client.call_tool("press_keys", {"digits": "12#"}),
            await client.call_tool("hang_up", {"reason": "goal_reached"}),
        )

    tools, silent, pressed, hung_up = session(call, line.url, use, mode)
    assert set(tools) == {"stay_silent", "press_keys", "hang_up"} == {tool["name"] for tool in call["tools"]}
    assert tools["stay_silent"].annotations.read_only_hint is True
    assert tools["hang_up"].annotations is None
    for answer, kind in ((silent, "wait"), (pressed, "send_digits"), (hung_up, "hang_up")):
        assert not answer.is_error
        directives = answer.structured_content["directives"]
        assert kind in [directive["type"] for directive in directives]
        assert answer.meta["triptyque/directives"] == directives
        assert json.loads(answer.content[0].text) == answer.structured_content["result"]
    assert {run["action"]: run["state"] for run in line.runs(call)} == {
        "stay_silent": "succeeded",
        "press_keys": "succeeded",
        "hang_up": "succeeded",
    }


@pytest.mark.skipif(not TYPESCRIPT.is_dir(), reason="the packages of frontend/ are missing")
@pytest.mark.parametrize("options", [{}, {"versionNegotiation": {"mode": "auto"}}])
def test_the_typescript_client_does_the_same(line: Line, options: dict[str, Any], tmp_path: Path) -> None:
    call = line.begin()
    repeated = {"name": "stay_silent", "arguments": {"seconds": 3}, "_meta": {TOOL_CALL_ID: "t1"}}
    told = typescript(
        tmp_path,
        url=line.url,
        token=call["mcp"]["token"],
        options=options,
        calls=[repeated, repeated, {"name": "stay_silent", "arguments": {"seconds": "x"}}, {"name": "nothing"}],
    )
    assert told["server"]["name"] == "triptyque"
    assert {tool["name"] for tool in told["tools"]} == {"stay_silent", "press_keys", "hang_up"}
    first, second, refused, unknown = told["results"]
    assert first["structuredContent"]["directives"] == [{"type": "wait", "max_s": 3}]
    assert second["structuredContent"] == first["structuredContent"]
    assert refused["isError"] is True
    assert "arguments.seconds" in refused["content"][0]["text"]
    assert unknown["code"] == -32602
    assert len(line.runs(call)) == 1


@pytest.mark.skipif(not TYPESCRIPT.is_dir(), reason="the packages of frontend/ are missing")
def test_the_typescript_client_is_refused_without_the_calls_token(line: Line, tmp_path: Path) -> None:
    told = typescript(tmp_path, url=line.url, token="tqc_nothing", calls=[])
    assert "refused" in told


def typescript(log_dir: Path, **order: Any) -> Any:
    node = frontend.find_node(Path(sys.executable), log_dir / "log").node
    done = subprocess.run(
        [node, str(SCRIPT)],
        input=json.dumps({"modules": str(frontend.FRONTEND), **order}),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("version", ["2024-11-05", "2025-03-26", LEGACY, "2025-11-25"])
def test_bare_http_speaks_every_version_of_the_protocol(line: Line, version: str) -> None:
    call = line.begin()
    hello = {"protocolVersion": version, "capabilities": {}, "clientInfo": {"name": "curl", "version": "8"}}
    assert line.rpc(call, "initialize", hello).json()["result"]["protocolVersion"] == version
    chosen = {"MCP-Protocol-Version": version}
    assert len(line.rpc(call, "tools/list", **chosen).json()["result"]["tools"]) == 3
    asked = {"name": "stay_silent", "arguments": {"seconds": 2}}
    answer = line.rpc(call, "tools/call", asked, **chosen)
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["result"]["structuredContent"]["directives"] == [{"type": "wait", "max_s": 2}]


def test_a_repeat_with_the_clients_own_id_runs_once_and_without_one_runs_again(line: Line) -> None:
    call = line.begin()
    asked = {"name": "stay_silent", "arguments": {"seconds": 2}, "_meta": {TOOL_CALL_ID: "t1"}}
    assert line.rpc(call, "tools/call", asked).json() == line.rpc(call, "tools/call", asked).json()
    assert len(line.runs(call)) == 1
    other = {**asked, "arguments": {"seconds": 9}}
    refused = line.rpc(call, "tools/call", other).json()["result"]
    assert (refused["isError"], refused["structuredContent"]["result"]["code"]) == (True, "conflicting_repeat")
    for _ in range(2):
        line.rpc(call, "tools/call", {"name": "stay_silent"})
    assert len(line.runs(call)) == 3


def test_rest_and_mcp_share_the_ids_of_tool_calls(line: Line) -> None:
    call = line.begin()
    body = {"tool_call_id": "t1", "arguments": {"seconds": 2}}
    over_rest = line.api.post(f"calls/{call['id']}/actions/stay_silent", json=body).json()
    asked = {"name": "stay_silent", "arguments": {"seconds": 2}, "_meta": {TOOL_CALL_ID: "t1"}}
    over_mcp = line.rpc(call, "tools/call", asked).json()["result"]["structuredContent"]
    assert over_mcp == {"result": over_rest["result"], "directives": over_rest["directives"]}
    assert len(line.runs(call)) == 1


@pytest.mark.parametrize("bad", ["", 7, "x" * 201, "a\u0000b", ["t1"]])
def test_an_id_that_cannot_be_one_is_refused_and_nothing_runs(line: Line, bad: Any) -> None:
    call = line.begin()
    answer = line.rpc(call, "tools/call", {"name": "stay_silent", "_meta": {TOOL_CALL_ID: bad}})
    assert answer.json()["error"]["code"] == -32602
    assert line.runs(call) == []


def test_the_repeated_beginning_of_a_call_gives_the_same_token_and_none_is_kept(line: Line) -> None:
    first, second = (line.begin(external_id="CA-mcp") for _ in range(2))
    assert first == second
    assert first["mcp"]["url"] == line.url
    assert first["mcp"]["token"] not in line.api.get(f"calls/{first['id']}").text
    database = Path(line.stack.data_dir) / "stack.sqlite3"
    if database.exists():
        assert first["mcp"]["token"].encode() not in database.read_bytes()
    assert first["mcp"]["token"] not in line.stack.log("web")


@pytest.mark.parametrize(
    "authorization", ["", "Bearer", "Bearer  tqc_x", "Basic tqc_x", "Bearer tqc_x", "Bearer \u00e9"]
)
def test_without_the_token_of_a_call_nothing_is_told(line: Line, authorization: str) -> None:
    headers = {**headers_of("x"), "Authorization": authorization.encode("latin-1")}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    answer = httpx.post(line.url, json=body, headers=headers)  # type: ignore[arg-type]
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert "tools" not in answer.text


def test_an_api_key_and_a_token_that_was_changed_open_nothing(line: Line) -> None:
    token = line.begin()["mcp"]["token"]
    payload, _dot, signature = token.partition(":")
    key = line.api.headers["Authorization"].removeprefix("Bearer ")
    for wrong in (key, token[:-1], token + "A", f"{payload[:-2]}Il:{signature}", signature, payload, token.upper()):
        call = {"mcp": {"token": wrong}}
        assert line.rpc(call, "tools/list").status_code == 401, wrong


def test_each_call_has_only_its_own_runs_and_each_account_only_its_own_calls(line: Line) -> None:
    mine, other = line.begin(), line.begin(line.stranger)
    for _ in range(2):
        assert line.rpc(other, "tools/call", {"name": "stay_silent"}).status_code == 200
    assert line.runs(mine) == []
    assert len(line.stranger.get(f"calls/{other['id']}").json()["runs"]) == 2
    assert line.api.get(f"calls/{other['id']}").status_code == 404


def test_the_token_ends_with_its_call(line: Line) -> None:
    call = line.begin()
    assert line.rpc(call, "tools/list").status_code == 200
    line.api.post(f"calls/{call['id']}/complete", json={}).raise_for_status()
    assert line.rpc(call, "tools/list").status_code == 401
    assert line.rpc(call, "tools/call", {"name": "stay_silent"}).status_code == 401
    assert line.runs(call) == []


def test_the_sdks_client_learns_that_it_may_not_come_in(line: Line) -> None:
    async def use(client: Client) -> Any:
        return await client.list_tools()

    with pytest.raises((MCPError, httpx2.HTTPError, ExceptionGroup)):
        session({"mcp": {"token": "tqc_x"}}, line.url, use)


HOSTILE = [
    b"",
    b"{",
    b"[]",
    b"null",
    b"\xff\xfe",
    b"1" * 5000,
    b"[" * 50_000,
    b'{"jsonrpc":"2.0","id":1,"method":"tools/call"}',
    b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"stay_silent","arguments":[1]}}',
    b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"stay_silent","arguments":{"a":NaN}}}',
    b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a\\u0000","arguments":{}}}',
    b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"stay_silent","arguments":{"a":"\\ud800"}}}',
    b'{"jsonrpc":"2.0","id":1,"method":"../../etc","params":{}}',
    b'[{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"stay_silent"}}]',
]


@pytest.mark.parametrize("version", [LEGACY, MODERN, "1999-01-01", "x" * 500])
def test_a_hostile_body_gets_an_answer_and_runs_nothing(line: Line, version: str) -> None:
    call = line.begin()
    headers = {**headers_of(call["mcp"]["token"]), "MCP-Protocol-Version": version, "Content-Type": "application/json"}
    with httpx.Client(headers=headers, timeout=20) as http:
        for body in HOSTILE:
            answer = http.post(line.url, content=body)
            assert answer.status_code in {200, 202, 400, 404}, answer.text
            if answer.status_code == 200:
                told = answer.json()
                assert "error" in told or told["result"]["isError"], told
            assert "Traceback" not in answer.text
    assert line.runs(call) == []


@pytest.mark.parametrize("number", ["x" * 100_000, 10**60, "", 0])
def test_an_answer_has_the_id_of_its_request_whatever_that_is(line: Line, number: Any) -> None:
    body = {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": {"name": "stay_silent"}}
    call = line.begin()
    answer = httpx.post(line.url, json=body, headers=headers_of(call["mcp"]["token"]), timeout=30)
    assert answer.json()["id"] == number
    assert len(line.runs(call)) == 1


def test_a_token_in_the_address_opens_nothing(line: Line) -> None:
    token = line.begin()["mcp"]["token"]
    headers = {name: value for name, value in headers_of(token).items() if name != "Authorization"}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    for name in ("token", "access_token"):
        assert httpx.post(line.url, params={name: token}, json=body, headers=headers).status_code == 401


def test_an_action_of_another_moment_is_no_tool(line: Line) -> None:
    line.api.post("workflows", json={"name": "Look up", "graph": GRAPH}).raise_for_status()
    line.api.post("agents", json={"name": "Other", "slug": "other", "language": "en"}).raise_for_status()
    action = {"moment": "before", "kind": "workflow", "name": "look_up", "workflow": "Look up"}
    line.api.post("agents/other/actions", json=action).raise_for_status()
    line.api.post("agents/other/releases", json={}).raise_for_status()
    call = line.begin(agent="other")
    assert line.rpc(call, "tools/call", {"name": "look_up"}).json()["error"]["code"] == -32602
    assert [run["moment"] for run in line.runs(call)] == ["before"]


def test_a_body_above_the_limit_is_refused_with_and_without_a_length(line: Line) -> None:
    headers = {**headers_of(line.begin()["mcp"]["token"]), "Content-Type": "application/json"}
    large = b" " * (1024 * 1024 + 1)
    assert httpx.post(line.url, content=large, headers=headers).status_code == 413
    assert httpx.post(line.url, content=iter([large]), headers=headers).status_code == 413


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT", "OPTIONS"])
def test_there_is_nothing_to_listen_to_and_no_session_to_end(line: Line, method: str) -> None:
    answer = httpx.request(method, line.url, headers=headers_of(line.begin()["mcp"]["token"]))
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize(("origin", "status"), [("https://evil.example", 403), ("null", 403), (None, 200)])
def test_pages_of_other_sites_are_refused(line: Line, origin: str | None, status: int) -> None:
    headers = {"Origin": origin} if origin else {}
    assert line.rpc(line.begin(), "tools/list", **headers).status_code == status


def test_our_own_origin_is_taken(line: Line) -> None:
    assert line.rpc(line.begin(), "tools/list", Origin=line.stack.url).status_code == 200


def test_many_clients_at_once_each_get_the_answers_of_their_own_call(line: Line) -> None:
    calls = [line.begin() for _ in range(8)]

    def work(number: int) -> int:
        seconds = number + 1
        asked = {"name": "stay_silent", "arguments": {"seconds": seconds}, "_meta": {TOOL_CALL_ID: f"t{number}"}}
        answer = line.rpc(calls[number % 8], "tools/call", asked).json()["result"]["structuredContent"]
        return int(answer["directives"][0]["max_s"])

    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(work, range(40))) == list(range(1, 41))
    assert [len(line.runs(call)) for call in calls] == [5] * 8


def test_the_server_stops_at_once_and_says_nothing_of_it(tmp_path: Path) -> None:
    with running_stack(tmp_path) as stack:
        key = stack.create_account()
        stack.start_web()
        with stack.client(key) as api:
            furnish(api)
            call = Line(stack, api, api).begin()
            assert Line(stack, api, api).rpc(call, "tools/list").status_code == 200
        web = stack.processes["web"]
        web.terminate()
        web.wait(10)
        assert "Traceback" not in stack.log("web")
        assert "never awaited" not in stack.log("web")
