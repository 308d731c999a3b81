"""Types of the settings of nodes: each refuses, in words, what could not be run."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any

from django.utils.translation import gettext as _
from pydantic import AfterValidator, StringConstraints

from actions.contract import JSON
from actions.expressions.conditions import Condition
from actions.expressions.errors import ExpressionError
from actions.expressions.paths import Path
from actions.expressions.scope import RESERVED
from actions.expressions.templates import Template, compile_json
from workflows.nodes.base import ERROR

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")


def _parsed_by(parse: Callable[[Any], object]) -> Callable[[Any], Any]:
    """A validator that keeps the source: what is compiled is cached on the configuration, not stored."""

    def check(value: Any) -> Any:
        if value is not None:
            try:
                parse(value)
            except ExpressionError as error:
                raise ValueError(error.message) from error
        return value

    return check


def check_name(name: str) -> str:
    """A flat name that expressions can read; raises ValueError."""
    if name in RESERVED:
        raise ValueError(_("“%(name)s” is a reserved name: choose another one.") % {"name": name})
    if not _NAME.fullmatch(name):
        raise ValueError(
            _("“%(name)s” cannot be a name: use letters without accents, digits and _, not beginning with a digit.")
            % {"name": name[:80]}
        )
    return name


def check_variable_name(name: str) -> str:
    """A name that a node may set; raises ValueError."""
    if name == ERROR:
        raise ValueError(_("“%(name)s” is a reserved name: choose another one.") % {"name": name})
    return check_name(name)


def _check_object(value: Any) -> Any:
    if value is None or isinstance(value, dict) or (isinstance(value, str) and "{{" in value):
        return value
    raise ValueError(_("This must be a JSON object, or a template that gives one."))


ParameterName = Annotated[str, AfterValidator(check_name)]
VariableName = Annotated[str, AfterValidator(check_variable_name)]
TemplateText = Annotated[str, AfterValidator(_parsed_by(Template.parse))]
TemplateJSON = Annotated[Any, AfterValidator(_parsed_by(compile_json))]
ObjectTemplate = Annotated[Any, AfterValidator(_check_object), AfterValidator(_parsed_by(compile_json))]
ConditionText = Annotated[str, AfterValidator(_parsed_by(Condition.parse))]
PathText = Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(_parsed_by(Path.parse))]


def root(name: str) -> str:
    """``customer`` of ``customer.tier``."""
    return name.partition(".")[0]


def values_of(names: Iterable[str], scope: Mapping[str, JSON]) -> dict[str, JSON]:
    """For a trace: what dotted ``names`` stand for; None where the way ends early."""
    return {name: _follow(name.split("."), scope) for name in names}


def _follow(keys: list[str], value: JSON) -> JSON:
    for key in keys:
        if not isinstance(value, Mapping) or key not in value:
            return None
        value = value[key]
    return value
