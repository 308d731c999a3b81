"""What a release keeps of a transfer."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Literal

from pydantic import Field, model_validator

from actions.contract import Params
from actions.expressions.templates import Template
from actions.messages import MessageBefore
from transfers.choices import MOST_CHOICES, Choice
from transfers.models import DEFAULT_RING_S, LONGEST_RING_S, SHORTEST_RING_S


class TransferParams(Params):
    """``sip_headers`` maps names to template sources; ``failure_texts`` languages to sentences.

    ``destinations`` are all that there is, unless ``directory_action_id`` names the action whose rows are searched
    at each call. With neither, the SIP connection itself is rung.
    """

    strategy: Literal["choice", "in_order", "together"] = "choice"
    ring_time_s: int = Field(default=DEFAULT_RING_S, ge=SHORTEST_RING_S, le=LONGEST_RING_S)
    total_ring_time_s: int = Field(default=60, ge=SHORTEST_RING_S)
    mode: Literal["cold", "warm_spoken", "warm_header"] = "cold"
    summary: str = ""
    summary_header: str = ""
    caller_id: Literal["caller", "dialled", "connection", "fixed"] = "caller"
    caller_id_number: str = ""
    sip_connection_id: int | None = None
    sip_headers: dict[str, str] = {}
    restricted: bool = False
    schedule_id: int | None = None
    time_slots: tuple[dict[str, Any], ...] = ()
    failure_texts: dict[str, str] = {}
    message_before: MessageBefore | None = None
    destinations: tuple[Choice, ...] = Field(default=(), max_length=MOST_CHOICES)
    directory_action_id: int | None = None

    @model_validator(mode="after")
    def _rings_somebody(self) -> TransferParams:
        if not (self.destinations or self.directory_action_id or self.sip_connection_id):
            raise ValueError("a transfer rings a destination, a directory's, or a SIP connection")
        return self

    @property
    def is_directory(self) -> bool:
        return self.directory_action_id is not None

    @property
    def is_chosen(self) -> bool:
        """Whether the model says whom to ring."""
        return self.strategy == "choice"

    @cached_property
    def header_templates(self) -> dict[str, Template]:
        return {name: Template.parse(source) for name, source in self.sip_headers.items()}

    @cached_property
    def summary_template(self) -> Template:
        return Template.parse(self.summary)

    def find(self, name: str | None) -> Choice | None:
        """The frozen destination of this name; the only one needs none."""
        if name is None and len(self.destinations) == 1:
            return self.destinations[0]
        return next((choice for choice in self.destinations if choice.name == name), None)
