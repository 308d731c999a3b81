"""What a runtime may ask, in our words. ``calls.api`` and the runtimes' adapters build these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime

from actions.contract import JSON
from calls.digest import digest


@dataclass(frozen=True, slots=True, kw_only=True)
class BeginCall:
    """A call begins. ``agent`` is a slug; without it, an inbound call is resolved by ``to_number``.

    ``from_number`` and ``to_number`` are kept as given (anonymous callers have no number);
    ``budget_ms`` is how long the runtime waits for the answer; ``runtime`` bounds the size of results.
    """

    direction: str
    runtime: str = "rest"
    agent: str = ""
    from_number: str = ""
    to_number: str = ""
    external_id: str | None = None
    sip_headers: Mapping[str, str] = field(default_factory=dict)
    context: Mapping[str, JSON] = field(default_factory=dict)
    budget_ms: int | None = None

    @property
    def digest(self) -> str:
        return digest({**asdict(self), "budget_ms": None})


@dataclass(frozen=True, slots=True, kw_only=True)
class InvokeAction:
    """The model calls a tool. A repeated ``tool_call_id`` gets the first answer."""

    name: str
    arguments: Mapping[str, JSON] = field(default_factory=dict)
    tool_call_id: str | None = None
    budget_ms: int | None = None

    @property
    def digest(self) -> str:
        return digest({"name": self.name, "arguments": self.arguments})


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordEvent:
    """The runtime reports something, e.g. ``transfer.no_answer``; ``event_id`` makes a repeat harmless."""

    type: str
    data: Mapping[str, JSON] = field(default_factory=dict)
    event_id: str | None = None

    @property
    def digest(self) -> str:
        return digest({"type": self.type, "data": self.data})


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishCall:
    """The call has ended. ``classifications`` maps a classifier's name to the label given."""

    ended_reason: str = ""
    ended_at: datetime | None = None
    duration_s: float | None = None
    recording_url: str = ""
    summary: str = ""
    transcript: tuple[Mapping[str, JSON], ...] = ()
    classifications: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, JSON] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        return digest(asdict(self))
