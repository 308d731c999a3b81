"""JSON from outside, as far as every database can store it and every answer can hold it."""

from __future__ import annotations

import json
import math
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import orjson
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

DEEPEST = 100
_LONG_NUMBER = re.compile(r"[0-9]{19}")
# PostgreSQL keeps no NUL; half a pair of surrogates is no character and cannot be encoded.
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class UnstorableJSONError(ValueError):
    """``sentence`` says to people what is wrong."""

    def __init__(self, sentence: StrOrPromise) -> None:
        super().__init__(str(sentence))
        self.sentence = sentence


def load_json(text: str) -> Any:
    """The value of ``text``; raises UnstorableJSONError, or another ValueError where it is no JSON at all."""
    if "\\u0000" not in text and text.count("[") + text.count("{") < DEEPEST:
        with suppress(ValueError):
            return quick_json(text)
    try:
        value = _DECODER.decode(text)
    except RecursionError as error:
        raise UnstorableJSONError(_("The JSON is nested too deeply.")) from error
    except json.JSONDecodeError:
        raise
    except ValueError as error:
        # Python reads no integer of more than some thousand digits.
        raise UnstorableJSONError(_("The JSON holds a number that is too large.")) from error
    check_json(value)
    return value


def quick_json(text: str) -> Any:
    """The value of ``text``, several times as fast; ValueError also for what this way does not read as others do.

    No NaN, no infinite number, no half of a surrogate pair, and no integer that 64 bits may not hold.
    """
    if _LONG_NUMBER.search(text):
        raise ValueError("an integer of more than 64 bits would become a float")
    return orjson.loads(text)


def quickly_written(value: Any) -> bytes | None:
    """``value`` as compact JSON; None where this way cannot write it, while another perhaps can.

    It writes NaN as null, and refuses half a surrogate pair, larger integers, and names that are no texts.
    """
    try:
        return orjson.dumps(value)
    except TypeError:
        return None


def check_json(value: Any, depth: int = DEEPEST) -> None:
    """Raises UnstorableJSONError for a value nested deeper than ``depth`` or holding what cannot be stored."""
    if depth == 0:
        raise UnstorableJSONError(_("The JSON is nested too deeply."))
    if isinstance(value, str):
        if UNSTORABLE.search(value):
            raise UnstorableJSONError(_("The JSON holds characters that no text may hold."))
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise UnstorableJSONError(_("The JSON holds a number that is too large."))
    elif isinstance(value, dict):
        for name, inner in value.items():
            check_json(name, depth)
            check_json(inner, depth - 1)
    elif isinstance(value, list):
        for inner in value:
            check_json(inner, depth - 1)


def _refuse_constant(name: str) -> float:
    raise UnstorableJSONError(_("NaN and Infinity are no JSON."))


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)
