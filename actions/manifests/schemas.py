"""JSON Schemas as far as a vendor understands them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from actions.contract import JSON
from actions.manifests.base import Warn

COMBINING = ("anyOf", "oneOf", "allOf", "not", "if", "enum", "const", "$ref")
SILENT = frozenset({"$schema", "$id", "$defs", "$comment", "title", "default", "examples", "additionalProperties"})
"""Left out without a word: they do not narrow what is written, or only what nobody writes."""
DEEPEST = 20
MOST_PARTS = 500
"""Of one reduced schema: references that lead to themselves twice would double it at every level."""


def is_plain(schema: Mapping[str, JSON]) -> bool:
    return schema.get("type") == "object" and not any(keyword in schema for keyword in COMBINING)


def warn_unless_plain(schema: Mapping[str, JSON], vendor: str, warn: Warn) -> None:
    """Models’ interfaces refuse a tool whose arguments are not one object with properties."""
    if is_plain(schema):
        return
    found = ", ".join(keyword for keyword in COMBINING if keyword in schema) or "type"
    text = _("The arguments must be one plain object: %(vendor)s refuses “%(keywords)s” at the top of their schema.")
    warn(text % {"vendor": vendor, "keywords": found})


def properties(schema: Any, path: str = "", depth: int = DEEPEST) -> Iterator[tuple[str, str]]:
    """(path, name) of every property that the schema speaks of, at any depth."""
    if not isinstance(schema, Mapping) or depth == 0:
        return
    for name, inner in _object(schema.get("properties")).items():
        yield f"{path}{name}", name
        yield from properties(inner, f"{path}{name}.", depth - 1)
    yield from properties(schema.get("items"), path, depth - 1)


@dataclass(frozen=True, slots=True)
class Subset:
    """The keywords that a vendor knows. ``describes``: it demands a description of every property."""

    vendor: str
    keywords: frozenset[str]
    describes: bool = False

    def of(self, schema: Mapping[str, JSON], warn: Warn) -> dict[str, JSON]:
        """An object schema in the vendor's words. What it cannot say, it is not told; we check the arguments."""
        reduced = _Reduction(self, schema, warn).of(schema, "", DEEPEST)
        reduced.setdefault("properties", {})
        return {**reduced, "type": "object"}


@dataclass(frozen=True, slots=True)
class _Reduction:
    subset: Subset
    root: Mapping[str, JSON]
    warn: Warn
    parts: Iterator[int] = field(default_factory=lambda: iter(range(1, MOST_PARTS)))

    def of(self, schema: JSON, path: str, depth: int) -> dict[str, JSON]:
        schema = self._resolved(schema, path, depth if next(self.parts, 0) else 0)
        kept: dict[str, JSON] = {"type": self._type(schema, path)}
        self._warn_of_lost(schema, path)
        for keyword in ("description", "title", "pattern", "format"):
            if keyword in schema and keyword in self.subset.keywords:
                kept[keyword] = schema[keyword]
        self._keep_choices(schema, kept, path)
        if kept["type"] == "object":
            inner = _object(schema.get("properties"))
            kept["properties"] = {name: self.of(each, _join(path, name), depth - 1) for name, each in inner.items()}
            if schema.get("required"):
                kept["required"] = list(schema["required"])
        if kept["type"] == "array":
            kept["items"] = self.of(schema.get("items", {"type": "string"}), _join(path, "[]"), depth - 1)
        self._describe(kept, path)
        return kept

    def _resolved(self, schema: JSON, path: str, depth: int) -> Mapping[str, JSON]:
        """References inside the document are written out, as deep as a tool can sensibly be."""
        if depth <= 0 or not isinstance(schema, Mapping):
            return {}
        reference = schema.get("$ref")
        if not isinstance(reference, str) or not reference.startswith("#/"):
            return schema
        target: Any = self.root
        for part in reference.removeprefix("#/").split("/"):
            target = _object(target).get(part.replace("~1", "/").replace("~0", "~"))
        rest = {name: value for name, value in schema.items() if name != "$ref"}
        return self._resolved({**_object(target), **rest}, path, depth - 1)

    def _type(self, schema: Mapping[str, JSON], path: str) -> str:
        given = schema.get("type")
        types = [each for each in (given if isinstance(given, list) else [given]) if each != "null"]
        if len(types) == 1 and isinstance(types[0], str):
            return types[0]
        if "properties" in schema or not path:
            return "object"
        if not isinstance(given, list) and not _is_text(_choices(schema)):
            text = _("%(path)s: %(vendor)s has no way to describe this; it takes a text for it.")
            self.warn(text % {"path": path, "vendor": self.subset.vendor})
        return "string"

    def _warn_of_lost(self, schema: Mapping[str, JSON], path: str) -> None:
        understood = {"type", "properties", "required", "items", "enum", "const", "description"}
        lost = sorted(set(schema) - SILENT - understood - self.subset.keywords)
        if lost:
            text = _(
                "%(path)s: the model is not told of “%(keywords)s”, which %(vendor)s does not know. What it gives is "
                "checked here all the same."
            )
            where = path or _("arguments")
            self.warn(text % {"path": where, "keywords": ", ".join(lost), "vendor": self.subset.vendor})

    def _keep_choices(self, schema: Mapping[str, JSON], kept: dict[str, JSON], path: str) -> None:
        choices = _choices(schema)
        if not choices:
            return
        if _is_text(choices):
            kept["enum"] = choices
            return
        text = _("%(path)s: %(vendor)s takes choices of text only; the model is not told of these.")
        self.warn(text % {"path": path or _("arguments"), "vendor": self.subset.vendor})

    def _describe(self, kept: dict[str, JSON], path: str) -> None:
        if not self.subset.describes or not path or kept.get("description"):
            return
        kept["description"] = path.replace(".[]", "").rpartition(".")[2].replace("_", " ")
        if not path.endswith("[]"):
            text = _("%(path)s has no description, which %(vendor)s demands: its name stands in for it.")
            self.warn(text % {"path": path, "vendor": self.subset.vendor})


def _choices(schema: Mapping[str, JSON]) -> list[JSON]:
    return [schema["const"]] if "const" in schema else list(schema.get("enum") or [])


def _is_text(choices: Collection[JSON]) -> bool:
    return bool(choices) and all(isinstance(choice, str) for choice in choices)


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
