"""From templates to one text message: to whom, in which words, in how many parts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from actions.contract import JSON, ActionError
from actions.expressions.errors import ExpressionError
from actions.expressions.scope import unknown_names
from actions.expressions.templates import Template
from notifications.sms.numbers import LONGEST_WRITTEN, recipient
from notifications.sms.segments import Count, count, normalise, shorten

NOT_IN_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
"""Nothing that a telephone shows, and some of it nothing that a database takes."""

MOST_TEXT_BYTES = 64 * 1024
"""Of what a template gives before it is cut."""

MOST_SEGMENTS = 10
"""Twilio takes 1,600 characters: this is about as much."""


class TooLong(models.TextChoices):
    """What becomes of a message with more parts than are allowed."""

    CUT = "cut", gettext_lazy("Cut it, ending in three dots")
    REFUSE = "refuse", gettext_lazy("Do not send it")


@dataclass(frozen=True, slots=True)
class Limits:
    """``plain``: quotes, dashes and spaces of the telephone's alphabet in place of others."""

    plain: bool
    most_segments: int
    too_long: str


@dataclass(frozen=True, slots=True)
class Sms:
    """Rendered, and fit to be sent."""

    number: str
    text: str
    count: Count


def number_errors(source: str, region: str, moment: str) -> list[str]:
    """What is wrong with the field “to”: a number, or a template of one."""
    if not source.strip():
        return [_("Give a number, or a variable that holds one.")]
    errors, template = _parsed(source.strip(), moment)
    if template is None or not template.is_plain:
        return errors
    try:
        recipient(source, region)
    except ActionError as error:
        return [error.message]
    return []


def text_errors(source: str, limits: Limits, moment: str) -> list[str]:
    if not source.strip():
        return [_("Write the text.")]
    errors, template = _parsed(source, moment)
    if template is None or not template.is_plain or limits.too_long != TooLong.REFUSE:
        return errors
    segments = count(normalise(source.strip(), plain=limits.plain)).segments
    return [too_long(segments, limits.most_segments)] if segments > limits.most_segments else []


def compose(
    to: Template, text: Template, limits: Limits, region: str, scope: Mapping[str, JSON], warnings: list[str]
) -> Sms:
    """Raises ActionError, for good: the same call would render the same again."""
    try:
        number = to.render(scope, warnings, max_bytes=LONGEST_WRITTEN * 4)
        written = text.render(scope, warnings, max_bytes=MOST_TEXT_BYTES)
    except ExpressionError as error:
        raise ActionError(error.message, code="expression_error", permanent=True) from error
    return Sms(recipient(number, region), *fitted(written, limits, warnings))


def fitted(written: str, limits: Limits, warnings: list[str]) -> tuple[str, Count]:
    """The text as it is sent. Raises ActionError where nothing is left of it, or too much."""
    text = normalise(NOT_IN_TEXT.sub("", written), plain=limits.plain).strip()
    if not text:
        raise ActionError(_("The text is empty."), code="empty_text", permanent=True)
    counted = count(text)
    if counted.segments <= limits.most_segments:
        return text, counted
    if limits.too_long == TooLong.REFUSE:
        raise ActionError(too_long(counted.segments, limits.most_segments), code="too_long", permanent=True)
    facts = {"segments": counted.segments, "most": limits.most_segments}
    warnings.append(_("The text was cut: it took %(segments)d segments, of which %(most)d are allowed.") % facts)
    text = shorten(text, limits.most_segments)
    return text, count(text)


def too_long(segments: int, most: int) -> str:
    allowed = ngettext("%(most)d is allowed", "%(most)d are allowed", most) % {"most": most}
    return _("The text takes %(segments)d segments; %(allowed)s.") % {"segments": segments, "allowed": allowed}


def _parsed(source: str, moment: str) -> tuple[list[str], Template | None]:
    try:
        template = Template.parse(source)
    except ExpressionError as error:
        return [error.message], None
    return [str(unknown) for unknown in unknown_names(template.names, moment)], template
