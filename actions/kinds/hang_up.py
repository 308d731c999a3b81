"""Kind ``hang_up``: the agent ends the call, after it has tried often enough."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override
from django_scopes import ScopedManager
from pydantic import Field

from actions.contract import JSON, CallContext, Kind, Moment, Outcome, Params
from actions.directives import HangUp
from actions.models import Action
from actions.registry import register

DEFAULT_NAME = "hang_up"
"""The name of the hang-up that every agent has until one is configured."""

REASONS = ("goal_reached", "caller_asked", "machine_or_ivr", "no_progress")


class HangUpAction(Action):
    """How often the agent must have tried before it may end the call."""

    KIND = "hang_up"

    attempts = models.PositiveSmallIntegerField(
        gettext_lazy("minimum number of attempts"),
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(5)],
        help_text=gettext_lazy(
            "From 1 to 5. With 3, the agent is sent back to the caller twice before it may hang up."
        ),
    )

    objects: ClassVar[models.Manager[HangUpAction]] = ScopedManager(account="agent__account")

    class Meta:
        verbose_name = gettext_lazy("hang up")
        verbose_name_plural = gettext_lazy("hang up")


class HangUpParams(Params):
    attempts: int = Field(default=1, ge=1, le=5)


@register
class HangUpKind(Kind[HangUpParams]):
    name = "hang_up"
    label = gettext_lazy("Hang up")
    summary = gettext_lazy("Ends the call once the agent has tried often enough.")
    icon = "call_end"
    moments = frozenset({Moment.DURING})
    Params = HangUpParams
    model = HangUpAction
    fields = ("attempts",)
    once_per_agent = True

    def freeze(self, action: HangUpAction) -> HangUpParams:
        return HangUpParams(attempts=action.attempts)

    def default_description(self, language: str) -> str:
        with override(language):
            return _(
                "End the call when the caller's request is settled, when the caller asks for it, when a machine "
                "answers, or when the conversation makes no progress. Say goodbye before."
            )

    def arguments_schema(self, params: HangUpParams, language: str) -> dict[str, JSON]:
        with override(language):
            description = _("Why the call ends.")
        return {
            "type": "object",
            "properties": {"reason": {"type": "string", "enum": list(REASONS), "description": description}},
            "required": ["reason"],
            "additionalProperties": False,
        }

    async def run(self, params: HangUpParams, context: CallContext, arguments: Mapping[str, JSON]) -> Outcome:
        reason = arguments["reason"]
        if context.attempt < params.attempts:
            return Outcome(result=_refusal(params, context))
        with override(context.agent.language):
            message = _("The call ends once you have finished speaking.")
        return Outcome(
            result={"status": "hanging_up", "message": message},
            directives=(HangUp(reason=reason),),
        )


def _refusal(params: HangUpParams, context: CallContext) -> dict[str, JSON]:
    with override(context.agent.language):
        message = _(
            "Do not hang up yet: attempt %(attempt)d of %(needed)d. Ask the caller once more whether you can help."
        ) % {"attempt": context.attempt, "needed": params.attempts}
    return {"status": "refused", "attempt": context.attempt, "needed": params.attempts, "message": message}
