"""Kind ``wait``: the agent keeps silent: hold music, or a menu that must be heard to its end. Not for ever."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Any, ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override
from django_scopes import ScopedManager
from pydantic import Field

from actions.contract import JSON, CallContext, CallEvent, Kind, Moment, Outcome, Params
from actions.directives import Wait
from actions.models import Action
from actions.registry import register

DEFAULT_WAIT_S = 15
LONGEST_WAIT_S = 300
ENDED = "wait.ended"
REASONS = ("speech", "keypad", "time", "caller_hung_up")


class WaitAction(Action):
    """How long the agent may stay silent, at a time and in all."""

    KIND = "wait"

    longest_s = models.PositiveSmallIntegerField(
        gettext_lazy("longest wait (s)"),
        default=60,
        validators=[MinValueValidator(1), MaxValueValidator(LONGEST_WAIT_S)],
        help_text=gettext_lazy("From 1 to 300 seconds. Speech or a key ends a wait before."),
    )
    most_in_a_row = models.PositiveSmallIntegerField(
        gettext_lazy("waits in a row at most"),
        default=5,
        validators=[MinValueValidator(1), MaxValueValidator(50)],
        help_text=gettext_lazy("From 1 to 50 waits during which nobody speaks and no key is pressed."),
    )
    most_total_s = models.PositiveSmallIntegerField(
        gettext_lazy("waiting in all (s)"),
        default=600,
        validators=[MinValueValidator(1), MaxValueValidator(3600)],
        help_text=gettext_lazy("From 1 to 3600 seconds in one call: hold music has no end of its own."),
    )

    objects: ClassVar[models.Manager[WaitAction]] = ScopedManager(account="agent__account")

    class Meta:
        verbose_name = gettext_lazy("wait")
        verbose_name_plural = gettext_lazy("wait")


class WaitParams(Params):
    longest_s: int = Field(default=60, ge=1, le=LONGEST_WAIT_S)
    most_in_a_row: int = Field(default=5, ge=1, le=50)
    most_total_s: int = Field(default=600, ge=1, le=3600)


@register
class WaitKind(Kind[WaitParams]):
    """``progress`` of a run: ``max_s``, ``since`` (Unix time), and once it is over ``ended`` and ``waited_s``."""

    name = "wait"
    label = gettext_lazy("Wait")
    summary = gettext_lazy("Keeps the agent silent: hold music, or a menu to be heard to its end.")
    icon = "hourglass_empty"
    moments = frozenset({Moment.DURING})
    reads_only = True
    Params = WaitParams
    model = WaitAction
    fields = ("longest_s", "most_in_a_row", "most_total_s")

    def freeze(self, action: WaitAction) -> WaitParams:
        return WaitParams(
            longest_s=action.longest_s, most_in_a_row=action.most_in_a_row, most_total_s=action.most_total_s
        )

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
                "seconds": {"type": "integer", "minimum": 1, "maximum": params.longest_s, "description": description}
            },
            "additionalProperties": False,
        }

    async def run(self, params: WaitParams, context: CallContext, arguments: Mapping[str, JSON]) -> Outcome:
        waits = [wait for wait in context.earlier if isinstance(wait, Mapping)]
        left_s = params.most_total_s - sum(_waited_s(wait) for wait in waits)
        if left_s < 1 or _in_a_row(waits) >= params.most_in_a_row:
            return Outcome(result=_enough(context.agent.language))
        max_s = min(arguments.get("seconds", DEFAULT_WAIT_S), params.longest_s, int(left_s))
        with override(context.agent.language):
            message = _("You are silent now. Speak again when a person speaks to you.")
        return Outcome(
            result={"status": "waiting", "max_s": max_s, "message": message},
            directives=(Wait(max_s=max_s),),
            progress={"max_s": max_s, "since": round(time.time(), 1)},
        )

    def observe(self, params: WaitParams, context: CallContext, event: CallEvent) -> Outcome | None:
        wait = context.progress
        if event.type != ENDED or not isinstance(wait, Mapping) or "ended" in wait:
            return None
        reason = event.data.get("reason")
        if reason not in REASONS:
            return None
        waited_s = round(min(wait["max_s"], max(0.0, time.time() - wait["since"])), 1)
        result = {"status": "wait_ended", "reason": reason, "waited_s": waited_s}
        result["message"] = _what_now(str(reason), context.agent.language)
        return Outcome(result=result, progress={**wait, "ended": reason, "waited_s": waited_s})


def _waited_s(wait: Mapping[str, Any]) -> float:
    """As reported; the whole of it while nobody has said when it ended."""
    return float(wait.get("waited_s", wait["max_s"]))


def _in_a_row(waits: Sequence[Mapping[str, Any]]) -> int:
    """The last waits that nobody broke."""
    return len(list(takewhile(lambda wait: wait.get("ended") not in {"speech", "keypad"}, reversed(waits))))


def _enough(language: str) -> dict[str, JSON]:
    with override(language):
        message = _(
            "You have waited long enough: do not wait any more. Leave a message if that is possible; otherwise say "
            "that you will call again, and end the call."
        )
    return {"status": "refused", "code": "waited_long_enough", "message": message}


def _what_now(reason: str, language: str) -> str:
    with override(language):
        sentences = {
            "speech": _("Somebody speaks. Listen, and answer if a person speaks to you."),
            "keypad": _("A key was pressed. Go on with the conversation."),
            "time": _("Nobody has spoken. Decide whether to wait once more or to go on."),
            "caller_hung_up": _("The other side has hung up."),
        }
    return sentences[reason]
