"""pydantic's errors as sentences for people who draw workflows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

_TEXT = gettext_lazy("This must be text.")
_WHOLE = gettext_lazy("This must be a whole number.")
_NUMBER = gettext_lazy("This must be a number.")
_YES_NO = gettext_lazy("This must be true or false.")
_LIST = gettext_lazy("This must be a list.")
_OBJECT = gettext_lazy("This must be a JSON object.")

# https://docs.pydantic.dev/latest/errors/validation_errors/
SENTENCES = {
    "missing": gettext_lazy("This is required."),
    "extra_forbidden": gettext_lazy("There is no setting of this name."),
    "string_type": _TEXT,
    "string_too_short": gettext_lazy("At least %(min_length)s characters are needed."),
    "string_too_long": gettext_lazy("At most %(max_length)s characters are possible."),
    "string_pattern_mismatch": gettext_lazy("This may hold letters without accents, digits, - and _, 64 at most."),
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_from_float": _WHOLE,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "finite_number": _NUMBER,
    "bool_type": _YES_NO,
    "bool_parsing": _YES_NO,
    "list_type": _LIST,
    "tuple_type": _LIST,
    "dict_type": _OBJECT,
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
    "too_short": gettext_lazy("At least %(min_length)s are needed."),
    "too_long": gettext_lazy("At most %(max_length)s are possible."),
    "greater_than_equal": gettext_lazy("This must be %(ge)s or more."),
    "greater_than": gettext_lazy("This must be more than %(gt)s."),
    "less_than_equal": gettext_lazy("This must be %(le)s or less."),
    "literal_error": gettext_lazy("This must be one of %(expected)s."),
}


def sentences(error: ValidationError) -> list[tuple[tuple[int | str, ...], str]]:
    """(path, sentence in the active language) of each error."""
    details = error.errors(include_url=False, include_input=False)
    # pydantic counts elements that are wrong as absent.
    inside = {detail["loc"][:depth] for detail in details for depth in range(len(detail["loc"]))}
    return [
        (_path(detail), _sentence(detail))
        for detail in details
        if detail["type"] != "too_short" or detail["loc"] not in inside
    ]


def _path(detail: ErrorDetails) -> tuple[int | str, ...]:
    """Without the mark that pydantic adds to an error in a key of a mapping."""
    return tuple(part for part in detail["loc"] if part != "[key]")


def _sentence(detail: ErrorDetails) -> str:
    context = detail.get("ctx", {})
    if detail["type"] == "value_error":
        return str(context["error"])
    if detail["type"] == "literal_error":
        context = {"expected": str(context["expected"]).replace(" or ", ", ")}
    if text := SENTENCES.get(detail["type"]):
        return str(text) % context
    return _("This value does not fit: %(problem)s.") % {"problem": detail["msg"]}
