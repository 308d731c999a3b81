"""Kind ``sms``: a text message after the call, or during it when the model asks for one (docs/sms.md)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override
from django_scopes import ScopedManager
from pydantic import Field

from actions.contract import JSON, CallContext, FreezeError, Kind, Moment, Outcome, Params
from actions.expressions.templates import Template
from actions.messages import MESSAGE_FIELDS, MessageBefore, SpeaksBefore
from actions.models import Action
from actions.registry import register
from notifications.models.sms import SmsConnection
from notifications.sms.composing import MOST_SEGMENTS, Limits, TooLong, number_errors, text_errors
from notifications.sms.delivering import SmsPlan, deliver_sms
from notifications.sms.quiet import QuietHours
from notifications.sms.skipping import SkippedError
from notifications.sms.variables import NUMBER, Variable, schema_of, validate_variables
from schedules.models import Schedule

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

CALLER = "{{ system.phoneE164 }}"
"""The other end of the call, whoever has called whom."""

LONGEST_TEXT = 4000
DEFAULT_SEGMENTS = 3
DURING_FIELDS = ("variables", "model_gives_number", *MESSAGE_FIELDS)
"""Columns that mean something during the call only."""


class SmsAction(SpeaksBefore, Action):
    """What to write to whom; ``to`` and ``text`` may hold variables."""

    KIND = "sms"

    connection = models.ForeignKey(
        SmsConnection, models.RESTRICT, verbose_name=gettext_lazy("SMS connection"), related_name="sms_actions"
    )
    to = models.CharField(
        gettext_lazy("to"),
        max_length=200,
        default=CALLER,
        help_text=gettext_lazy("A number, or a variable that holds one. By default, whoever is at the other end."),
    )
    text = models.TextField(
        gettext_lazy("text"), max_length=LONGEST_TEXT, help_text=gettext_lazy("May hold variables.")
    )
    plain = models.BooleanField(
        gettext_lazy("simple punctuation"),
        default=True,
        help_text=gettext_lazy(
            "Typographic quotes, dashes, dots and no-break spaces become those of the telephone’s alphabet, so that "
            "they do not make a message dearer."
        ),
    )
    most_segments = models.PositiveSmallIntegerField(
        gettext_lazy("segments at most"),
        default=DEFAULT_SEGMENTS,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_SEGMENTS)],
        help_text=gettext_lazy("From 1 to 10. Each one is paid for."),
    )
    too_long = models.CharField(
        gettext_lazy("if the text is longer"), max_length=6, choices=TooLong.choices, default=TooLong.CUT
    )
    schedule = models.ForeignKey(
        Schedule,
        models.RESTRICT,
        verbose_name=gettext_lazy("send only during"),
        related_name="sms_actions",
        null=True,
        blank=True,
        help_text=gettext_lazy(
            "Outside these hours, a message after the call waits until they begin; during the call it is refused. "
            "Empty: at any hour."
        ),
    )
    variables = models.JSONField(
        gettext_lazy("what the agent fills in"),
        default=list,
        blank=True,
        validators=[validate_variables],
        help_text=gettext_lazy("Variables of the text that the agent gives. It can change nothing else of it."),
    )
    model_gives_number = models.BooleanField(
        gettext_lazy("the agent may give the number"),
        default=False,
        help_text=gettext_lazy(
            "The message then goes to the number that the caller names, whatever stands in “To”. Beware: callers can "
            "so have messages sent to anybody, at your expense."
        ),
    )

    objects: ClassVar[models.Manager[SmsAction]] = ScopedManager(account="agent__account")

    class Meta:
        verbose_name = gettext_lazy("text message")
        verbose_name_plural = gettext_lazy("text messages")


class SmsParams(Params):
    """``to`` and ``text`` are sources of templates; ``to`` counts for nothing where the model gives the number."""

    connection_id: int
    to: str
    text: str
    plain: bool = True
    most_segments: int = Field(default=DEFAULT_SEGMENTS, ge=1, le=MOST_SEGMENTS)
    too_long: str = TooLong.CUT.value
    schedule_id: int | None = None
    variables: tuple[Variable, ...] = ()
    model_gives_number: bool = False
    message_before: MessageBefore | None = None

    @cached_property
    def plan(self) -> SmsPlan:
        to = f"{{{{ {NUMBER} }}}}" if self.model_gives_number else self.to
        limits = Limits(self.plain, self.most_segments, self.too_long)
        return SmsPlan(
            self.connection_id, Template.parse(to), Template.parse(self.text), limits, QuietHours(self.schedule_id)
        )


@register
class SmsKind(Kind[SmsParams]):
    name = "sms"
    label = gettext_lazy("SMS")
    summary = gettext_lazy("Sends a text message, after the call or when the agent decides to during it.")
    icon = "sms"
    moments = frozenset({Moment.DURING, Moment.AFTER})
    Params = SmsParams
    model = SmsAction
    fields = (
        *("connection", "to", "text", "plain", "most_segments", "too_long", "schedule"),
        *DURING_FIELDS,
    )
    admin_class = "notifications.admin.sms.SmsActionAdmin"

    def freeze(self, action: SmsAction) -> SmsParams:
        limits = Limits(action.plain, action.most_segments, action.too_long)
        during = action.moment == Moment.DURING
        gives_number = during and action.model_gives_number
        region = action.connection.region
        checks: dict[str, Any] = {
            "connection": _connection_errors(action),
            "to": [] if gives_number else number_errors(action.to, region, action.moment),
            "text": text_errors(action.text, limits, action.moment),
            **(action.message_errors() if during else {}),
        }
        errors: dict[str, list[StrOrPromise]] = {field: [*texts] for field, texts in checks.items() if texts}
        if errors:
            raise FreezeError(errors)
        return SmsParams(
            connection_id=action.connection_id,
            to=action.to.strip(),
            text=action.text.strip(),
            plain=action.plain,
            most_segments=action.most_segments,
            too_long=action.too_long,
            schedule_id=action.schedule_id,
            variables=tuple(Variable(**each) for each in action.variables) if during else (),
            model_gives_number=gives_number,
            message_before=action.message_before() if during else None,
        )

    def missing(self, params: SmsParams, account_id: int) -> list[str]:
        found = []
        if not SmsConnection.objects.filter(pk=params.connection_id, account=account_id).exists():
            found.append(_("The SMS connection was deleted."))
        schedule = params.schedule_id
        if schedule is not None and not Schedule.objects.filter(pk=schedule, account=account_id).exists():
            found.append(_("The schedule of the hours for text messages was deleted."))
        return found

    def default_description(self, language: str) -> str:
        with override(language):
            return _(
                "Send the caller a text message, for example with an address or a link, once they have agreed to it. "
                "Say afterwards that it is on its way."
            )

    def arguments_schema(self, params: SmsParams, language: str) -> dict[str, JSON]:
        with override(language):
            return schema_of(params.variables, model_gives_number=params.model_gives_number)

    def message_before(self, params: SmsParams, language: str) -> MessageBefore | None:
        return params.message_before

    def time_limit_s(self, params: SmsParams) -> float:
        return 10.0

    async def run(self, params: SmsParams, context: CallContext, arguments: Mapping[str, JSON]) -> Outcome:
        during = context.moment == Moment.DURING
        try:
            delivered = await deliver_sms(params.plan, context, arguments)
        except SkippedError as skipped:
            progress = {"status": skipped.status} if during else None
            return Outcome(
                result={"status": skipped.status, "message": skipped.spoken}, skipped=skipped.reason, progress=progress
            )
        delivery = delivered.delivery
        result = {
            "status": "sent",
            "message": _("The text message is on its way."),
            "to": delivery.to[0],
            "segments": delivery.sms.segments,
        }
        return Outcome(result=result, progress={"status": "sent", "digest": delivered.digest} if during else None)


def _connection_errors(action: SmsAction) -> list[str]:
    if action.connection.account_id != action.agent.account_id:
        return [_("This is another account’s.")]
    return []
