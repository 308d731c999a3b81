"""Checking the arguments that a model gives against a tool's schema (JSON Schema, draft 2020-12).

The schema may be an account's own and the arguments are anybody's, and the check runs in the event loop. So it
is bounded: the processor time of one check, counted at every subschema, keyword and mistake; that of each regular
expression, and its size; and no keyword takes more than linear time on its own. What could not be checked to the
end does not fit.
"""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from functools import lru_cache
from itertools import islice
from typing import Any

import regex  # type: ignore[import-untyped]
from django.utils.translation import gettext as _
from jsonschema import Draft202012Validator, ValidationError, validators

from actions.contract import JSON
from actions.patterns import MOST_GROUP_DEPTH, group_depth, pieces_of

CHECK_S = 0.1
PATTERN_S = 0.05
MOST_ERRORS = 50
MOST_PATTERN_CHARS = 1000

logger = logging.getLogger(__name__)


class _OutOfTimeError(Exception):
    """Not a TimeoutError: nothing on the way may take it for that of one pattern."""


class _Clock:
    """Of one check. ``undecided``: a pattern took too long, so that even ``not`` cannot be believed."""

    __slots__ = ("ends", "undecided")

    def __init__(self, seconds: float) -> None:
        self.ends = time.thread_time() + seconds
        self.undecided = False

    def tick(self) -> None:
        if time.thread_time() > self.ends:
            raise _OutOfTimeError


_clock: ContextVar[_Clock] = ContextVar("_clock", default=_Clock(math.inf))  # noqa: B039 (this one never changes)


# --- patterns -------------------------------------------------------------------------------------


@lru_cache(maxsize=1024)
def compiled(pattern: str) -> Any:
    """As ECMA 262 reads it, which the specification names: ``$`` is the end, not before a last newline.

    Raises ValueError for what is no pattern, too long or too deep.
    """
    if len(pattern) > MOST_PATTERN_CHARS or group_depth(pieces := pieces_of(pattern)) > MOST_GROUP_DEPTH:
        raise ValueError("too long or too deep")
    try:
        return regex.compile("".join(r"\Z" if piece == "$" else piece for piece in pieces), regex.VERSION0)
    except (regex.error, RecursionError, OverflowError) as error:
        raise ValueError(str(error)) from error


def _found(pattern: str, text: str) -> bool:
    """Raises TimeoutError."""
    clock = _clock.get()
    clock.tick()
    try:
        return compiled(pattern).search(text, timeout=PATTERN_S) is not None
    except TimeoutError:
        clock.undecided = True
        raise


def _too_slow() -> ValidationError:
    return ValidationError("too slow", validator="timeout")


def _pattern(validator: Any, pattern: str, instance: Any, schema: Any) -> Iterator[ValidationError]:
    try:
        if isinstance(instance, str) and not _found(pattern, instance):
            yield ValidationError("pattern")
    except TimeoutError:
        yield _too_slow()


