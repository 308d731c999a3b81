"""From templates to one email."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.utils.translation import gettext as _
from django.utils.translation import override

from actions.contract import JSON, ActionError, CallContext
from actions.expressions.errors import ExpressionError
from actions.expressions.templates import Template
from notifications.email import markup
from notifications.email.ledger import warn
from notifications.email.reader import reader_of, scope_with_reader, turns_of, unknown_reader_names
from notifications.email.recipients import Recipients, render_recipients, render_reply_to
from notifications.texts import template_errors

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
NOT_IN_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")
"""No mail reader shows these, and databases refuse some: U+0000, and halves of surrogate pairs."""

MOST_SUBJECT_CHARACTERS = 250
MOST_BODY_BYTES = 4 * 1024 * 1024
"""A transcript may be as long as a whole report, which the API takes up to 1 MiB."""

MOST_URL_CHARACTERS = 2000

CONVERSATION = "<!--conversation-->"
"""In HTML, the place of the transcript, one paragraph a turn. Nothing that a caller says can write this mark."""


@dataclass(frozen=True, slots=True)
class EmailTemplates:
    """One entry of ``to``, ``cc``, ``bcc`` or ``reply_to`` may render to several addresses.

    Of ``text`` and ``html``, one may be None: it is made from the other one. ``html`` is a whole document, or, with
    ``framed``, the content of one.
    """

    subject: Template
    to: Sequence[Template]
    cc: Sequence[Template]
    bcc: Sequence[Template]
    reply_to: Sequence[Template]
    text: Template | None
    html: Template | None
    framed: bool
    recording: Template | None
    language: str


@dataclass(frozen=True, slots=True)
class Email:
    """Rendered, and fit to be sent."""

    recipients: Recipients
    reply_to: list[str]
    subject: str
    text: str
    html: str


def subject_errors(source: str) -> list[str]:
    if not source.strip():
        return [_("Give a subject.")]
    if CONTROL.search(source.strip()):
        return [_("The subject must be one line.")]
    return text_errors(source)


def text_errors(source: str) -> list[str]:
    """An empty text is good: it stands for the default one."""
    if not source.strip():
        return []
    return template_errors(source) or unknown_reader_names(_names(source))


def html_errors(source: str) -> list[str]:
    return text_errors(source) + markup.markup_errors(source)


def _names(source: str) -> frozenset[str]:
    return Template.parse(source).names


def compose(templates: EmailTemplates, context: CallContext) -> Email:
    """In the recipient's language. Raises ActionError, for good: the same call would render the same again."""
    scope, warnings = context.scope, context.warnings
    try:
        recipients = render_recipients(templates.to, templates.cc, templates.bcc, scope, warnings)
        reply_to = render_reply_to(templates.reply_to, scope, warnings)
        recording = _recording(templates, context)
        with override(templates.language):
            return Email(recipients, reply_to, *_written(templates, context, recording))
    except ExpressionError as error:
        raise ActionError(error.message, code="expression_error", permanent=True) from error


def _written(templates: EmailTemplates, context: CallContext, recording: str) -> tuple[str, str, str]:
    """(subject, plain text, HTML document)"""
    scope = scope_with_reader(context, reader_of(context, templates.language, recording))
    subject = _one_line(templates.subject.render(scope, context.warnings)) or context.action_name
    return subject, *_bodies(templates, scope, context.warnings, subject)


def _bodies(templates: EmailTemplates, scope: Mapping[str, JSON], warnings: list[str], title: str) -> tuple[str, str]:
    """(plain text, HTML document)"""
    language, link = templates.language, str(scope["reader"]["recording"])
    text = _rendered(templates.text, scope, warnings)
    html = _rendered(templates.html, scope, warnings)
    if CONVERSATION in html:
        turns = turns_of(scope["interaction"].get("TRANSCRIPT") or "", language)
        html = html.replace(CONVERSATION, markup.conversation_as_html(turns))
    if link and not _shows_recording(templates):
        listen = _("Listen to the recording: %(url)s") % {"url": link}
        text, html = _with_line(text, html, listen)
    if templates.html is None:
        return text, markup.framed(markup.text_as_html(text), language, title)
    if templates.framed:
        return text, markup.framed(html, language, title)
    return text or markup.html_as_text(html), markup.with_good_links(html)


def _with_line(text: str, html: str, line: str) -> tuple[str, str]:
    """Both with one more paragraph at the end."""
    if html:
        at = html.lower().rfind("</body>")
        at = len(html) if at < 0 else at
        html = f"{html[:at]}<p>{markup.text_as_html(line)}</p>\n{html[at:]}"
    return f"{text.rstrip()}\n\n{line}\n" if text else text, html


def _shows_recording(templates: EmailTemplates) -> bool:
    return any(
        template is not None and "reader.recording" in template.names | template.optional
        for template in (templates.text, templates.html)
    )


def _rendered(template: Template | None, scope: Mapping[str, JSON], warnings: list[str]) -> str:
    if template is None:
        return ""
    return NOT_IN_TEXT.sub("", template.render(scope, warnings, max_bytes=MOST_BODY_BYTES))


def _recording(templates: EmailTemplates, context: CallContext) -> str:
    """Where the call can be listened to; '' with a warning for what is no web address."""
    if templates.recording is None:
        return ""
    rendered = templates.recording.render(context.scope, context.warnings, max_bytes=MOST_URL_CHARACTERS).strip()
    if not rendered:
        return ""
    try:
        parts = urlsplit(rendered)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme in {"http", "https"} and parts.netloc and not re.search(r"\s", rendered) and rendered.isprintable():
        return rendered
    warn(context.warnings, _("The recording’s address is no web address; the link was left out."))
    return ""


def _one_line(rendered: str) -> str:
    """Without line breaks: what a caller said may hold some, and nothing of it may become a header."""
    subject = " ".join(CONTROL.sub(" ", rendered).split())
    if len(subject) > MOST_SUBJECT_CHARACTERS:
        subject = subject[: MOST_SUBJECT_CHARACTERS - 1] + "…"
    return subject
