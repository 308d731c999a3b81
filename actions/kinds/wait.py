"""Kind ``wait``: the agent keeps silent: hold music, or a menu that must be heard to its end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override
from django_scopes import ScopedManager

from actions.contract import JSON, CallContext, Kind, Moment, Outcome, Params
from actions.directives import Wait
from actions.models import Action
from actions.registry import register

DEFAULT_WAIT_S = 15
LONGEST_WAIT_S = 60


class WaitAction(Action):
    KIND = "wait"

    objects: ClassVar[models.Manager[WaitAction]] = ScopedManager(account="agent__account")

    class Meta:
        verbose_name = gettext_lazy("wait")
        verbose_name_plural = gettext_lazy("wait")


class WaitParams(Params):
    pass


@register
class WaitKind(Kind[WaitParams]):
    name = "wait"
    label = gettext_lazy("Wait")
    summary = gettext_lazy("Keeps the agent silent: hold music, or a menu to be heard to its end.")
    icon = "hourglass_empty"
    moments = frozenset({Moment.DURING})
    Params = WaitParams
    model = WaitAction

    def freeze(self, action: WaitAction) -> WaitParams:
        return WaitParams()

    def default_description(self, language: str) -> str:
        with override(language):
            return _(
                "Stay silent when you are put on hold, when music plays, or while a voice menu reads its choices. "
                "Do not use it while a person waits for your answer."
            )

    def arguments_schema(self, params: WaitParams, language: str) -> dict[str, JSON]:
        with override(language):
            description = _("How many seconds to stay silent at most.")
        return {
            "type": "object",
            "properties": {
                "seconds": {"type": "integer", "minimum": 1, "maximum": LONGEST_WAIT_S, "description": description}
            },
            "additionalProperties": False,
        }

    async def run(self, params: WaitParams, context: CallContext, arguments: Mapping[str, JSON]) -> Outcome:
        with override(context.agent.language):
            message = _("You are silent now. Speak again when a person speaks to you.")
        return Outcome(
            result={"status": "waiting", "message": message},
            directives=(Wait(max_s=arguments.get("seconds", DEFAULT_WAIT_S)),),
        )
