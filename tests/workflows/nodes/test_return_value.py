"""Node ``return``."""

from __future__ import annotations

from typing import Any

import pytest

from actions.contract import ActionError
from tests.workflows.support import call_context, entry, graph, node, run_graph
from workflows.graph import check_graph
from workflows.nodes.return_value import ReturnConfig


async def returned(context: Any = None, /, *, scope: dict[str, Any] | None = None, **config: Any) -> Any:
    return await run_graph(node("ret", "return", **config), "start > ret", context=context or call_context(scope or {}))


async def test_parameters_keep_their_types() -> None:
    result = await returned(
        scope={"tier": "gold", "points": 3, "customer": {"a": [1]}},
        parameters={"vip": True, "points": "{{ points }}", "greeting": "Hello {{ tier }}", "all": "{{ customer }}"},
    )

    assert result.parameters == {"vip": True, "points": 3, "greeting": "Hello gold", "all": {"a": [1]}}
    assert (result.result, result.agent_configuration) == (None, None)


async def test_it_may_return_nothing() -> None:
    result = await returned()

    assert result.parameters == {}


@pytest.mark.parametrize("value", [False, 0, "", [], {}, "text", {"status": "{{ tier }}"}])
async def test_a_result_may_be_any_value(value: Any) -> None:
    result = await returned(scope={"tier": "gold"}, result=value)

    assert result.result == ({"status": "gold"} if value == {"status": "{{ tier }}"} else value)


async def test_it_returns_an_agent_configuration() -> None:
    result = await returned(scope={"name": "Zoé"}, agent_configuration={"initialMessage": "Bonjour {{ name }} !"})

    assert result.agent_configuration == {"initialMessage": "Bonjour Zoé !"}


async def test_the_agent_configuration_may_come_as_one_variable() -> None:
    result = await returned(scope={"configuration": {"prompt": "x"}}, agent_configuration="{{ configuration }}")

    assert result.agent_configuration == {"prompt": "x"}


async def test_an_agent_configuration_that_is_no_object_is_a_failure() -> None:
    with pytest.raises(ActionError) as raised:
        await returned(scope={"configuration": "prompt"}, agent_configuration="{{ configuration }}")

    assert (raised.value.code, raised.value.permanent) == ("invalid_configuration", True)


async def test_the_trace_shows_what_is_returned() -> None:
    context = call_context({"tier": "gold"})

    await returned(context, parameters={"tier": "{{ tier }}", "accessToken": "abc"}, result="ok")

    assert entry(context, "ret")["output"] == {"parameters": {"tier": "gold", "accessToken": "•••"}, "result": "ok"}


@pytest.mark.parametrize(
    ("config", "field", "message"),
    [
        ({"parameters": {"a b": 1}}, "parameters.a b", "cannot be a name"),
        ({"parameters": {"system": 1}}, "parameters.system", "reserved"),
        ({"parameters": ["a"]}, "parameters", "JSON object"),
        ({"parameters": {"a": "{{ nobody }}"}}, "parameters.a", "does not exist"),
        ({"parameters": {"a": "{{ b"}}, "parameters.a", ""),
        ({"result": "{{ nobody }}"}, "result", "does not exist"),
        ({"agent_configuration": ["a"]}, "agent_configuration", "JSON object"),
        ({"agent_configuration": "prompt"}, "agent_configuration", "JSON object"),
        ({"agent_configuration": {"prompt": "{{ nobody }}"}}, "agent_configuration", "does not exist"),
    ],
)
def test_a_wrong_setting_is_told_at_its_field(config: dict[str, Any], field: str, message: str) -> None:
    errors = check_graph(graph(node("ret", "return", **config), "start > ret"), "before", flat_names=[])

    assert [(error.node_id, error.field) for error in errors] == [("ret", field)]
    assert message in errors[0].message


@pytest.mark.parametrize("moment", ["during", "after"])
def test_the_agent_can_be_configured_before_the_call_only(moment: str) -> None:
    drawn = graph(node("ret", "return", agent_configuration={"prompt": "x"}), "start > ret")

    assert check_graph(drawn) == []
    assert check_graph(drawn, "before") == []
    assert [(error.node_id, error.field) for error in check_graph(drawn, moment)] == [("ret", "agent_configuration")]


def test_nothing_follows_a_return() -> None:
    drawn = graph(node("ret", "return"), node("again", "return"), "start > ret > again")

    (error,) = check_graph(drawn)

    assert (error.node_id, error.field) == ("ret", "edges.1")
    assert "ends here" in error.message


# --- agent configuration and fail-over ------------------------------------------------------------


@pytest.mark.parametrize(
    "configuration",
    [
        {"prompt": "x", "callDurationLimit": 600, "recordAudio": False, "synthesizer": {}, "rag": {}},
        {"callDurationLimit": "600", "anything": ["else"]},
        {"prompt": "{{ 1 }}", "classifiers": [{"name": "a", "type": "PRIMARY", "labels": ["x"]}], "extractors": []},
        {"classifiers": "{{ list }}", "recordAudio": "{{ yes }}"},
    ],
)
def test_a_configuration_of_the_right_shape_is_taken(configuration: Any) -> None:
    assert ReturnConfig(agent_configuration=configuration).agent_configuration == configuration


@pytest.mark.parametrize(
    "configuration",
    [
        {"prompt": 1},
        {"initialMessage": ["x"]},
        {"callDurationLimit": True},
        {"callDurationLimit": "long"},
        {"recordAudio": "yes"},
        {"rag": []},
        {"classifiers": {}},
        {"classifiers": ["x"]},
        {"classifiers": [{"name": "a", "labels": "x"}]},
        {"extractors": [{"name": 1}]},
    ],
)
def test_a_configuration_of_another_shape_is_told_at_its_field(configuration: Any) -> None:
    errors = check_graph(graph(node("end", "return", agent_configuration=configuration), "start > end"), "before")
    assert [(error.node_id, error.field) for error in errors] == [("end", "agent_configuration")]


async def test_a_configuration_that_turns_out_wrong_fails_the_run() -> None:
    drawn = node("end", "return", agent_configuration={"prompt": "{{ number }}"})
    with pytest.raises(ActionError, match="prompt"):
        await run_graph(drawn, "start > end", number=1)


async def test_a_fail_over_gives_its_reason() -> None:
    result = await run_graph(node("end", "return", fail_over="No {{ what }}"), "start > end", what="data")
    assert result.returned.fail_over == "No data"


async def test_a_fail_over_that_comes_out_empty_takes_the_call() -> None:
    result = await run_graph(node("end", "return", fail_over="{{ what | default('') }}"), "start > end")
    assert result.returned.fail_over == ""


@pytest.mark.parametrize(
    ("fail_over", "moment", "field"),
    [
        ("x", "during", "fail_over"),
        ("x", "after", "fail_over"),
        ({"reason": "x"}, "before", "fail_over"),
        ("{{", "before", "fail_over"),
        ("{{ nobody }}", "before", "fail_over"),
    ],
)
def test_a_fail_over_is_a_text_before_the_call(fail_over: Any, moment: str, field: str) -> None:
    errors = check_graph(graph(node("end", "return", fail_over=fail_over), "start > end"), moment, flat_names=[])
    assert [(error.node_id, error.field) for error in errors] == [("end", field)]
