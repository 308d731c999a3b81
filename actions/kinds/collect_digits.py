"""Kind ``collect_digits``: the caller types a number on the telephone's keys, and a variable holds it.

Secret digits reach neither the model nor a record: later runs of the same call know them, until it ends.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from itertools import takewhile
from typing import Any, ClassVar, Literal

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, override
from django_scopes import ScopedManager
from pydantic import Field

from actions import keys
from actions.contract import JSON, CallContext, CallEvent, FreezeError, Kind, Moment, Outcome, Params
from actions.directives import CollectDigits
from actions.expressions.scope import RESERVED
from actions.messages import MESSAGE_FIELDS, MessageBefore, SpeaksBefore
from actions.models import Action
from actions.registry import register

COLLECTED, PRESSED = "keypad.collected", "keypad.pressed"


class CollectDigitsAction(SpeaksBefore, Action):
    """What the caller has to type, and what it is called afterwards."""

    KIND = "collect_digits"

    variable = models.CharField(
        gettext_lazy("variable"),
        max_length=63,
        default="digits",
        validators=[
            RegexValidator(
                r"\A[A-Za-z_][A-Za-z0-9_]*\Z",
                gettext_lazy("Use letters without accents, digits and _; not a digit first."),
            )
        ],
        help_text=gettext_lazy("What the digits are called afterwards: {{ params.digits }}."),
    )
    least = models.PositiveSmallIntegerField(
        gettext_lazy("keys at least"), default=1, validators=[MinValueValidator(1), MaxValueValidator(keys.MOST_KEYS)]
    )
    most = models.PositiveSmallIntegerField(
        gettext_lazy("keys at most"), default=10, validators=[MinValueValidator(1), MaxValueValidator(keys.MOST_KEYS)]
    )
    terminator = models.CharField(
        gettext_lazy("last key"),
        max_length=1,
        blank=True,
        choices=keys.Terminator.choices,
        default=keys.Terminator.HASH,
        help_text=gettext_lazy("Pressed when everything is typed; it does not count."),
    )
    timeout_s = models.PositiveSmallIntegerField(
        gettext_lazy("time limit (s)"),
        default=10,
        validators=[MinValueValidator(1), MaxValueValidator(60)],
        help_text=gettext_lazy("From 1 to 60 seconds without a key."),
    )
    tries = models.PositiveSmallIntegerField(
        gettext_lazy("tries"),
        default=3,
        validators=[MinValueValidator(1), MaxValueValidator(5)],
        help_text=gettext_lazy("From 1 to 5 in a row without success. After them, the agent offers another way."),
    )
    secret = models.BooleanField(
        gettext_lazy("secret digits"),
        default=False,
        help_text=gettext_lazy(
            "A code or a card number: the agent, records, pages and logs never see the digits. Later actions of the "
            "same call may use the variable; when the call ends, it is erased."
        ),
    )

    objects: ClassVar[models.Manager[CollectDigitsAction]] = ScopedManager(account="agent__account")

    class Meta:
        verbose_name = gettext_lazy("collection of digits")
        verbose_name_plural = gettext_lazy("collections of digits")


class CollectDigitsParams(Params):
    variable: str
    least: int = Field(default=1, ge=1, le=keys.MOST_KEYS)
    most: int = Field(default=10, ge=1, le=keys.MOST_KEYS)
    terminator: Literal["", "#", "*"] = "#"
    timeout_s: int = Field(default=10, ge=1, le=60)
    tries: int = Field(default=3, ge=1, le=5)
    secret: bool = False
    message_before: MessageBefore | None = None


@register
class CollectDigitsKind(Kind[CollectDigitsParams]):
    """``progress`` of a run: ``status`` (``collecting`` until the keys came), ``until`` (Unix time), ``count``."""

    name = "collect_digits"
    label = gettext_lazy("Collect digits")
    summary = gettext_lazy("The caller types a number on the telephone’s keys: a contract, a code.")
    icon = "pin"
    moments = frozenset({Moment.DURING})
    Params = CollectDigitsParams
    model = CollectDigitsAction
    fields = ("variable", "least", "most", "terminator", "timeout_s", "tries", "secret", *MESSAGE_FIELDS)

    def freeze(self, action: CollectDigitsAction) -> CollectDigitsParams:
        errors: dict[str, list[Any]] = {**action.message_errors()}
        if action.least > action.most:
            errors["least"] = [_("This is more than the keys at most.")]
        if action.variable in RESERVED:
            errors["variable"] = [_("This name has a meaning of its own; choose another one.")]
        if errors:
            raise FreezeError(errors)
        return CollectDigitsParams(
            variable=action.variable,
            least=action.least,
            most=action.most,
            terminator=action.terminator,
            timeout_s=action.timeout_s,
            tries=action.tries,
            secret=action.secret,
            message_before=action.message_before(),
        )

    def default_description(self, language: str) -> str:
        with override(language):
            return _(
                "Let the caller type a number on the telephone's keys. Say first what to type and which key ends it; "
                "then use this, and stay silent until you are told what came."
            )

    def message_before(self, params: CollectDigitsParams, language: str) -> MessageBefore | None:
        return params.message_before

    async def run(self, params: CollectDigitsParams, context: CallContext, arguments: Mapping[str, JSON]) -> Outcome:
        if _failures(context.earlier) >= params.tries:
            return Outcome(result=_refusal(context.agent.language))
        with override(context.agent.language):
            message = _("The caller is typing. Say nothing until you are told what came.")
        directive = CollectDigits(
            least=params.least,
            most=params.most,
            terminator=params.terminator,
            timeout_s=params.timeout_s,
            secret=params.secret,
        )
        longest_s = params.timeout_s * (params.most + 1)
        return Outcome(
            result={"status": "collecting", "message": message},
            directives=(directive,),
            progress={
                "status": "collecting",
                "until": round(time.time() + longest_s, 1),
                "left": _left(params, context),
            },
        )

    def observe(self, params: CollectDigitsParams, context: CallContext, event: CallEvent) -> Outcome | None:
        collection = context.progress
        if not isinstance(collection, Mapping) or collection.get("status") != "collecting":
            return None
        if event.type == PRESSED:
            # A key of the number that is being typed is none of a menu.
            return Outcome() if time.time() < collection["until"] else None
        if event.type != COLLECTED:
            return None
        digits = _digits(event.data.get("digits"), params.terminator)
        status = _status(digits, params)
        left = 0 if status == "collected" else collection["left"]
        result = {"status": status, **_told(digits, status, left, params, context.agent.language)}
        progress = {"status": status, "count": len(digits or ""), "reason": _reason(event.data.get("reason"))}
        if status != "collected":
            return Outcome(result=result, progress=progress)
        kept = {params.variable: digits or ""}
        if params.secret:
            return Outcome(result=result, secrets=kept, progress=progress)
        return Outcome(result=result, variables=kept, progress=progress)

    def kept_event(self, params: CollectDigitsParams, event: CallEvent) -> CallEvent:
        if not params.secret or event.type not in {COLLECTED, PRESSED}:
            return event
        return CallEvent(event.type, keys.masked(dict(event.data)))


def _failures(earlier: Any) -> int:
    """Tries since the last one that succeeded; a refusal is none."""
    states = [each.get("status") for each in earlier if isinstance(each, Mapping)]
    return len(list(takewhile(lambda status: status != "collected", reversed(states))))


def _left(params: CollectDigitsParams, context: CallContext) -> int:
    """How often the caller may try again after this."""
    return params.tries - _failures(context.earlier) - 1


def _digits(given: JSON, terminator: str) -> str | None:
    """The keys without the one that ends them; None for what are no keys. An integer may have lost zeros: no keys."""
    if not isinstance(given, str) or not keys.are_keys(given):
        return None
    return given.removesuffix(terminator) if terminator else given


def _status(digits: str | None, params: CollectDigitsParams) -> str:
    if digits is None:
        return "unreadable"
    if not digits:
        return "nothing"
    if len(digits) < params.least:
        return "too_short"
    return "too_long" if len(digits) > params.most else "collected"


def _reason(given: JSON) -> str:
    return given if given in {"terminator", "most", "timeout"} else ""


def _told(digits: str | None, status: str, left: int, params: CollectDigitsParams, language: str) -> dict[str, JSON]:
    """What the model learns; of secret digits how many there were, and nothing else."""
    count = len(digits or "")
    with override(language):
        if status == "collected" and params.secret:
            message = ngettext(
                "%(count)d digit was received and stays secret. Never ask the caller to say it aloud.",
                "%(count)d digits were received and stay secret. Never ask the caller to say them aloud.",
                count,
            ) % {"count": count}
            return {"count": count, "message": message}
        if status == "collected":
            text = _("The caller has typed %(digits)s.") % {"digits": " ".join(digits or "")}
            return {"digits": digits, "count": count, "message": text}
        failed = {
            "nothing": _("The caller has typed nothing."),
            "too_short": _("The caller has typed %(count)d keys; at least %(least)d are needed."),
            "too_long": _("The caller has typed %(count)d keys; no more than %(most)d are possible."),
            "unreadable": _("The keys could not be understood."),
        }[status] % {"count": count, "least": params.least, "most": params.most}
        again = _("Say so, and ask to type it once more.") if left > 0 else _("Do not ask again; offer another way.")
    return {"count": count, "tries_left": left, "message": f"{failed} {again}"}


def _refusal(language: str) -> dict[str, JSON]:
    with override(language):
        message = _("The caller has tried often enough. Do not ask for keys again; offer another way.")
    return {"status": "refused", "code": "tried_often_enough", "message": message}
