"""From templates to the text of one email."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from actions.contract import ActionError, CallContext
from actions.expressions.errors import ExpressionError
from actions.expressions.templates import Template
from notifications.recipients import Recipients, render_recipients
from notifications.texts import template_errors

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
NOT_IN_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")
"""No mail reader shows these, and databases refuse some: U+0000, and halves of surrogate pairs."""

MOST_SUBJECT_CHARACTERS = 250
MOST_BODY_BYTES = 4 * 1024 * 1024
"""A transcript may be as long as a whole report, which the API takes up to 1 MiB."""


@dataclass(frozen=True, slots=True)
class EmailTemplates:
    """One entry of ``to``, ``cc`` or ``bcc`` may render to several addresses."""

    subject: Template
    to: Sequence[Template]
    cc: Sequence[Template]
    bcc: Sequence[Template]
    body: Template


@dataclass(frozen=True, slots=True)
class Email:
    """Rendered, and fit to be sent."""

    recipients: Recipients
    subject: str
    body: str


def subject_errors(source: str) -> list[str]:
    if not source.strip():
        return [_("Give a subject.")]
    if CONTROL.search(source.strip()):
        return [_("The subject must be one line.")]
    return template_errors(source)


def body_errors(source: str) -> list[str]:
    """An empty body is good: it stands for the default one."""
    return template_errors(source) if source.strip() else []


def compose(templates: EmailTemplates, context: CallContext) -> Email:
    """Raises ActionError, for good: the same call would render the same again."""
    scope, warnings = context.scope, context.warnings
    try:
        return Email(
            render_recipients(templates.to, templates.cc, templates.bcc, scope, warnings),
            _one_line(templates.subject.render(scope, warnings)) or context.action_name,
            NOT_IN_TEXT.sub("", templates.body.render(scope, warnings, max_bytes=MOST_BODY_BYTES)),
        )
    except ExpressionError as error:
        raise ActionError(error.message, code="expression_error", permanent=True) from error


def _one_line(rendered: str) -> str:
    """Without line breaks: what a caller said may hold some, and nothing of it may become a header."""
    subject = " ".join(CONTROL.sub(" ", rendered).split())
    if len(subject) > MOST_SUBJECT_CHARACTERS:
        subject = subject[: MOST_SUBJECT_CHARACTERS - 1] + "…"
    return subject
