"""One tool in every consumer's shape, checked with that vendor's own types. Nothing is lost without a word."""

from __future__ import annotations

import json
import re
import typing
from typing import Any

import mcp_types
import pydantic
import pytest
from anthropic.types import ToolParam
from elevenlabs.types import ToolRequestModelToolConfig_Webhook
from openai.types.chat import ChatCompletionFunctionToolParam
from openai.types.responses import FunctionToolParam
from openai.types.shared_params import FunctionDefinition
from retell.types.llm_create_params import GeneralToolCustomTool
from vapi.types import CreateFunctionToolDto

from actions import manifests
from actions.arguments import Arguments
from actions.messages import MessageBefore
from actions.models import Action
from actions.releases import ToolDefinition

URL = "https://actions.lac.example/api/v1"
BRIDGE = "https://bridge.lac.example/tools"

PLAIN = {
    "type": "object",
    "properties": {
        "destination": {"type": "string", "enum": ["Service clients", "Sinistres"], "description": "Whom to call."},
        "reason": {"type": "string", "description": "Why the caller is transferred."},
        "urgent": {"type": "boolean", "description": "Whether it cannot wait."},
        "rooms": {"type": "array", "items": {"type": "string", "description": "One."}, "description": "Which rooms."},
    },
    "required": ["destination"],
    "additionalProperties": False,
}

RICH = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$defs": {"amount": {"type": "number", "minimum": 0, "description": "In euros."}},
    "type": "object",
    "properties": {
        "amount": {"$ref": "#/$defs/amount"},
        "when": {"type": ["string", "null"], "format": "date"},
        "floor": {"type": "integer", "enum": [1, 2, 3], "description": "Which floor."},
        "either": {"oneOf": [{"type": "string"}, {"type": "integer"}]},
        "prénom": {"type": "string", "maxLength": 40},
        "lines": {"type": "array", "minItems": 1, "items": {"type": "object", "properties": {"sku": {"const": "A"}}}},
    },
    "required": ["amount"],
}

AT_THE_TOP = {"oneOf": [{"type": "object", "properties": {"a": {}}}, {"type": "object", "properties": {"b": {}}}]}

TEXTS = {"fr": "Un instant.", "en": "One moment."}

VENDORS = [name for name in manifests.names() if name != manifests.OWN]


def tool(
    schema: Any = PLAIN, *, before: MessageBefore | None = None, description: str = "Transfers."
) -> ToolDefinition:
    return ToolDefinition("transfer_to_advisor", description, schema, before)


def shaped(name: str, definition: ToolDefinition, **place: str) -> tuple[Any, list[str]]:
    where = manifests.Place(**{"api_url": URL, "language": "en", "bridge_url": BRIDGE, **place})
    manifest = manifests.render(manifests.find(name), [definition], where)
    return manifest.tools[0], [misfit.message for misfit in manifest.warnings]


def check_typed_dict(kind: Any, value: Any) -> None:
    """The vendor's TypedDict takes it, and knows every member."""
    pydantic.TypeAdapter(kind).validate_python(value)
    assert set(value) <= set(typing.get_type_hints(kind, include_extras=True))


def check_model(kind: Any, value: Any) -> None:
    """The vendor's model takes it, and knows every member, however deep."""
    model = kind.model_validate(value)
    unknown = list(extras(model))
    assert unknown == [], unknown


def extras(value: Any, path: str = "") -> Any:
    if isinstance(value, pydantic.BaseModel):
        # Vendors' unions fall back on their first member: what it does not know is the schema's own.
        yield from (f"{path}.{name}" for name in (value.model_extra or {}))
        for name in type(value).model_fields:
            yield from extras(getattr(value, name), f"{path}.{name}")
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from extras(inner, f"{path}.{name}")
    elif isinstance(value, list):
        for inner in value:
            yield from extras(inner, path)


def openai(value: Any) -> None:
    check_typed_dict(ChatCompletionFunctionToolParam, value)
    check_typed_dict(FunctionDefinition, value["function"])


def anthropic(value: Any) -> None:
    check_typed_dict(ToolParam, value)
    assert value["input_schema"]["type"] == "object"


def retell(value: Any) -> None:
    check_typed_dict(GeneralToolCustomTool, value)
    assert isinstance(value["parameters"]["properties"], dict)


def mcp(value: Any) -> None:
    parsed = mcp_types.Tool.model_validate(value)
    again = parsed.model_dump(mode="json", by_alias=True, exclude_none=True)
    assert again == value


CHECKS: dict[str, Any] = {
    "openai": openai,
    "openai_responses": lambda value: check_typed_dict(FunctionToolParam, value),
    "anthropic": anthropic,
    "mcp": mcp,
    "vapi": lambda value: check_model(CreateFunctionToolDto, value),
    "retell": retell,
    "elevenlabs": lambda value: check_model(ToolRequestModelToolConfig_Webhook, value),
}
ELSEWHERE = {"livekit", "pipecat"}
"""Their packages are half a gigabyte: `make check-vendors` asks them, in an environment of their own."""


def test_every_shape_is_checked_by_its_vendors_own_types() -> None:
    assert set(CHECKS) | ELSEWHERE == set(VENDORS)


