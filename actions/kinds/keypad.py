"""Kind ``keypad``: the agent presses telephone keys (DTMF, RFC 4733 events 0–15) to get through a menu."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override
from django_scopes import ScopedManager

from actions.contract import JSON, CallContext, Kind, Moment, Outcome, Params
from actions.directives import SendDigits
from actions.models import Action
from actions.registry import register


class KeypadAction(Action):
    KIND = "keypad"

    objects: ClassVar[models.Manager[KeypadAction]] = ScopedManager(account="agent__account")

    class Meta:
        verbose_name = gettext_lazy("keypad")
        verbose_name_plural = gettext_lazy("keypad")


class KeypadParams(Params):
    pass


@register
class KeypadKind(Kind[KeypadParams]):
    name = "keypad"
    label = gettext_lazy("Keypad")
    summary = gettext_lazy("Presses telephone keys to get through a voice menu.")
    icon = "dialpad"
    moments = frozenset({Moment.DURING})
    Params = KeypadParams
    model = KeypadAction

    def freeze(self, action: KeypadAction) -> KeypadParams:
        return KeypadParams()

    def default_description(self, language: str) -> str:
        with override(language):
            return _(
                "Press telephone keys when a voice menu asks for it. Wait until the menu has read all its choices, "
                "then send the digits; stay silent while they are sent."
            )

    def arguments_schema(self, params: KeypadParams, language: str) -> dict[str, JSON]:
        with override(language):
            description = _("The keys to press: 0-9, *, #, A-D; w is a pause of half a second.")
        return {
            "type": "object",
            "properties": {"digits": {"type": "string", "pattern": "^[0-9*#A-Dw]{1,32}$", "description": description}},
            "required": ["digits"],
            "additionalProperties": False,
        }

    async def run(self, params: KeypadParams, context: CallContext, arguments: Mapping[str, JSON]) -> Outcome:
        with override(context.agent.language):
            message = _("The keys are being pressed. Listen to what comes next.")
        return Outcome(
            result={"status": "sending", "message": message}, directives=(SendDigits(digits=arguments["digits"]),)
        )
