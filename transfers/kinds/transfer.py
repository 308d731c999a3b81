"""Kind ``transfer``: the agent passes the caller on to a number; unanswered, it takes the call back."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override
from django_scopes import ScopedManager
from pydantic import BaseModel, ConfigDict, Field

from actions.contract import JSON, ActionError, CallContext, CallEvent, FreezeError, Kind, Moment, Outcome, Params
from actions.directives import Destination, Transfer
from actions.expressions.templates import Template
from actions.models import Action
from actions.registry import register
from transfers import outcomes
from transfers.choices import MOST_CHOICES, choice_errors, choice_names
from transfers.numbers import DestinationNumberField, is_same_number
from transfers.sip_headers import publishing_errors, render_headers, validate_sip_headers

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

SHORTEST_RING_S, LONGEST_RING_S, DEFAULT_RING_S = 5, 45, 20


class TransferAction(Action):
    """How to ring, and what the telephone system is told along with the call."""

    KIND = "transfer"

    ring_time_s = models.PositiveSmallIntegerField(
        gettext_lazy("maximum ring time (s)"),
        default=DEFAULT_RING_S,
        validators=[MinValueValidator(SHORTEST_RING_S), MaxValueValidator(LONGEST_RING_S)],
        help_text=gettext_lazy("From 5 to 45 seconds. After it, the agent takes the call back."),
    )
    sip_headers = models.JSONField(
        gettext_lazy("SIP headers"),
        default=list,
        blank=True,
        validators=[validate_sip_headers],
        help_text=gettext_lazy(
            'Sent with the call, for example [{"name": "X-Customer", "value": "{{ params.customerId }}"}].'
        ),
    )

    objects: ClassVar[models.Manager[TransferAction]] = ScopedManager(account="agent__account")

    class Meta:
        verbose_name = gettext_lazy("transfer")
        verbose_name_plural = gettext_lazy("transfers")


class TransferDestination(models.Model):
    """A number that the call may be transferred to."""

    action = models.ForeignKey(
        TransferAction, models.CASCADE, verbose_name=gettext_lazy("transfer"), related_name="destinations"
    )
    phone = DestinationNumberField(gettext_lazy("phone number"), help_text=gettext_lazy("For example +33199000001."))
    description = models.CharField(
        gettext_lazy("description"),
        max_length=200,
        blank=True,
        help_text=gettext_lazy("Who answers there, for example “Technical support”: the agent chooses by it."),
    )
    position = models.PositiveSmallIntegerField(gettext_lazy("position"), default=0)

    objects: ClassVar[models.Manager[TransferDestination]] = ScopedManager(account="action__agent__account")

    class Meta:
        verbose_name = gettext_lazy("destination")
        verbose_name_plural = gettext_lazy("destinations")
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["action", "phone"],
                name="transfers_phone_once_per_action",
                violation_error_message=gettext_lazy("This action has the number already."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.description} ({self.phone})" if self.description else self.phone


class Choice(BaseModel):
    """One destination as published; ``name`` is what the model says to choose it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    phone: str
    description: str = ""


class TransferParams(Params):
    """``sip_headers`` maps names to template sources."""

    ring_time_s: int = Field(default=DEFAULT_RING_S, ge=SHORTEST_RING_S, le=LONGEST_RING_S)
    sip_headers: dict[str, str] = {}
    destinations: tuple[Choice, ...] = Field(min_length=1, max_length=MOST_CHOICES)

    @cached_property
    def header_templates(self) -> dict[str, Template]:
        return {name: Template.parse(source) for name, source in self.sip_headers.items()}

    def choose(self, name: str | None) -> Choice:
        """The only destination needs no name. Raises ActionError for a name that was not offered."""
        if name is None and len(self.destinations) == 1:
            return self.destinations[0]
        for choice in self.destinations:
            if choice.name == name:
                return choice
        raise ActionError(_("There is no such destination."), code="unknown_destination", permanent=True)