@pytest.mark.parametrize("before", [None, MessageBefore(mode="exact", texts=TEXTS)])
@pytest.mark.parametrize("schema", [PLAIN, {"type": "object", "properties": {}, "additionalProperties": False}])
@pytest.mark.parametrize("name", CHECKS)
def test_the_vendors_own_types_take_it(name: str, schema: Any, before: MessageBefore | None) -> None:
    value, warnings = shaped(name, tool(schema, before=before))
    CHECKS[name](value)
    assert warnings == []
    assert json.loads(json.dumps(value)) == value


@pytest.mark.parametrize("name", CHECKS)
def test_a_schema_of_every_sort_is_taken_too(name: str) -> None:
    CHECKS[name](shaped(name, tool(RICH))[0])


@pytest.mark.parametrize("name", VENDORS)
def test_the_name_fits_every_vendor_and_leads_back_to_the_action(name: str) -> None:
    assert Action._meta.get_field("name").max_length == 63
    value, _warnings = shaped(name, tool())
    found = value.get("name") or value["function"]["name"]
    assert re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", found)
    assert found == "transfer_to_advisor"


def parameters_of(name: str, value: Any) -> Any:
    match name:
        case "openai" | "vapi":
            return value["function"]["parameters"]
        case "anthropic":
            return value["input_schema"]
        case "mcp":
            return value["inputSchema"]
        case "elevenlabs":
            return value["api_schema"]["request_body_schema"]["properties"]["arguments"]
        case "pipecat":
            return {"type": "object", "properties": value["properties"], "required": value["required"]}
    return value["parameters"]


@pytest.mark.parametrize("name", VENDORS)
def test_what_the_schema_takes_the_vendors_schema_takes(name: str) -> None:
    """Narrowing may be lost, never a possibility."""
    arguments = {"destination": "Sinistres", "reason": "fire", "urgent": True, "rooms": ["a"]}
    offered = Arguments(parameters_of(name, shaped(name, tool())[0]))
    assert offered.errors(arguments) == []
    assert offered.errors({"reason": "fire"}) != []
    assert offered.errors({"destination": "elsewhere"}) != []


@pytest.mark.parametrize("name", VENDORS)
def test_arguments_that_are_not_one_plain_object_are_reported(name: str) -> None:
    _value, warnings = shaped(name, tool(AT_THE_TOP))
    assert warnings


@pytest.mark.parametrize("name", ["vapi", "elevenlabs"])
def test_what_a_subset_of_json_schema_loses_is_named_with_its_place(name: str) -> None:
    value, warnings = shaped(name, tool(RICH))
    told = " ".join(warnings)
    for place in ("amount: ", "minimum", "floor: ", "either: ", "prénom: ", "maxLength", "minItems"):
        assert place in told, place
    inner = parameters_of(name, value)["properties"]
    assert inner["amount"]["type"] == "number"
    assert inner["when"]["type"] == "string"
    assert "enum" not in inner["floor"]
    assert inner["lines"]["items"]["properties"]["sku"]["enum"] == ["A"]


def test_elevenlabs_gets_a_description_of_every_property() -> None:
    value, warnings = shaped("elevenlabs", tool({"type": "object", "properties": {"last_name": {"type": "string"}}}))
    assert parameters_of("elevenlabs", value)["properties"]["last_name"]["description"] == "last name"
    assert any(message.startswith("last_name has no description") for message in warnings)


def test_anthropic_is_told_of_names_with_accents() -> None:
    assert any("prénom" in message for message in shaped("anthropic", tool(RICH))[1])


def test_pipecat_is_told_of_definitions_that_it_cannot_keep() -> None:
    assert any("$defs" in message for message in shaped("pipecat", tool(RICH))[1])


@pytest.mark.parametrize(("name", "most"), [("openai", 1024), ("openai_responses", 1024), ("vapi", 999)])
def test_a_description_that_is_too_long_is_reported_and_not_cut(name: str, most: int) -> None:
    value, warnings = shaped(name, tool(description="d" * (most + 1)))
    assert [str(most) in message.replace(",", "") for message in warnings] == [True]
    assert "d" * (most + 1) in json.dumps(value)
    assert shaped(name, tool(description="d" * most))[1] == []


def test_more_tools_than_openai_takes_are_reported() -> None:
    place = manifests.Place(api_url=URL, language="en")
    manifest = manifests.render(manifests.find("openai"), [tool()] * 129, place)
    assert [(misfit.tool, "128" in misfit.message) for misfit in manifest.warnings] == [("", True)]
    assert len(manifest.tools) == 129


def test_vapi_says_a_fixed_text_in_every_language_and_later_where_that_is_wanted() -> None:
    contents = [
        {"type": "text", "text": "Un instant.", "language": "fr"},
        {"type": "text", "text": "One moment.", "language": "en"},
    ]
    at_once = shaped("vapi", tool(before=MessageBefore(mode="exact", texts=TEXTS)))[0]
    assert at_once["messages"] == [{"type": "request-start", "contents": contents, "blocking": False}]
    later = shaped("vapi", tool(before=MessageBefore(mode="exact", texts=TEXTS, after_ms=40)))[0]
    assert later["messages"] == [{"type": "request-response-delayed", "timingMilliseconds": 100, "contents": contents}]


