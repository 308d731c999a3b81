"""Kind ``hang_up``: the agent ends the call, after it has tried often enough."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override
from django_scopes import ScopedManager
from pydantic import Field

from actions.contract import JSON, CallContext, FreezeError, Kind, Moment, Outcome, Params
from actions.directives import HangUp, Say
from actions.messages import MessageMode, missing_text, said, validate_texts
from actions.models import Action
from actions.registry import register

DEFAULT_NAME = "hang_up"
"""The name of the hang-up that every agent has until one is configured."""

REASONS = ("goal_reached", "caller_asked", "machine_or_ivr", "no_progress")
AT_ONCE = frozenset({"caller_asked", "machine_or_ivr"})
"""Reasons that no number of attempts holds back: nobody keeps a caller who wants to go, or persuades a machine."""


class HangUpAction(Action):
    """How often the agent must have tried before it may end the call, and what it says at the end."""

    KIND = "hang_up"

    attempts = models.PositiveSmallIntegerField(
        gettext_lazy("minimum number of attempts"),
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(5)],
        help_text=gettext_lazy(
            "From 1 to 5. With 3, the agent is sent back to the caller twice before it may hang up. "
            "A caller who asks to end the call, and a machine that answers, are not held back."
        ),
    )
    try_first_texts = models.JSONField(
        gettext_lazy("what the agent must try first"),
        default=dict,
        blank=True,
        validators=[validate_texts],
        help_text=gettext_lazy("Told to the agent when it wants to hang up too early. Empty: the default text."),
    )
    goodbye_mode = models.CharField(
        gettext_lazy("goodbye"),
        max_length=7,
        choices=MessageMode.choices,
        default=MessageMode.NONE,
        help_text=gettext_lazy("Said to its end before the call is ended."),
    )
    goodbye_texts = models.JSONField(
        gettext_lazy("sentences of the goodbye"), default=dict, blank=True, validators=[validate_texts]
    )

    objects: ClassVar[models.Manager[HangUpAction]] = ScopedManager(account="agent__account")

    class Meta:
        verbose_name = gettext_lazy("hang up")
        verbose_name_plural = gettext_lazy("hang up")


class HangUpParams(Params):
    """Texts by language; there is none for a language that needs the default."""

    attempts: int = Field(default=1, ge=1, le=5)
    try_first: dict[str, str] = {}
    goodbye_mode: Literal["none", "example", "exact"] = "none"
    goodbye: dict[str, str] = {}


@register
class HangUpKind(Kind[HangUpParams]):
    name = "hang_up"
    label = gettext_lazy("Hang up")
    summary = gettext_lazy("Ends the call once the agent has tried often enough.")
    icon = "call_end"
    moments = frozenset({Moment.DURING})
    Params = HangUpParams
    model = HangUpAction
    fields = ("attempts", "try_first_texts", "goodbye_mode", "goodbye_texts")
    once_per_agent = True

    def freeze(self, action: HangUpAction) -> HangUpParams:
        error = missing_text(action.goodbye_texts, action.agent.language)
        if error and action.goodbye_mode == MessageMode.EXACT:
            raise FreezeError({"goodbye_texts": [error]})
        return HangUpParams(
            attempts=action.attempts,
            try_first=said(action.try_first_texts),
            goodbye_mode=action.goodbye_mode,
            goodbye=said(action.goodbye_texts) if action.goodbye_mode != MessageMode.NONE else {},
        )

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
        reason, language = arguments["reason"], context.agent.language
        if reason not in AT_ONCE and context.attempt < params.attempts:
            return Outcome(result=_refusal(params, context))
        goodbye = params.goodbye.get(language, "")
        spoken = (Say(text=goodbye, language=language),) if goodbye and params.goodbye_mode == "exact" else ()
        return Outcome(
            result={"status": "hanging_up", "reason": reason, "message": _farewell(params, goodbye, language)},
            directives=(*spoken, HangUp(reason=reason)),
        )


def _farewell(params: HangUpParams, goodbye: str, language: str) -> str:
    with override(language):
        if not goodbye:
            return _("The call ends once you have finished speaking.")
        if params.goodbye_mode == "exact":
            return _("Your goodbye is being said, then the call ends. Say nothing more.")
        text = _("Say goodbye in your own words, for example “%(goodbye)s”. The call ends once you have finished.")
        return text % {"goodbye": goodbye}


def _refusal(params: HangUpParams, context: CallContext) -> dict[str, Any]:
    language = context.agent.language
    with override(language):
        refusal = _("Do not hang up yet: attempt %(attempt)d of %(needed)d.") % {
            "attempt": context.attempt,
            "needed": params.attempts,
        }
        first = params.try_first.get(language) or _("Ask the caller once more whether you can help.")
    return {
        "status": "refused",
        "attempt": context.attempt,
        "needed": params.attempts,
        "message": f"{refusal} {first}",
    }
