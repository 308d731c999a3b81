"""What the model gives when it calls a workflow as a tool: declared one by one, or as a raw JSON Schema."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from jsonschema import Draft202012Validator, SchemaError
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator
from pydantic import ValidationError as InvalidError

from actions.contract import JSON
from workflows.fields import ParameterName, VariableName, check_variable_name
from workflows.graph.messages import sentences

ArgumentType = Literal["string", "integer", "number", "boolean", "list", "enum"]

MOST_SCHEMA_CHARS = 20_000
MOST_SCHEMA_DEPTH = 20
LONGEST_SENTENCE = 300


class Argument(BaseModel):
    """An argument that the model gives; a variable of that name. A ``list`` is one of texts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: VariableName
    description: str = Field(default="", max_length=1000)
    type: ArgumentType = "string"
    values: tuple[str, ...] = Field(default=(), max_length=100)
    required: bool = False

    @model_validator(mode="after")
    def _values_of_an_enum(self) -> Argument:
        if self.type == "enum" and (not self.values or len(set(self.values)) < len(self.values)):
            raise ValueError(_("List the values to choose from, each once."))
        if self.type != "enum" and self.values:
            raise ValueError(_("Only the type “enum” has values."))
        return self

    @property
    def json_schema(self) -> dict[str, JSON]:
        described = {"description": self.description} if self.description else {}
        match self.type:
            case "list":
                return {"type": "array", "items": {"type": "string"}, **described}
            case "enum":
                return {"type": "string", "enum": list(self.values), **described}
        return {"type": self.type, **described}


_ARGUMENTS: TypeAdapter[tuple[Argument, ...]] = TypeAdapter(tuple[Argument, ...])
_PARAMETERS: TypeAdapter[dict[str, JSON]] = TypeAdapter(dict[ParameterName, Any])
_SENTENCES: TypeAdapter[dict[str, str]] = TypeAdapter(dict[str, str])


def schema_of(arguments: Iterable[Argument]) -> dict[str, JSON]:
    """A strict JSON Schema (draft 2020-12)."""
    arguments = list(arguments)
    return {
        "type": "object",
        "properties": {argument.name: argument.json_schema for argument in arguments},
        "required": [argument.name for argument in arguments if argument.required],
        "additionalProperties": False,
    }


def read_arguments(value: JSON) -> tuple[Argument, ...]:
    """Raises Django's ValidationError with every mistake."""
    arguments: tuple[Argument, ...] = _read(_ARGUMENTS, value)
    names = [argument.name for argument in arguments]
    if doubled := {name for name in names if names.count(name) > 1}:
        raise ValidationError(_("Declared twice: %(names)s.") % {"names": ", ".join(sorted(doubled))})
    return arguments


def read_parameters(value: JSON) -> dict[str, JSON]:
    """Raises Django's ValidationError with every mistake."""
    parameters: dict[str, JSON] = _read(_PARAMETERS, value)
    return parameters


def _read(adapter: TypeAdapter[Any], value: JSON) -> Any:
    try:
        return adapter.validate_python(value)
    except InvalidError as error:
        texts = [": ".join(filter(None, [".".join(map(str, path)), text])) for path, text in sentences(error)]
        raise ValidationError(texts) from error


def validate_arguments(value: JSON) -> None:
    read_arguments(value)


def validate_parameters(value: JSON) -> None:
    read_parameters(value)


def validate_sentences(value: JSON) -> None:
    """Sentences by language; raises Django's ValidationError."""
    texts: dict[str, str] = _read(_SENTENCES, value)
    known = [code for code, _name in settings.LANGUAGES]
    if unknown := sorted(set(texts) - set(known)):
        facts = {"names": ", ".join(unknown)[:80], "known": ", ".join(known)}
        raise ValidationError(_("Unknown language: %(names)s. Possible are %(known)s.") % facts)
    if any(len(text) > LONGEST_SENTENCE for text in texts.values()):
        raise ValidationError(_("A sentence takes at most %(most)d characters.") % {"most": LONGEST_SENTENCE})


def validate_schema(value: JSON) -> None:
    """A JSON Schema of an object (draft 2020-12) that refers to nothing outside of itself.

    Raises Django's ValidationError. None and {} mean that there is none.
    """
    if not value:
        if value not in (None, {}):
            raise ValidationError(_("This must be a JSON object."))
        return
    if not isinstance(value, dict):
        raise ValidationError(_("This must be a JSON object."))
    _check_size(value)
    try:
        Draft202012Validator.check_schema(value)
    except SchemaError as error:
        facts = {"path": error.json_path, "problem": error.message[:200]}
        raise ValidationError(_("This is no JSON Schema (%(path)s): %(problem)s") % facts) from error
    if value.get("type") != "object":
        raise ValidationError(_("The schema must be of type “object”."))
    for name in property_names(value):
        try:
            check_variable_name(name)
        except ValueError as error:
            raise ValidationError(str(error)) from error


def property_names(schema: Mapping[str, JSON]) -> list[str]:
    properties = schema.get("properties")
    return list(properties) if isinstance(properties, dict) else []


def _check_size(schema: dict[str, JSON]) -> None:
    walk: list[tuple[JSON, int]] = [(schema, 0)]
    characters = 0
    while walk:
        value, depth = walk.pop()
        characters += len(value) if isinstance(value, str) else 4
        if depth > MOST_SCHEMA_DEPTH or characters > MOST_SCHEMA_CHARS:
            raise ValidationError(_("The schema is too large or too deep."))
        if isinstance(value, dict):
            _check_references(value)
            characters += sum(len(name) for name in value)
            walk += [(inner, depth + 1) for inner in value.values()]
        elif isinstance(value, list):
            walk += [(inner, depth + 1) for inner in value]


def _check_references(schema: dict[str, JSON]) -> None:
    """Only to definitions of the same document, and none that the validator would have to fetch."""
    for keyword in ("$ref", "$dynamicRef"):
        if isinstance(target := schema.get(keyword), str) and not target.startswith("#/$defs/"):
            raise ValidationError(_("A $ref may lead to #/$defs/… only."))
    if "$id" in schema:
        raise ValidationError(_("The schema cannot have an $id."))
