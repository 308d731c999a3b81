"""Arguments of a workflow used as a tool, raw schemas, and what is said before."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.core.exceptions import ValidationError
from django_scopes import scope
from jsonschema import Draft202012Validator

from accounts.models import Account
from actions.arguments import Arguments
from actions.models import Agent
from actions.releases import load_plan, publish
from calls import lifecycle
from calls.answers import tool_json
from calls.errors import InvalidArguments
from calls.models import Run
from calls.requests import BeginCall, InvokeAction
from tests.workflows.support import graph, node
from workflows.kinds.arguments import read_arguments, schema_of, validate_schema
from workflows.kinds.workflow import WorkflowAction
from workflows.models import Workflow

EVERY_TYPE = [
    {"name": "order", "type": "string", "required": True, "description": "The number."},
    {"name": "count", "type": "integer"},
    {"name": "price", "type": "number"},
    {"name": "urgent", "type": "boolean"},
    {"name": "tags", "type": "list"},
    {"name": "size", "type": "enum", "values": ["s", "m"]},
]


def test_the_schema_of_every_type_is_strict_and_valid() -> None:
    schema = schema_of(read_arguments(EVERY_TYPE))
    Draft202012Validator.check_schema(schema)
    assert schema["properties"]["tags"] == {"type": "array", "items": {"type": "string"}}
    assert schema["properties"]["size"] == {"type": "string", "enum": ["s", "m"]}
    assert (schema["required"], schema["additionalProperties"]) == (["order"], False)


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({"order": "A"}, []),
        ({"order": "A", "tags": ["x"], "size": "m", "count": 2, "price": 1.5, "urgent": False}, []),
        ({}, ["arguments"]),
        ({"order": "A", "tags": [1]}, ["arguments.tags.0"]),
        ({"order": "A", "tags": "x"}, ["arguments.tags"]),
        ({"order": "A", "size": "xl"}, ["arguments.size"]),
        ({"order": "A", "count": 1.5}, ["arguments.count"]),
        ({"order": "A", "colour": "red"}, ["arguments"]),
    ],
)
def test_arguments_are_held_against_it(given: Any, wrong: list[str]) -> None:
    assert [path for path, _message in Arguments(schema_of(read_arguments(EVERY_TYPE))).errors(given)] == wrong


@pytest.mark.parametrize(
    "rows",
    [
        [{"name": "a", "type": "enum"}],
        [{"name": "a", "type": "enum", "values": ["x", "x"]}],
        [{"name": "a", "type": "string", "values": ["x"]}],
        [{"name": "a", "type": "array"}],
        [{"name": "error"}],
        [{"name": "a"}, {"name": "a"}],
        {"a": 1},
    ],
)
def test_arguments_that_make_no_sense_are_refused(rows: Any) -> None:
    with pytest.raises(ValidationError):
        read_arguments(rows)


def nested(depth: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object"}
    for _level in range(depth):
        schema = {"type": "object", "properties": {"a": schema}}
    return schema


@pytest.mark.parametrize(
    "schema",
    [
        [1],
        "object",
        {"type": "string"},
        {"type": "object", "properties": []},
        {"type": "objekt"},
        {"type": "object", "properties": {"a": {"minimum": "x"}}},
        {"type": "object", "properties": {"a b": {}}},
        {"type": "object", "properties": {"interaction": {}}},
        {"type": "object", "properties": {"a": {"$ref": "https://evil.example/schema"}}},
        {"type": "object", "properties": {"a": {"$ref": "#"}}},
        {"type": "object", "properties": {"a": {"$dynamicRef": "other"}}},
        {"type": "object", "$id": "https://evil.example/"},
        {"type": "object", "description": "x" * 30_000},
        nested(40),
    ],
)
def test_a_raw_schema_that_is_none_or_reaches_outside_is_refused(schema: Any) -> None:
    with pytest.raises(ValidationError):
        validate_schema(schema)


@pytest.mark.parametrize(
    "schema",
    [
        None,
        {},
        {"type": "object"},
        {
            "type": "object",
            "properties": {"address": {"$ref": "#/$defs/address"}},
            "$defs": {"address": {"type": "object", "required": ["city"]}},
        },
    ],
)
def test_a_sound_raw_schema_is_taken(schema: Any) -> None:
    validate_schema(schema)


def reaching(reference: str, **definitions: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {"a": {"$ref": reference}}, "$defs": definitions}


@pytest.mark.parametrize(
    ("schema", "place"),
    [
        (reaching("#/$defs/missing"), "#/properties/a"),
        (reaching("#/$defs/x/type", x={"type": "string"}), "#/properties/a"),
        (reaching("#/$defs/x/properties", x={"properties": {}}), "#/properties/a"),
        (reaching("#/$defs/x/enum/0", x={"enum": [{"type": 5}]}), "#/properties/a"),
        (reaching("#/$defs/a", a={"$ref": "#/$defs/a"}), "#/$defs/a"),
        (reaching("#/$defs/a", a={"allOf": [{"not": {"$ref": "#/$defs/a"}}]}), "#/$defs/a"),
        (reaching("#/$defs/a", a={"if": {"dependentSchemas": {"x": {"$ref": "#/$defs/a"}}}}), "#/$defs/a"),
        (reaching("#/$defs/a", a={"oneOf": [{"then": {"else": {"$ref": "#/$defs/a"}}}]}), "#/$defs/a"),
        (
            reaching(
                "#/$defs/d0", **{f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(18)}, d18={}
            ),
            "#/$defs/d",
        ),
        (reaching("#/$defs/d0", **{f"d{n}": {"$ref": f"#/$defs/d{n + 1}"} for n in range(200)}, d200={}), "#/$defs/d"),
        (reaching("#/$defs/a", a={"$dynamicRef": "#/$defs/a"}), "#/$defs/a"),
        (reaching("#/$defs/a", a={"$recursiveRef": "#"}), "#/$defs/a"),
        (reaching("#/$defs/a", a={"$anchor": "x"}), "#/$defs/a"),
        (reaching("#/$defs/a", a={"pattern": "(" * 30 + "a" + "+)" * 30}), "#/$defs/a"),
        (reaching("#/$defs/a", a={"patternProperties": {"a" * 2000: {}}}), "#/$defs/a"),
        (reaching("#/$defs/a", a={"pattern": "(?P<x>a)(?P=y)"}), "['$defs'].a"),
    ],
)
def test_references_and_patterns_that_cannot_be_used_are_refused(schema: Any, place: str) -> None:
    with pytest.raises(ValidationError) as caught:
        validate_schema(schema)
    assert place in caught.value.messages[0]


def test_a_pattern_too_deep_to_read_is_refused() -> None:
    with pytest.raises(ValidationError):
        validate_schema(reaching("#/$defs/a", a={"pattern": "(" * 5000 + ")" * 5000}))


@pytest.mark.parametrize(
    "definition",
    [
        {"properties": {"left": {"$ref": "#/$defs/a"}, "right": {"$ref": "#/$defs/a"}}},
        {"items": {"allOf": [{"$ref": "#/$defs/a"}]}},
        {"additionalProperties": {"$ref": "#/$defs/a"}},
        {"properties": {"$id": {}, "$anchor": {"enum": [{"$ref": 1}]}}},
        {"$ref": "#/$defs/a/$defs/x~1y", "$defs": {"x/y": {}}},
    ],
)
def test_a_reference_into_properties_and_items_may_recur(definition: Any) -> None:
    validate_schema(reaching("#/$defs/a", a=definition))


@pytest.fixture
def in_account(account: Account) -> Iterator[Account]:
    with scope(account=account):
        yield account


def published_tool(agent: Agent, **fields: Any) -> Any:
    drawn = graph(node("end", "return", result="{{ address.city }}"), "start > end")
    workflow = Workflow.objects.create(account=agent.account, name="tool", graph=drawn)
    WorkflowAction.objects.create(
        agent=agent, moment="during", name="tool", description="…", workflow=workflow, **fields
    )
    release = publish(agent)
    action = load_plan(release.pk).find("during", "tool")  # type: ignore[arg-type]
    assert action is not None
    return action


RAW = {
    "type": "object",
    "properties": {"address": {"type": "object", "required": ["city"]}},
    "required": ["address"],
    "additionalProperties": False,
}


def test_a_raw_schema_wins_and_is_held_against_the_arguments(in_account: Account, agent: Agent) -> None:
    action = published_tool(agent, raw_schema=RAW, parameters=[{"name": "ignored"}])
    assert action.tool.parameters == RAW
    call = async_to_sync(lifecycle.begin)(in_account, BeginCall(direction="inbound", agent=agent.slug))

    def invoke(**given: Any) -> Any:
        return async_to_sync(lifecycle.invoke)(call["id"], InvokeAction(name="tool", arguments=given))

    assert invoke(address={"city": "Lyon"})["result"] == "Lyon"
    with pytest.raises(InvalidArguments):
        invoke(address={})
    assert Run.objects.count() == 1


def test_a_tool_tells_what_to_say_before(in_account: Account, agent: Agent) -> None:
    texts = {"fr": "Je regarde.", "en": "Let me look."}
    action = published_tool(agent, raw_schema=RAW, message_mode="exact", message_texts=texts, message_after_ms=700)
    assert tool_json(action.tool)["messages"] == {"before": {"mode": "exact", "texts": texts, "after_ms": 700}}


def test_a_tool_that_says_nothing_before_does_not_mention_it(in_account: Account, agent: Agent) -> None:
    action = published_tool(agent, raw_schema=RAW, message_texts={"fr": "Je regarde."})
    assert "messages" not in tool_json(action.tool)
