"""Kind ``keypad``: the agent presses telephone keys to get through a menu, or to identify itself there."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override
from django_scopes import ScopedManager
from pydantic import Field

from actions import keys
from actions.contract import JSON, ActionError, CallContext, FreezeError, Kind, Moment, Outcome, Params
from actions.directives import SendDigits
from actions.expressions.errors import ExpressionError
from actions.expressions.scope import unknown_names
from actions.expressions.templates import Template
from actions.models import Action
from actions.registry import register


class KeypadAction(Action):
    """Which keys may be pressed, and whether records show them."""

    KIND = "keypad"

    most_digits = models.PositiveSmallIntegerField(
        gettext_lazy("keys at most"),
        default=keys.MOST_KEYS,
        validators=[MinValueValidator(1), MaxValueValidator(keys.MOST_KEYS)],
        help_text=gettext_lazy("From 1 to 32, pauses included."),
    )
    digits = models.CharField(
        gettext_lazy("keys to press"),
        max_length=200,
        blank=True,
        help_text=gettext_lazy(
            "Empty: the agent decides. Otherwise always these: 0-9, *, #, A-D, w for a pause of half a second; "
            "may hold variables, for example {{ params.pin }}#."
        ),
    )
    secret = models.BooleanField(
        gettext_lazy("secret keys"),
        default=False,
        help_text=gettext_lazy("Records, pages and logs never show the keys; the telephone system alone gets them."),
    )

    objects: ClassVar[models.Manager[KeypadAction]] = ScopedManager(account="agent__account")

    class Meta:
        verbose_name = gettext_lazy("keypad")
        verbose_name_plural = gettext_lazy("keypad")


class KeypadParams(Params):
    """``digits`` is the source of a template; '': the model gives the keys."""

    most_digits: int = Field(default=keys.MOST_KEYS, ge=1, le=keys.MOST_KEYS)
    digits: str = ""
    secret: bool = False

    @cached_property
    def template(self) -> Template:
        return Template.parse(self.digits)


@register
class KeypadKind(Kind[KeypadParams]):
    name = "keypad"
    label = gettext_lazy("Keypad")
    summary = gettext_lazy("Presses telephone keys to get through a voice menu.")
    icon = "dialpad"
    moments = frozenset({Moment.DURING})
    Params = KeypadParams
    model = KeypadAction
    fields = ("digits", "most_digits", "secret")

    def freeze(self, action: KeypadAction) -> KeypadParams:
        source = action.digits.strip()
        if errors := _template_errors(source, action.most_digits):
            raise FreezeError({"digits": errors})
        return KeypadParams(most_digits=action.most_digits, digits=source, secret=action.secret)

    def default_description(self, language: str) -> str:
        with override(language):
            return _(
                "Press telephone keys when a voice menu asks for it. Wait until the menu has read all its choices, "
                "then send the digits; stay silent while they are sent."
            )

    def arguments_schema(self, params: KeypadParams, language: str) -> dict[str, JSON]:
        if params.digits:
            return super().arguments_schema(params, language)
        with override(language):
            description = _("The keys to press: 0-9, *, #, A-D; w is a pause of half a second.")
        digits = {"type": "string", "pattern": keys.pattern(params.most_digits), "description": description}
        return {
            "type": "object",
            "properties": {"digits": digits},
            "required": ["digits"],
            "additionalProperties": False,
        }

    def hides(self, params: KeypadParams) -> frozenset[str]:
        return frozenset({"digits"} if params.secret else ())

    async def run(self, params: KeypadParams, context: CallContext, arguments: Mapping[str, JSON]) -> Outcome:
        digits = _rendered(params, context) if params.digits else arguments["digits"]
        silent_ms = keys.duration_ms(digits)
        with override(context.agent.language):
            message = _(
                "The keys are being pressed: say nothing for %(seconds)s seconds, then listen to what comes next."
            ) % {"seconds": -(-silent_ms // 1000)}
        return Outcome(
            result={"status": "sending", "duration_ms": silent_ms, "message": message},
            directives=(SendDigits(digits=digits, duration_ms=silent_ms, secret=params.secret),),
        )


def _rendered(params: KeypadParams, context: CallContext) -> str:
    """Raises ActionError, which never says what the keys would have been."""
    try:
        digits = keys.sendable(params.template.render(context.scope, context.warnings), params.most_digits)
    except ExpressionError as error:
        raise _unusable(error.message) from None
    if digits is None:
        raise _unusable(_("What was to be pressed is empty, too long, or holds something else than telephone keys."))
    return digits


def _unusable(message: str) -> ActionError:
    spoken = _("These keys cannot be pressed: the information for it is missing. Say so, and offer another way.")
    return ActionError(message, code="no_digits", permanent=True, spoken=spoken)


def _template_errors(source: str, most: int) -> list[str]:
    try:
        template = Template.parse(source)
    except ExpressionError as error:
        return [error.message]
    if source and template.is_plain and keys.sendable(source, most) is None:
        return [_("Use 0-9, *, #, A-D, and w for a pause; no more than %(most)d in all.") % {"most": most}]
    return [str(unknown) for unknown in unknown_names(template.names, Moment.DURING)]
