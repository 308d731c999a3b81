"""Checking the templates of a message when its action is published."""

from __future__ import annotations

from actions.contract import Moment
from actions.expressions.errors import ExpressionError
from actions.expressions.scope import unknown_names
from actions.expressions.templates import Escape, Template


def template_errors(source: str, escape: Escape = "none") -> list[str]:
    """What is wrong with a template that is rendered after the call."""
    try:
        template = Template.parse(source, escape)
    except ExpressionError as error:
        return [error.message]
    return [str(unknown) for unknown in unknown_names(template.names, Moment.AFTER)]
