"""JSON from outside, as far as every database can store it and every answer can hold it."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

DEEPEST = 100
# PostgreSQL keeps no NUL; half a pair of surrogates is no character and cannot be encoded.
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class UnstorableJSONError(ValueError):
    """``sentence`` says to people what is wrong."""

    def __init__(self, sentence: StrOrPromise) -> None:
        super().__init__(str(sentence))
        self.sentence = sentence


def load_json(text: str) -> Any:
    """The value of ``text``; raises UnstorableJSONError, or another ValueError where it is no JSON at all."""
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