def _pattern_properties(validator: Any, patterns: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if not isinstance(instance, dict):
        return
    for pattern, subschema in patterns.items():
        for name, value in instance.items():
            try:
                found = _found(pattern, name)
            except TimeoutError:
                yield _too_slow()
                return
            if found:
                yield from validator.descend(value, subschema, path=name, schema_path=pattern)


def _declared(schema: Any, instance: Mapping[str, Any]) -> set[str]:
    """The names that ``properties`` and ``patternProperties`` speak of. Raises TimeoutError."""
    names = instance.keys() & schema.get("properties", {}).keys()
    for pattern in schema.get("patternProperties", {}):
        names |= {name for name in instance if name not in names and _found(pattern, name)}
    return names


# --- other keywords that the library would do without limits ---------------------------------------


def _other_properties(validator: Any, other: Any, instance: Any, known: set[str]) -> Iterator[ValidationError]:
    unknown = [name for name in instance if name not in known]
    if other is False and unknown:
        yield ValidationError(", ".join(sorted(unknown)))
    elif isinstance(other, dict):
        for name in unknown:
            yield from validator.descend(instance[name], other, path=name)


def _additional_properties(validator: Any, other: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if not isinstance(instance, dict):
        return
    try:
        known = _declared(schema, instance)
    except TimeoutError:
        yield _too_slow()
        return
    yield from _other_properties(validator, other, instance, known)


def _applied(validator: Any, instance: Any, schema: Any) -> Iterator[dict[str, Any]]:
    """The schema and all those in it that the same instance is held against and fits."""
    _clock.get().tick()
    if not isinstance(schema, dict):
        return
    yield schema
    inner = [each for keyword in ("allOf", "anyOf", "oneOf") for each in schema.get(keyword, ())]
    if "$ref" in schema:
        inner.append(validator._resolver.lookup(schema["$ref"]).contents)
    if "if" in schema:
        if validator.evolve(schema=schema["if"]).is_valid(instance):
            inner += [schema["if"], schema.get("then", True)]
        else:
            inner.append(schema.get("else", True))
    if isinstance(instance, dict):
        inner += [each for name, each in schema.get("dependentSchemas", {}).items() if name in instance]
    for each in inner:
        if validator.evolve(schema=each).is_valid(instance):
            yield from _applied(validator, instance, each)


def _unevaluated_properties(validator: Any, other: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if not isinstance(instance, dict):
        return
    known: set[str] = set()
    try:
        for each in _applied(validator, instance, schema):
            known |= _declared(each, instance)
            if "additionalProperties" in each or ("unevaluatedProperties" in each and each is not schema):
                return
    except TimeoutError:
        yield _too_slow()
        return
    yield from _other_properties(validator, other, instance, known)


def _unevaluated_items(validator: Any, other: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if not isinstance(instance, list):
        return
    first = 0
    known: set[int] = set()
    for each in _applied(validator, instance, schema):
        if "items" in each or ("unevaluatedItems" in each and each is not schema):
            return
        first = max(first, len(each.get("prefixItems", ())))
        if "contains" in each:
            known |= _fitting(validator, each["contains"], instance)
    for index in range(first, len(instance)):
        if index not in known:
            yield from validator.descend(instance[index], other, path=index)


def _fitting(validator: Any, schema: Any, items: list[Any]) -> set[int]:
    clock = _clock.get()
    inner = validator.evolve(schema=schema)
    fitting = set()
    for index, item in enumerate(items):
        clock.tick()
        if inner.is_valid(item):
            fitting.add(index)
    return fitting


def _contains(validator: Any, contained: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if isinstance(instance, list):
        found = len(_fitting(validator, contained, instance))
        if not schema.get("minContains", 1) <= found <= schema.get("maxContains", found):
            yield ValidationError("contains")


def _unique_items(validator: Any, unique: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    """As text, of which nobody can choose the hash, unlike that of numbers."""
    if not unique or not isinstance(instance, list):
        return
    clock = _clock.get()
    seen: set[str] = set()
    for item in instance:
        clock.tick()
        text = json.dumps(_normal(item), sort_keys=True)
        if text in seen:
            yield ValidationError("uniqueItems")
            return
        seen.add(text)


def _normal(value: Any) -> Any:
    """1.0 is 1, and true is not."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_normal(item) for item in value]
    if isinstance(value, dict):
        return {name: _normal(item) for name, item in value.items()}
    return value


# --- the validator --------------------------------------------------------------------------------

_Keyword = Callable[[Any, Any, Any, Any], Any]


def _timed(keyword: _Keyword) -> _Keyword:
    def timed(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
        tick = _clock.get().tick
        tick()
        for error in keyword(validator, value, instance, schema) or ():
            tick()
            yield error

    return timed


def _keywords(schema: Any) -> Any:
    """Asked for at every subschema, even an empty one."""
    _clock.get().tick()
    return schema.items()


_BOUNDED: dict[str, _Keyword] = {
    "pattern": _pattern,
    "patternProperties": _pattern_properties,
    "additionalProperties": _additional_properties,
    "unevaluatedProperties": _unevaluated_properties,
    "unevaluatedItems": _unevaluated_items,
    "contains": _contains,
    "uniqueItems": _unique_items,
}

_Validator: Any = validators.create(
    meta_schema=Draft202012Validator.META_SCHEMA,
    validators={name: _timed(each) for name, each in {**Draft202012Validator.VALIDATORS, **_BOUNDED}.items()},
    type_checker=Draft202012Validator.TYPE_CHECKER,
    applicable_validators=_keywords,
)


def _evolve(self: Any, *, schema: Any, _resolver: Any = None) -> Any:
    return type(self)(schema, _resolver=_resolver or self._resolver)


# The library's own would leave this class, and its limits, wherever a subschema has a $schema.
_Validator.evolve = _evolve


class _Texts:
    """A schema of texts only, as most tools have: what fits it is known without walking through the schema."""

    __slots__ = ("_required", "_rules")

    def __init__(self, required: tuple[str, ...], rules: dict[str, tuple[int, float, frozenset[str] | None]]) -> None:
        self._required = required
        self._rules = rules

    @classmethod
    def of(cls, schema: Mapping[str, Any]) -> _Texts | None:
        """None for any other schema."""
        if schema.get("type") != "object" or not schema.keys() <= _TEXTS_KEYWORDS:
            return None
        rules: dict[str, tuple[int, float, frozenset[str] | None]] = {}
        for name, each in schema.get("properties", {}).items():
            if not isinstance(each, dict) or each.get("type") != "string" or not each.keys() <= _TEXT_KEYWORDS:
                return None
            values = frozenset(filter(lambda value: isinstance(value, str), each["enum"])) if "enum" in each else None
            rules[name] = (each.get("minLength", 0), each.get("maxLength", math.inf), values)
        return cls(tuple(schema.get("required", ())), rules)

    def surely_fit(self, arguments: Mapping[str, JSON]) -> bool:
        for name, value in arguments.items():
            rule = self._rules.get(name)
            if rule is None or type(value) is not str:
                return False
            shortest, longest, values = rule
            if not shortest <= len(value) <= longest or (values is not None and value not in values):
                return False
        return all(name in arguments for name in self._required)


_TEXTS_KEYWORDS = frozenset({"type", "properties", "required", "additionalProperties", "description"})
_TEXT_KEYWORDS = frozenset({"type", "enum", "minLength", "maxLength", "description"})


class Arguments:
    """A tool's schema, compiled once."""

    def __init__(self, schema: Mapping[str, JSON]) -> None:
        self.schema = schema
        self._texts = _Texts.of(schema)
        self._validator = _Validator(dict(schema))

    def errors(self, arguments: Mapping[str, JSON]) -> list[tuple[str, str]]:
        """(``arguments.name``, sentence) for what does not fit, the first 50; never raises."""
        if self._texts is not None and self._texts.surely_fit(arguments):
            return []
        clock = _Clock(CHECK_S)
        token = _clock.set(clock)
        try:
            errors = []
            for error in islice(self._validator.iter_errors(dict(arguments)), MOST_ERRORS):
                errors.append((".".join(["arguments", *map(str, error.absolute_path)]), _sentence(error)))
                clock.tick()
        except _OutOfTimeError:
            return [("arguments", _("The arguments could not be checked in time."))]
        except Exception as error:  # a schema of before the checks of today, numbers out of all bounds
            logger.warning("arguments could not be checked: %s", type(error).__name__)
            return [("arguments", _("The arguments could not be checked."))]
        finally:
            _clock.reset(token)
        if clock.undecided and not errors:
            return [("arguments", _("The arguments could not be checked in time."))]
        return errors


def _sentence(error: ValidationError) -> str:
    """In the reader's language where we know how to say it; never with the value, which may be private."""
    expected: Any = error.validator_value
    given: Any = error.instance
    match error.validator:
        case "required":
            missing = ", ".join(name for name in expected if name not in given)
            return _("Missing: %(names)s.") % {"names": missing}
        case "additionalProperties" | "unevaluatedProperties":
            return _("Unknown: %(names)s.") % {"names": error.message}
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
