"""From an answer's JSON to variables: a path, a name and a type for each."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property
from typing import Any, Literal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pydantic import BaseModel, ConfigDict

from actions.contract import JSON
from actions.expressions.paths import Path
from actions.storable import storable, storable_text
from workflows.fields import PathText, VariableName
from workflows.http.text import as_text

ValueType = Literal["string", "integer", "number", "boolean", "any"]

TYPE_OPTIONS = (
    ("any", gettext_lazy("Any")),
    ("string", gettext_lazy("Text")),
    ("integer", gettext_lazy("Whole number")),
    ("number", gettext_lazy("Number")),
    ("boolean", gettext_lazy("Yes or no")),
)

_NUMBER = re.compile(r"[+-]?\d{1,18}(?:[.,]\d{1,18})?")
_BOOLEANS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
_ABSENT: Any = object()


class Mapped(BaseModel):
    """One variable of an answer. ``default`` replaces a value that is absent, null or of another type."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: PathText
    variable: VariableName
    type: ValueType = "any"
    default: JSON = None

    @cached_property
    def compiled(self) -> Path:
        return Path.parse(self.path)

    @property
    def has_default(self) -> bool:
        return "default" in self.model_fields_set

    def read(self, data: JSON, warnings: list[str]) -> JSON:
        """The variable's value; None with a warning where there is neither a value nor a default."""
        found = self.compiled.first(data, default=_ABSENT)
        value = _ABSENT if found is _ABSENT else converted(found, self.type)
        if value is not _ABSENT and (value is not None or not self.has_default):
            return value
        if self.has_default:
            return self.default
        facts = {"path": self.path, "variable": self.variable, "type": self.type}
        if found is _ABSENT:
            warnings.append(_("The answer holds nothing at %(path)s: “%(variable)s” is empty.") % facts)
        else:
            warnings.append(_("The value at %(path)s is no %(type)s: “%(variable)s” is empty.") % facts)
        return None


def read_all(mapping: Iterable[Mapped], data: JSON, warnings: list[str]) -> dict[str, JSON]:
    return {mapped.variable: mapped.read(data, warnings) for mapped in mapping}


def converted(value: JSON, type_: ValueType) -> JSON:
    """``value`` as ``type_``; ``_ABSENT`` where it cannot be read as one. None stays None."""
    if value is None:
        return None
    match type_:
        case "string":
            return storable_text(as_text(value))
        case "boolean":
            return value if isinstance(value, bool) else _BOOLEANS.get(str(value).strip().lower(), _ABSENT)
        case "integer" | "number":
            return _number(value, type_)
    return storable(value)


def _number(value: JSON, type_: ValueType) -> JSON:
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        text = value.strip().replace(",", ".")
        value = float(text) if "." in text else int(text)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return _ABSENT
    if type_ == "number":
        return value
    return int(value) if value == int(value) else _ABSENT
