"""Kind ``email``: after the call, an email about it, if the call was classified as the editor wants."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from asgiref.sync import sync_to_async
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override
from django_scopes import ScopedManager

from actions.contract import JSON, CallContext, FreezeError, Kind, Moment, Outcome, Params
from actions.expressions.templates import Template
from actions.models import Action, Label
from actions.registry import register
from notifications.addresses import LONGEST_LIST, split_written
from notifications.composing import EmailTemplates, body_errors, subject_errors
from notifications.conditions import Condition, conditions_of, label_errors, why_not
from notifications.delivering import deliver_email
from notifications.recipients import list_errors
from notifications.texts import default_body

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

LONGEST_SUBJECT = 255

_ADDRESSES = gettext_lazy("Addresses or variables, separated by commas, semicolons or line breaks.")


class EmailAction(Action):
    """What to send to whom; everything but the labels may hold variables."""

    KIND = "email"

    subject = models.CharField(gettext_lazy("subject"), max_length=LONGEST_SUBJECT)
    to = models.TextField(gettext_lazy("to"), max_length=LONGEST_LIST, help_text=_ADDRESSES)
    cc = models.TextField(gettext_lazy("copy"), max_length=LONGEST_LIST, blank=True, help_text=_ADDRESSES)
    bcc = models.TextField(gettext_lazy("blind copy"), max_length=LONGEST_LIST, blank=True, help_text=_ADDRESSES)
    body = models.TextField(
        gettext_lazy("text"),
        blank=True,
        help_text=gettext_lazy(
            "Empty: summary, facts of the call, classification, information collected and transcript, "
            "in the agent's language."
        ),
    )
    labels = models.ManyToManyField(
        Label,
        verbose_name=gettext_lazy("only if the call got one of these labels"),
        related_name="+",
        blank=True,
        help_text=gettext_lazy(
            "None: always. Several labels of one classification: any of them. Several classifications: all of them."
        ),
    )

    objects: ClassVar[models.Manager[EmailAction]] = ScopedManager(account="agent__account")

    class Meta:
        verbose_name = gettext_lazy("email")
        verbose_name_plural = gettext_lazy("emails")


class EmailParams(Params):
    """Template sources; each recipient is an address or a template of addresses."""

    subject: str
    to: tuple[str, ...]
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    body: str
    conditions: tuple[Condition, ...] = ()

    @cached_property
    def templates(self) -> EmailTemplates:
        to, cc, bcc = ([Template.parse(entry) for entry in entries] for entries in (self.to, self.cc, self.bcc))
        return EmailTemplates(Template.parse(self.subject), to, cc, bcc, Template.parse(self.body))


@register
class EmailKind(Kind[EmailParams]):
    name = "email"
    label = gettext_lazy("Email")
    summary = gettext_lazy("Sends an email about the call, always or depending on its classification.")
    icon = "mail"
    moments = frozenset({Moment.AFTER})
    Params = EmailParams
    model = EmailAction
    fields = ("subject", "to", "cc", "bcc", "body", "labels")
    admin_class = "notifications.admin.EmailActionAdmin"

    def freeze(self, action: EmailAction) -> EmailParams:
        labels = list(action.labels.select_related("classifier"))
        checks = {
            "subject": subject_errors(action.subject),
            "to": list_errors(action.to, required=True),
            "cc": list_errors(action.cc),
            "bcc": list_errors(action.bcc),
            "body": body_errors(action.body),
            "labels": label_errors(labels, action.agent_id),
        }
        errors: dict[str, list[StrOrPromise]] = {field: [*texts] for field, texts in checks.items() if texts}
        if errors:
            raise FreezeError(errors)
        return EmailParams(
            subject=action.subject.strip(),
            to=tuple(split_written(action.to)),
            cc=tuple(split_written(action.cc)),
            bcc=tuple(split_written(action.bcc)),
            body=action.body if action.body.strip() else default_body(action.agent.language),
            conditions=conditions_of(labels),
        )

    def time_limit_s(self, params: EmailParams) -> float:
        return 25.0

    async def run(self, params: EmailParams, context: CallContext, arguments: Mapping[str, JSON]) -> Outcome:
        with override(context.agent.language):
            if reason := why_not(params.conditions, context.scope["interaction"].get("CLASSIFICATIONS") or {}):
                return Outcome(skipped=reason)
            delivery = await sync_to_async(deliver_email)(params.templates, context)
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
