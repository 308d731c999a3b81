"""The tools of an agent and of a call over the API, in every shape; and results that fit the runtime."""

from __future__ import annotations

from typing import Any

import pytest
from django_scopes import scope

from actions import manifests
from actions.kinds.wait import WaitAction
from actions.models import Agent
from actions.releases import publish
from calls.models import Call, Run
from tests.api.conftest import Api, fields_of


def add_wait(agent: Agent, name: str) -> None:
    with scope(account=agent.account):
        WaitAction.objects.create(agent=agent, moment="during", name=name)
        publish(agent)


@pytest.fixture
def call(agent: Agent, api: Api) -> dict[str, Any]:
    add_wait(agent, "stay_silent")
    begun: dict[str, Any] = api.post("calls", {"agent": "accueil"}).json()
    return begun


@pytest.mark.parametrize("shape", manifests.names())
def test_every_shape_has_every_tool_of_agent_and_call(call: dict[str, Any], api: Api, shape: str) -> None:
    for path in ("agents/accueil/tools", f"calls/{call['id']}/tools"):
        answer = api.get(f"{path}?shape={shape}").json()
        assert (answer["shape"], answer["release"], answer["agent"]) == (shape, {"number": 1}, "accueil")
        assert [tool.get("name") or tool["function"]["name"] for tool in answer["tools"]] == ["stay_silent", "hang_up"]
        assert answer["called"] in manifests.Called.values


def test_without_a_shape_they_are_as_the_call_began_with(call: dict[str, Any], api: Api) -> None:
    answer = api.get("agents/accueil/tools").json()
    assert (answer["shape"], answer["tools"], answer["warnings"]) == ("triptyque", call["tools"], [])


def test_a_call_keeps_the_tools_of_its_version(call: dict[str, Any], agent: Agent, api: Api) -> None:
    add_wait(agent, "stay_longer")
    assert len(api.get("agents/accueil/tools?shape=openai").json()["tools"]) == 3
    assert len(api.get(f"calls/{call['id']}/tools?shape=openai").json()["tools"]) == 2


def test_a_call_has_its_own_address_in_tools_that_are_called_over_rest(call: dict[str, Any], api: Api) -> None:
    tool = api.get(f"calls/{call['id']}/tools?shape=elevenlabs").json()["tools"][0]
    assert tool["api_schema"]["url"].endswith(f"/api/v1/calls/{call['id']}/actions/stay_silent")
    path = tool["api_schema"]["url"].partition("/api/v1/")[2]
    assert api.post(path, {"arguments": {"seconds": 3}}).json()["directives"] == [{"type": "wait", "max_s": 3}]


def test_what_does_not_fit_is_told_in_the_readers_language(call: dict[str, Any], api: Api) -> None:
    warnings = api.get("agents/accueil/tools?shape=vapi").json()["warnings"]
    assert [warning["tool"] for warning in warnings] == ["stay_silent"]
    assert "maximum, minimum" in warnings[0]["message"]
    french = api.get("agents/accueil/tools?shape=vapi", **{"Accept-Language": "fr"})
    assert french.json()["warnings"] != warnings
    assert "Accept-Language" in french["Vary"]


def test_a_bridge_is_put_into_the_tools(call: dict[str, Any], api: Api) -> None:
    answer = api.get("agents/accueil/tools?shape=retell&bridge_url=https://bridge.lac.example/retell").json()
    assert {tool["url"] for tool in answer["tools"]} == {"https://bridge.lac.example/retell"}
    assert answer["warnings"] == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("shape=nonsense", "shape"),
        ("shape=", "shape"),
        ("shape=vapi&bridge_url=ftp", "bridge_url"),
        (f"shape=vapi&bridge_url=https://b.example/{'x' * 2000}", "bridge_url"),
        ("shap=vapi", "shap"),
    ],
)
def test_a_question_that_makes_no_sense_is_named(call: dict[str, Any], api: Api, query: str, field: str) -> None:
    for path in ("agents/accueil/tools", f"calls/{call['id']}/tools"):
        answer = api.get(f"{path}?{query}")
        assert (answer.status_code, fields_of(answer)) == (422, {field})


def test_nobody_else_sees_them(call: dict[str, Any], stranger_api: Api) -> None:
    assert stranger_api.get(f"calls/{call['id']}/tools").status_code == 404
    assert stranger_api.get("agents/accueil/tools").status_code == 404


def test_the_token_is_in_no_record_and_the_same_for_a_repeat(call: dict[str, Any], agent: Agent, api: Api) -> None:
    first, second = (api.post("calls", {"agent": "accueil", "external_id": "CA-1"}).json() for _ in range(2))
    assert first == second
    with scope(account=agent.account):
        kept = Call.objects.values().get(pk=first["id"])
    assert first["mcp"]["token"] not in str(kept)
    assert "mcp" not in kept["answer"]


@pytest.mark.parametrize(("runtime", "most"), [("retell", 14_000), ("rest", 16_000)])
def test_a_long_result_is_bounded_for_the_runtime_and_whole_in_the_run(
    agent: Agent, api: Api, monkeypatch: pytest.MonkeyPatch, runtime: str, most: int
) -> None:
    from actions.contract import Outcome
    from actions.kinds.wait import WaitKind

    passages = [{"text": "mot " * 100} for _ in range(200)]

    async def run(self: Any, *_given: Any) -> Outcome:
        return Outcome(result={"status": "found", "passages": passages})

    monkeypatch.setattr(WaitKind, "run", run)
    add_wait(agent, "search")
    begun = api.post("calls", {"agent": "accueil", "runtime": runtime}).json()
    body = {"tool_call_id": "t1", "arguments": {}}
    answers = [api.post(f"calls/{begun['id']}/actions/search", body) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    result = answers[0].json()["result"]
    assert (result["truncated"], result["status"]) == (True, "found")
    assert most - 1000 < len(str(result)) < most + 1000
    with scope(account=agent.account):
        assert Run.objects.get(tool_call_id="t1").result == {"status": "found", "passages": passages}


def test_an_unknown_runtime_is_named(agent: Agent, api: Api) -> None:
    add_wait(agent, "stay_silent")
    answer = api.post("calls", {"agent": "accueil", "runtime": "fax"})
    assert (answer.status_code, fields_of(answer)) == (422, {"runtime"})


def test_a_tool_call_that_failed_says_nothing_technical_to_the_model(
    agent: Agent, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    from actions.contract import ActionError
    from actions.kinds.wait import WaitKind

    async def run(self: Any, params: Any, context: Any, arguments: Any) -> Any:
        context.warnings.append("10.0.0.3 is slow")
        raise ActionError("connect to 10.0.0.3 refused", code="connection_failed")

    monkeypatch.setattr(WaitKind, "run", run)
    add_wait(agent, "search")
    begun = api.post("calls", {"agent": "accueil"}).json()
    answer = api.post(f"calls/{begun['id']}/actions/search", {"arguments": {}})
    assert answer.json()["run"]["error"]["code"] == "connection_failed"
    assert "10.0.0.3" not in answer.content.decode()
    run_shown = api.get(f"calls/{begun['id']}").json()["runs"][0]
    assert run_shown["error"]["message"] == "connect to 10.0.0.3 refused"
