"""Checking the templates of a message when its action is published."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from actions.contract import Moment
from actions.expressions.errors import ExpressionError
from actions.expressions.scope import unknown_names
from actions.expressions.templates import Template

BODIES = Path(__file__).parent / "bodies"


def template_errors(source: str) -> list[str]:
    """What is wrong with a template that is rendered after the call."""
    try:
        template = Template.parse(source)
    except ExpressionError as error:
        return [error.message]
    return [str(unknown) for unknown in unknown_names(template.names, Moment.AFTER)]


@lru_cache
def default_body(language: str) -> str:
    """The source of the body that an editor who leaves it empty gets; English where there is no translation."""
    path = BODIES / f"{language}.txt"
    return (path if path.exists() else BODIES / "en.txt").read_text(encoding="utf-8")
