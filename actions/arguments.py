"""Checking the arguments that a model gives against a tool's schema (JSON Schema, draft 2020-12)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _
from jsonschema import Draft202012Validator, ValidationError, validators

from actions.contract import JSON


def _pattern(validator: Any, pattern: str, instance: Any, schema: Any) -> Iterator[ValidationError]:
    """As ECMA 262 reads it, which the specification names: ``$`` is the end, not before a last newline."""
    if pattern.endswith("$") and not pattern.endswith(r"\$"):
        pattern = rf"{pattern[:-1]}\Z"
    if isinstance(instance, str) and not re.search(pattern, instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


_Validator = validators.extend(Draft202012Validator, {"pattern": _pattern})


class Arguments:
    """A tool's schema, compiled once."""

    def __init__(self, schema: Mapping[str, JSON]) -> None:
        self._validator = _Validator(dict(schema))

    def errors(self, arguments: Mapping[str, JSON]) -> list[tuple[str, str]]:
        """(``arguments.name``, sentence) for everything that does not fit."""
        return [
            (".".join(["arguments", *map(str, error.absolute_path)]), _sentence(error))
            for error in self._validator.iter_errors(dict(arguments))
        ]


def _sentence(error: ValidationError) -> str:
    """In the reader's language where we know how to say it; never with the value, which may be private."""
    expected: Any = error.validator_value
    given: Any = error.instance
    schema: Any = error.schema
    match error.validator:
        case "required":
            missing = ", ".join(name for name in expected if name not in given)
            return _("Missing: %(names)s.") % {"names": missing}
        case "additionalProperties":
            unknown = ", ".join(sorted(set(given) - set(schema.get("properties", {}))))
            return _("Unknown: %(names)s.") % {"names": unknown}
        case "type":
            return _("This must be of type %(type)s.") % {"type": expected}
        case "enum":
            return _("This must be one of: %(values)s.") % {"values": ", ".join(map(str, expected))}
        case "minLength" | "maxLength":
            return _("This does not have the right length.")
        case "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum":
            return _("This number is out of range.")
        case "pattern" | "format":
            return _("This does not have the right form.")
    return _("This does not fit the tool's schema.")
