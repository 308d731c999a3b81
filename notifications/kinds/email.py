"""Kind ``email``: after the call, an email about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override
from django_scopes import ScopedManager

from accounts.database import in_database
from accounts.models import Language
from actions.contract import JSON, CallContext, FreezeError, Kind, Moment, Outcome, Params
from actions.expressions.templates import Template
from actions.models import Action
from actions.registry import register
from notifications.email.addresses import LONGEST_LIST, split_written
from notifications.email.composing import EmailTemplates, html_errors, subject_errors, text_errors
from notifications.email.defaults import default_body, default_html
from notifications.email.delivering import deliver_email
from notifications.email.recipients import list_errors

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

LONGEST_SUBJECT = 255
LONGEST_BODY = 60_000

_ADDRESSES = gettext_lazy("Addresses or variables, separated by commas, semicolons or line breaks.")


class BodyFormat(models.TextChoices):
    TEXT = "text", gettext_lazy("Plain text")
    HTML = "html", gettext_lazy("HTML")


class AttachmentFormat(models.TextChoices):
    TXT = "txt", gettext_lazy("As a text file")
    PDF = "pdf", gettext_lazy("As a PDF")


class EmailAction(Action):
    """What to send to whom; everything may hold variables."""

    KIND = "email"

    subject = models.CharField(gettext_lazy("subject"), max_length=LONGEST_SUBJECT)
    to = models.TextField(gettext_lazy("to"), max_length=LONGEST_LIST, help_text=_ADDRESSES)
    cc = models.TextField(gettext_lazy("copy"), max_length=LONGEST_LIST, blank=True, help_text=_ADDRESSES)
    bcc = models.TextField(gettext_lazy("blind copy"), max_length=LONGEST_LIST, blank=True, help_text=_ADDRESSES)
    reply_to = models.TextField(
        gettext_lazy("reply to"),
        max_length=LONGEST_LIST,
        blank=True,
        help_text=gettext_lazy("Where an answer goes. Empty: to the sender of this server."),
    )
    language = models.CharField(
        gettext_lazy("language of the recipient"),
        max_length=2,
        choices=Language.choices,
        blank=True,
        help_text=gettext_lazy("Of the default text, dates and durations. Empty: the agent’s language."),
    )
    body_format = models.CharField(
        gettext_lazy("format of the text"), max_length=4, choices=BodyFormat.choices, default=BodyFormat.TEXT
    )
    body = models.TextField(
        gettext_lazy("text"),
        blank=True,
        max_length=LONGEST_BODY,
        help_text=gettext_lazy(
            "Empty: summary, facts of the call, classification, information collected, transcript and a link to "
            "the call, well laid out."
        ),
    )
    attachment = models.CharField(
        gettext_lazy("attach the transcript"), max_length=3, choices=AttachmentFormat.choices, blank=True
    )
    recording_link = models.CharField(
        gettext_lazy("link to the recording"),
        max_length=500,
        blank=True,
        help_text=gettext_lazy(
            "A variable that holds its address: {{ interaction.RECORDING_URL }} is the one that the telephone system "
            "reports. Empty: no link."
        ),
    )

    objects: ClassVar[models.Manager[EmailAction]] = ScopedManager(account="agent__account")

    class Meta:
        verbose_name = gettext_lazy("email")
        verbose_name_plural = gettext_lazy("emails")


class EmailParams(Params):
    """Template sources; each recipient is an address or a template of addresses.

    ``body`` is plain text and ``html`` formatted; of an editor's own, the other one is '' and made from it.
    ``framed``: ``html`` is only the content of a document.
    """

    subject: str
    to: tuple[str, ...]
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    reply_to: tuple[str, ...] = ()
    language: str = ""
    body: str = ""
    html: str = ""
    framed: bool = False
    attachment: str = ""
    recording_link: str = ""

    def templates(self, agent_language: str) -> EmailTemplates:
        to, cc, bcc, reply_to = (
            [Template.parse(entry) for entry in entries] for entries in (self.to, self.cc, self.bcc, self.reply_to)
        )
        return EmailTemplates(
            subject=Template.parse(self.subject),
            to=to,
            cc=cc,
            bcc=bcc,
            reply_to=reply_to,
            text=Template.parse(self.body) if self.body else None,
            html=Template.parse(self.html, "html") if self.html else None,
            framed=self.framed,
            recording=Template.parse(self.recording_link) if self.recording_link else None,
            language=self.language or agent_language,
        )


@register
class EmailKind(Kind[EmailParams]):
    name = "email"
    label = gettext_lazy("Email")
    summary = gettext_lazy("Sends an email about the call.")
    icon = "mail"
    moments = frozenset({Moment.AFTER})
    Params = EmailParams
    model = EmailAction
    fields = (
        "to", "cc", "bcc", "reply_to", "subject", "language", "body_format", "body", "attachment", "recording_link",
    )  # fmt: skip
    admin_class = "notifications.admin.EmailActionAdmin"

    def freeze(self, action: EmailAction) -> EmailParams:
        is_html = action.body_format == BodyFormat.HTML
        checks = {
            "subject": subject_errors(action.subject),
            "to": list_errors(action.to, required=True),
            "cc": list_errors(action.cc),
            "bcc": list_errors(action.bcc),
            "reply_to": list_errors(action.reply_to),
            "body": html_errors(action.body) if is_html else text_errors(action.body),
            "recording_link": text_errors(action.recording_link),
        }
        errors: dict[str, list[StrOrPromise]] = {field: [*texts] for field, texts in checks.items() if texts}
        if errors:
            raise FreezeError(errors)
        return EmailParams(
            subject=action.subject.strip(),
            to=tuple(split_written(action.to)),
            cc=tuple(split_written(action.cc)),
            bcc=tuple(split_written(action.bcc)),
            reply_to=tuple(split_written(action.reply_to)),
            language=action.language,
            attachment=action.attachment,
            recording_link=action.recording_link.strip(),
            **_bodies(action),
        )

    def in_words(self, name: str, value: JSON) -> tuple[StrOrPromise, StrOrPromise] | None:
        if name == "framed":
            return gettext_lazy("format of the text"), ""
        if name in {"body", "html"} and value in _default_sources():
            return gettext_lazy("text"), gettext_lazy("the default text") if name == "body" else ""
        return None

    def time_limit_s(self, params: EmailParams) -> float:
        return 25.0

    async def run(self, params: EmailParams, context: CallContext, arguments: Mapping[str, JSON]) -> Outcome:
        templates = params.templates(context.agent.language)
        delivery = await in_database(deliver_email)(templates, params.attachment, context)
        with override(context.agent.language):
            message = _("The email was sent.")
        return Outcome(
            result={
                "status": delivery.state,
                "message": message,
                "message_id": delivery.message_id,
                "to": delivery.to,
                "cc": delivery.cc,
                "bcc": delivery.bcc,
            }
        )


def _bodies(action: EmailAction) -> dict[str, Any]:
    if not action.body.strip():
        language = action.language or action.agent.language
        return {"body": default_body(language), "html": default_html(language), "framed": True}
    return {"html": action.body} if action.body_format == BodyFormat.HTML else {"body": action.body}


def _default_sources() -> set[str]:
    return {source(language) for language in Language.values for source in (default_body, default_html)}
