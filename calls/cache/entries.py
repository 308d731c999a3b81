"""One kept result. Outside of this process it is sealed: whoever reads the store learns nothing of callers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from django.core.serializers.json import DjangoJSONEncoder

from actions.contract import JSON, Outcome
from outbound.secrets import SecretsUnreadable, seal, unseal

LARGEST_CHARS = 256_000
"""As JSON. A larger result is not kept: one entry must not push out a thousand others."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Times are seconds of the epoch. ``cost_ms`` is how long the action took when it made the result."""

    variables: Mapping[str, JSON]
    agent_configuration: Mapping[str, JSON] | None
    made_at: float
    fresh_until: float
    kept_until: float
    cost_ms: float
    size: int = field(default=0, compare=False)

    @property
    def outcome(self) -> Outcome:
        return Outcome(variables=self.variables, agent_configuration=self.agent_configuration)

    def is_fresh(self, now: float) -> bool:
        return now < self.fresh_until

    def is_kept(self, now: float) -> bool:
        """Whether it may be served at all: in its life time, or in place of a failure."""
        return now < self.kept_until

    def is_ending(self, now: float) -> bool:
        """In the last tenth of its life time."""
        return now >= self.fresh_until - (self.fresh_until - self.made_at) / 10


def pack(entry: Entry) -> str | None:
    """Sealed; None: too large to be kept."""
    values = [entry.variables, entry.agent_configuration]
    times = [entry.made_at, entry.fresh_until, entry.kept_until, entry.cost_ms]
    content = json.dumps([values, times], cls=DjangoJSONEncoder, separators=(",", ":"))
    return seal({"entry": content}) if len(content) <= LARGEST_CHARS else None


def unpack(sealed: str) -> Entry | None:
    """None for what cannot be read (any more): it is made again."""
    try:
        content = unseal(sealed)["entry"]
        (variables, agent_configuration), (made_at, fresh_until, kept_until, cost_ms) = json.loads(content)
        return Entry(variables, agent_configuration, made_at, fresh_until, kept_until, cost_ms, size=len(sealed))
    except (SecretsUnreadable, KeyError, TypeError, ValueError):
        return None
