"""Directives: what the runtime must do. Runtimes translate them to their vendor's words."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class _Directive(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Say(_Directive):
    """Speak ``text``; ``language`` is a BCP 47 tag.

    ``while_waiting``: it only fills the time until the tool has its result. Over REST that result is in the
    same answer, so a runtime that has nothing left to wait for may leave it out.
    """

    type: Literal["say"] = "say"
    text: str
    language: str
    while_waiting: bool = False


class Destination(_Directive):
    """Where a transfer goes: ``number`` in E.164, ``sip_uri`` as in RFC 3261, or the slug of an ``agent``."""

    type: Literal["number", "sip_uri", "agent"]
    value: str
    description: str = ""


class Transfer(_Directive):
    """Ring ``destination`` for ``ring_time_s``; unanswered, give the call back to the agent."""

    type: Literal["transfer"] = "transfer"
    destination: Destination
    ring_time_s: int = Field(ge=5, le=45)
    sip_headers: dict[str, str] = {}


class HangUp(_Directive):
    """End the call once the agent has finished speaking."""

    type: Literal["hang_up"] = "hang_up"
    reason: str


class SendDigits(_Directive):
    """Send DTMF tones: ``0-9 * # A-D`` and ``w`` for a pause of half a second."""

    type: Literal["send_digits"] = "send_digits"
    digits: str


class Wait(_Directive):
    """Stay silent for ``max_s`` seconds at most, or until somebody speaks."""

    type: Literal["wait"] = "wait"
    max_s: int


Directive = Annotated[Say | Transfer | HangUp | SendDigits | Wait, Field(discriminator="type")]
