"""What the model may fill in of a text message during the call: variables that the editor declared, and no more."""

from __future__ import annotations

import re
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from pydantic import BaseModel, ConfigDict

from actions.contract import JSON
from actions.expressions.scope import RESERVED

MOST_VARIABLES = 10
LONGEST_VALUE = 500
LONGEST_DESCRIPTION = 200
NUMBER = "phone_number"
"""The argument with the recipient, where the model may name one."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}")


class Variable(BaseModel):
    """``{{ name }}`` in the text; ``description`` tells the model what to put there."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    description: str = ""


def validate_variables(value: object) -> None:
    """Raises ValidationError unless ``value`` is a list of ``{"name", "description"}`` with good names."""
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise ValidationError(_("This must be a list of variables."))
    if len(value) > MOST_VARIABLES:
        raise ValidationError(_("At most %(most)d variables are possible."), params={"most": MOST_VARIABLES})
    seen: set[str] = set()
    for each in value:
        _validate(each, seen)


def _validate(each: dict[str, Any], seen: set[str]) -> None:
    name, description = each.get("name"), each.get("description", "")
    if not isinstance(name, str) or not _NAME.fullmatch(name) or not isinstance(description, str) or set(each) - _KEYS:
        raise ValidationError(
            _("“%(name)s” is not the name of a variable: use letters without accents, digits and underscores."),
            params={"name": str(name)[:60]},
        )
    if name in RESERVED or name == NUMBER:
        raise ValidationError(_("A variable cannot be called “%(name)s”."), params={"name": name})
    if name in seen:
        raise ValidationError(_("Two variables are called “%(name)s”."), params={"name": name})
    if len(description) > LONGEST_DESCRIPTION:
        raise ValidationError(_("A description has %(most)d characters at most."), params={"most": LONGEST_DESCRIPTION})
    seen.add(name)


_KEYS = {"name", "description"}


def schema_of(variables: tuple[Variable, ...], *, model_gives_number: bool) -> dict[str, JSON]:
    """JSON Schema of the tool's arguments, in the language of the moment."""
    properties: dict[str, JSON] = {}
    if model_gives_number:
        properties[NUMBER] = {
            "type": "string",
            "minLength": 3,
            "maxLength": 40,
            "description": _("The number to write to, in international form, as the caller has said and confirmed it."),
        }
    for each in variables:
        properties[each.name] = {
            "type": "string",
            "maxLength": LONGEST_VALUE,
            **({"description": each.description} if each.description else {}),
        }
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