def test_retell_says_a_fixed_text_or_words_of_its_own_in_the_agents_language() -> None:
    exact = shaped("retell", tool(before=MessageBefore(mode="exact", texts=TEXTS)), language="fr")[0]
    assert (exact["execution_message_type"], exact["execution_message_description"]) == ("static_text", "Un instant.")
    free = shaped("retell", tool(before=MessageBefore(texts=TEXTS)))[0]
    assert (free["execution_message_type"], free["execution_message_description"]) == ("prompt", "One moment.")
    assert shaped("retell", tool())[0]["speak_during_execution"] is False


@pytest.mark.parametrize("name", ["openai", "openai_responses", "anthropic", "mcp", "livekit", "pipecat", "elevenlabs"])
def test_where_there_is_no_field_for_the_message_the_model_is_asked_to_say_it(name: str) -> None:
    before = MessageBefore(mode="exact", texts=TEXTS)
    assert "“One moment.”" in json.dumps(shaped(name, tool(before=before))[0], ensure_ascii=False)
    example = shaped(name, tool(before=MessageBefore(texts={"en": "Let me see."})))[0]
    assert "in your own words" in json.dumps(example)
    assert "a few words" in json.dumps(shaped(name, tool(before=MessageBefore()))[0])


@pytest.mark.parametrize(("before", "mode"), [(None, "off"), (0, "force"), (800, "auto")])
def test_elevenlabs_speaks_before_slow_tools_or_always(before: int | None, mode: str) -> None:
    message = None if before is None else MessageBefore(texts={"en": "Let me see."}, after_ms=before)
    assert shaped("elevenlabs", tool(before=message))[0]["pre_tool_speech"] == mode


def test_elevenlabs_calls_the_api_with_the_call_of_the_conversation_and_no_key_in_it() -> None:
    api = shaped("elevenlabs", tool())[0]["api_schema"]
    assert api["url"] == f"{URL}/calls/{{call_id}}/actions/transfer_to_advisor"
    assert api["path_params_schema"] == {"call_id": {"type": "string", "dynamic_variable": "triptyque_call_id"}}
    assert api["request_headers"] == {"Authorization": {"variable_name": "secret__triptyque_authorization"}}
    pinned = shaped("elevenlabs", tool(), call_id="0199")[0]["api_schema"]
    assert pinned["url"] == f"{URL}/calls/0199/actions/transfer_to_advisor"
    assert "path_params_schema" not in pinned


def test_a_vendor_that_needs_a_bridge_is_not_led_to_our_api() -> None:
    assert shaped("vapi", tool())[0]["server"] == {"url": BRIDGE}
    assert "server" not in shaped("vapi", tool(), bridge_url="")[0]
    assert shaped("retell", tool())[0]["url"] == BRIDGE
    value, warnings = shaped("retell", tool(), bridge_url="")
    assert value["url"].endswith(".invalid/")
    assert len(warnings) == 1


def test_openai_is_not_strict_so_that_optional_arguments_stay_optional() -> None:
    assert shaped("openai", tool())[0]["function"]["strict"] is False
    assert shaped("openai_responses", tool())[0]["strict"] is False


def test_warnings_are_in_the_readers_language_and_what_the_model_reads_in_the_agents() -> None:
    from django.utils.translation import override

    with override("fr"):
        value, _warnings = shaped("openai", tool(before=MessageBefore()), language="en")
    assert "Before you use it" in value["function"]["description"]


@pytest.mark.parametrize("name", CHECKS)
def test_a_member_that_the_vendor_does_not_know_would_be_noticed(name: str) -> None:
    value = {**shaped(name, tool())[0], "nonsense": 1}
    with pytest.raises(AssertionError):
        CHECKS[name](value)


@pytest.mark.parametrize("name", ["vapi", "elevenlabs"])
def test_a_keyword_that_the_vendor_does_not_know_would_be_noticed_however_deep(name: str) -> None:
    value = shaped(name, tool())[0]
    parameters_of(name, value)["properties"]["reason"]["maxLength"] = 3
    with pytest.raises(AssertionError):
        CHECKS[name](value)


def test_a_schema_that_refers_to_itself_ends() -> None:
    schema = {"type": "object", "properties": {"more": {"$ref": "#"}}}
    for name in VENDORS:
        assert shaped(name, tool(schema))[0]


@pytest.mark.parametrize("name", ["elevenlabs", "vapi"])
def test_a_schema_that_doubles_at_every_level_ends(name: str) -> None:
    twice = {"type": "object", "properties": {"left": {"$ref": "#/$defs/n"}, "right": {"$ref": "#/$defs/n"}}}
    schema = {"type": "object", "properties": {"n": {"$ref": "#/$defs/n"}}, "$defs": {"n": twice}}
    tool = ToolDefinition("look", "Look.", schema)
    made = manifests.render(manifests.find(name), [tool], manifests.Place(URL, "en")).tools
    assert len(json.dumps(made)) < 200_000