@register
class TransferKind(Kind[TransferParams]):
    name = "transfer"
    label = gettext_lazy("Transfer")
    summary = gettext_lazy("Passes the caller on to a phone number; unanswered, the agent takes the call back.")
    icon = "phone_forwarded"
    moments = frozenset({Moment.DURING})
    Params = TransferParams
    model = TransferAction
    fields = ("ring_time_s", "sip_headers")
    nested = ("destinations",)
    admin_class = "transfers.admin.TransferActionAdmin"

    def freeze(self, action: TransferAction) -> TransferParams:
        destinations = list(action.destinations.all()[: MOST_CHOICES + 1])
        checks = {
            "ring_time_s": _ring_time_errors(action.ring_time_s),
            "sip_headers": publishing_errors(action.sip_headers),
            "destinations": choice_errors([row.phone for row in destinations]),
        }
        errors: dict[str, list[StrOrPromise]] = {field: [*texts] for field, texts in checks.items() if texts}
        if errors:
            raise FreezeError(errors)
        names = choice_names([(row.phone, row.description) for row in destinations])
        return TransferParams(
            ring_time_s=action.ring_time_s,
            sip_headers={header["name"]: header["value"] for header in action.sip_headers},
            destinations=tuple(
                Choice(name=name, phone=row.phone, description=row.description)
                for name, row in zip(names, destinations, strict=True)
            ),
        )

    def default_description(self, language: str) -> str:
        with override(language):
            return _(
                "Transfer the call when the caller asks for a person, or when you cannot settle the request yourself. "
                "Tell the caller first to whom you are transferring the call."
            )

    def arguments_schema(self, params: TransferParams, language: str) -> dict[str, JSON]:
        with override(language):
            whom, why = _("Where to transfer the call."), _("Why the call is transferred, in one sentence.")
        names = [choice.name for choice in params.destinations]
        return {
            "type": "object",
            "properties": {
                "destination": {"type": "string", "enum": names, "description": whom},
                "reason": {"type": "string", "maxLength": 500, "description": why},
            },
            "required": ["destination"] if len(names) > 1 else [],
            "additionalProperties": False,
        }

    def time_limit_s(self, params: TransferParams) -> float:
        return 5.0

    async def run(self, params: TransferParams, context: CallContext, arguments: Mapping[str, JSON]) -> Outcome:
        language = context.agent.language
        with override(language):
            choice = params.choose(arguments.get("destination"))
            _refuse_loop(choice, context.scope)
            headers = dict(render_headers(params.header_templates, context.scope, context.warnings))
        return Outcome(
            result={
                "status": "requested",
                "destination": choice.name,
                "message": outcomes.requested(choice.name, params.ring_time_s, language),
            },
            directives=(
                Transfer(
                    destination=Destination(type="number", value=choice.phone, description=choice.description),
                    ring_time_s=params.ring_time_s,
                    sip_headers=headers,
                ),
            ),
        )

    def observe(self, params: TransferParams, context: CallContext, event: CallEvent) -> Outcome | None:
        result = outcomes.result_of(event.type, event.data, params.ring_time_s, context.agent.language)
        return None if result is None else Outcome(result=result)


def _ring_time_errors(ring_time_s: int) -> list[str]:
    if SHORTEST_RING_S <= ring_time_s <= LONGEST_RING_S:
        return []
    return [_("Choose a ring time from 5 to 45 seconds.")]


def _refuse_loop(choice: Choice, scope: Mapping[str, JSON]) -> None:
    """The number that was dialled reaches this very agent: the call would come back to itself."""
    dialled = scope["interaction"].get("DNIS") or ""
    if is_same_number(choice.phone, str(dialled)):
        raise ActionError(
            _("%(phone)s is the number that was dialled: the transfer would come back to this agent.")
            % {"phone": choice.phone},
            code="transfer_loop",
            permanent=True,
            spoken=_("The call cannot be transferred there. Say so, and offer another way."),
        )
