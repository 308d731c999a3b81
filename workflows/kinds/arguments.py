"""What the model gives when it calls a workflow as a tool: declared one by one, or as a raw JSON Schema."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal
from urllib.parse import unquote

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from jsonschema import Draft202012Validator, SchemaError
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator
from pydantic import ValidationError as InvalidError

from actions.arguments import compiled
from actions.contract import JSON
from workflows.fields import ParameterName, VariableName, check_variable_name
from workflows.graph.messages import sentences

ArgumentType = Literal["string", "integer", "number", "boolean", "list", "enum"]

MOST_SCHEMA_CHARS = 20_000
MOST_SCHEMA_DEPTH = 20
MOST_COMBINED = 1000
"""Subschemas that one value is held against, through references, allOf and the like."""
MOST_COMBINED_DEPTH = 50


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
    except (RecursionError, OverflowError) as error:  # of a pattern
        raise ValidationError(_("The schema is too large or too deep.")) from error
    except SchemaError as error:
        facts = {"path": error.json_path, "problem": error.message[:200]}
        raise ValidationError(_("This is no JSON Schema (%(path)s): %(problem)s") % facts) from error
    if value.get("type") != "object":
        raise ValidationError(_("The schema must be of type “object”."))
    _check_subschemas(value)
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
            characters += sum(len(name) for name in value)
            walk += [(inner, depth + 1) for inner in value.values()]
        elif isinstance(value, list):
            walk += [(inner, depth + 1) for inner in value]


Place = tuple[str, ...]
"""Of a subschema in its document: the parts of its JSON pointer."""

_ELSEWHERE = ("$id", "$anchor", "$dynamicAnchor", "$dynamicRef", "$recursiveRef", "$recursiveAnchor")
_LISTS = ("allOf", "anyOf", "oneOf")
_IN_PLACE = ("not", "if", "then", "else")
_SINGLE = (
    *("additionalProperties", "unevaluatedProperties", "propertyNames"),
    *("items", "unevaluatedItems", "contains", "contentSchema"),
)
_MAPS = ("properties", "patternProperties", "$defs", "definitions")


def _check_subschemas(schema: dict[str, JSON]) -> None:
    """References and patterns; of a valid schema."""
    places = dict(_subschemas((), schema))
    for place, subschema in places.items():
        if isinstance(subschema, dict):
            _check_subschema(place, subschema, places)
    sizes: dict[Place, tuple[int, int]] = {}
    for place in places:
        _combined(place, places, sizes, ())


def _subschemas(place: Place, schema: Any) -> Iterator[tuple[Place, Any]]:
    yield place, schema
    if not isinstance(schema, dict):
        return
    for parts in (*_in_place(schema), *_below(schema)):
        inner: Any = schema
        for part in parts:
            inner = inner[int(part) if isinstance(inner, list) else part]
        yield from _subschemas((*place, *parts), inner)


def _in_place(schema: dict[str, Any]) -> Iterator[Place]:
    """Where the subschemas are that the same value is held against."""
    for keyword in _IN_PLACE:
        if keyword in schema:
            yield (keyword,)
    for keyword in _LISTS:
        for index in range(len(schema.get(keyword, ()))):
            yield keyword, str(index)
    for name in schema.get("dependentSchemas", ()):
        yield "dependentSchemas", name


def _below(schema: dict[str, Any]) -> Iterator[Place]:
    for keyword in _SINGLE:
        if keyword in schema:
            yield (keyword,)
    for index in range(len(schema.get("prefixItems", ()))):
        yield "prefixItems", str(index)
    for keyword in _MAPS:
        for name in schema.get(keyword, ()):
            yield keyword, name


def _check_subschema(place: Place, schema: dict[str, Any], places: Mapping[Place, Any]) -> None:
    if keyword := next((keyword for keyword in _ELSEWHERE if keyword in schema), None):
        facts = {"place": _pointer(place), "keyword": keyword}
        raise ValidationError(_("%(place)s: %(keyword)s is not possible here.") % facts)
    if "$ref" in schema:
        if not schema["$ref"].startswith("#/$defs/"):
            facts = {"place": _pointer(place)}
            raise ValidationError(_("%(place)s: a $ref may lead to #/$defs/… only.") % facts)
        if _target(schema["$ref"]) not in places:
            facts = {"place": _pointer(place), "target": schema["$ref"][:100]}
            raise ValidationError(_("%(place)s: %(target)s is no schema.") % facts)
    for pattern in (*schema.get("patternProperties", ()), *([schema["pattern"]] if "pattern" in schema else ())):
        try:
            compiled(pattern)
        except ValueError as error:
            facts = {"place": _pointer(place), "pattern": pattern[:100]}
            raise ValidationError(
                _("%(place)s: the regular expression %(pattern)s is not valid, too long or too deep.") % facts
            ) from error


def _combined(
    place: Place, places: Mapping[Place, Any], sizes: dict[Place, tuple[int, int]], trail: tuple[Place, ...]
) -> tuple[int, int]:
    """How many subschemas a value at this place is held against, and how deep they go."""
    if place in sizes:
        return sizes[place]
    facts = {"place": _pointer(place)}
    if place in trail:
        raise ValidationError(_("%(place)s leads back to itself without going into a property or an item.") % facts)
    if len(trail) >= MOST_COMBINED_DEPTH:
        raise ValidationError(_("%(place)s combines too many schemas.") % facts)
    schema = places[place]
    inner = [(*place, *parts) for parts in _in_place(schema)] if isinstance(schema, dict) else []
    if isinstance(schema, dict) and "$ref" in schema:
        inner.append(_target(schema["$ref"]))
    size, depth = 1, 1
    for each in inner:
        more, deeper = _combined(each, places, sizes, (*trail, place))
        size, depth = size + more, max(depth, deeper + 1)
    if size > MOST_COMBINED or depth > MOST_COMBINED_DEPTH:
        raise ValidationError(_("%(place)s combines too many schemas.") % facts)
    sizes[place] = size, depth
    return sizes[place]


def _target(reference: str) -> Place:
    parts = unquote(reference[2:]).split("/")
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in parts)


def _pointer(place: Place) -> str:
    return "/".join(["#", *place])[:200]
