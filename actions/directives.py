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


class SipConnectionRef(_Directive):
    """The account's SIP connection to dial through. Its password is asked for when it is needed
    (``GET /api/v1/sip-connections/{name}/credentials``): directives are kept, secrets are not.
    """

    name: str
    host: str
    port: int
    transport: Literal["udp", "tcp", "tls"]
    user: str = ""


class Briefing(_Directive):
    """Warm transfer: what the human is told before the caller is connected, spoken or in the SIP header ``header``."""

    by: Literal["speech", "sip_header"]
    text: str
    language: str
    header: str = ""


class Transfer(_Directive):
    """Ring ``destinations`` together for ``ring_time_s``; the first that answers gets the call.

    ``attempt`` counts the directives of one hunt from 1: events about it carry it. Unanswered, report that: the
    answer says whether to ring another or to give the call back to the agent. ``caller_id``: E.164, or '' for
    the caller's own number.
    """

    type: Literal["transfer"] = "transfer"
    destinations: tuple[Destination, ...] = Field(min_length=1)
    ring_time_s: int = Field(ge=1, le=45)
    mode: Literal["cold", "warm"] = "cold"
    attempt: int = Field(default=1, ge=1)
    caller_id: str = ""
    sip_connection: SipConnectionRef | None = None
    sip_headers: dict[str, str] = {}
    briefing: Briefing | None = None


class HangUp(_Directive):
    """End the call; ``after_speech``: once everything that is being said, or waits to be said, has been heard."""

    type: Literal["hang_up"] = "hang_up"
    reason: str
    after_speech: bool = True


class SendDigits(_Directive):
    """Send DTMF tones: ``0-9 * # A-D`` and ``w`` for a pause of half a second. The agent is silent meanwhile, for
    ``duration_ms`` at the usual quarter of a second for each key. ``secret``: they must not reach a log.
    """

    type: Literal["send_digits"] = "send_digits"
    digits: str
    duration_ms: int = Field(default=0, ge=0)
    secret: bool = False


class CollectDigits(_Directive):
    """Take the caller's next keys until ``most`` of them, ``terminator`` ('' for none) or ``timeout_s`` without one,
    then report ``keypad.collected``. ``secret``: they must not reach the model, a transcript or a log.
    """

    type: Literal["collect_digits"] = "collect_digits"
    least: int = Field(ge=1, le=32)
    most: int = Field(ge=1, le=32)
    terminator: Literal["", "#", "*"] = "#"
    timeout_s: int = Field(ge=1, le=60)
    secret: bool = False


class Wait(_Directive):
    """Stay silent for ``max_s`` seconds at most, or until somebody speaks or a key is pressed; then report
    ``wait.ended``.
    """

    type: Literal["wait"] = "wait"
    max_s: int


Directive = Annotated[Say | Transfer | HangUp | SendDigits | CollectDigits | Wait, Field(discriminator="type")]
