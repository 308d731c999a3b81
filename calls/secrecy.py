"""Values of a call that no record, model or log may hold: secret digits, and whatever is said with them.

They are sealed in one column of the call while it lives, and erased when it ends. What a run gives back goes
through a :class:`Veil` on its way to a record; the answer to the runtime keeps its directives as they are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from django.utils import timezone

from actions.contract import JSON
from calls.models import Call, CallState
from outbound.censoring import spellings
from outbound.secrets import SecretsUnreadable, seal, unseal

log = structlog.get_logger(__name__)

MASK = "••••"
_MASK = MASK.encode()
SHORTEST_INSIDE, SHORTEST_ANYWHERE = 4, 8
"""Characters: shorter secrets are masked only where they are a whole text, or stand between other characters than
digits. They would be found everywhere, in telephone numbers first of all."""
FORGOTTEN_AFTER = timedelta(hours=12)
"""A call whose end nobody reported keeps its secrets no longer than this."""

_VARIABLE = "variable:"
_DIRECTIVES = "directives:"
_PROGRESS = "progress:"


class Veil:
    """Masks ``secrets`` wherever they are in a value, and the whole value of ``members`` in every object."""

    def __init__(self, secrets: Iterable[str] = (), members: frozenset[str] = frozenset()) -> None:
        self._secrets = frozenset(secrets) - {""}
        self._members = members
        inside = sorted((text for text in self._secrets if len(text) >= SHORTEST_INSIDE), key=len, reverse=True)
        self._pattern = re.compile(b"|".join(map(_pattern, inside))) if inside else None

    @property
    def hides_values(self) -> bool:
        return bool(self._secrets)

    def over(self, value: Any) -> Any:
        if not self._secrets and not self._members:
            return value
        if isinstance(value, str):
            return self.over_text(value)
        if isinstance(value, int) and not isinstance(value, bool):
            return MASK if value >= 1000 and str(value) in self._secrets else value
        if isinstance(value, Mapping):
            return {self.over_text(str(name)): self._member(name, inner) for name, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self.over(inner) for inner in value]
        return value

    def _member(self, name: object, value: Any) -> Any:
        pressed = name == "digits" and isinstance(value, str) and any(secret in value for secret in self._secrets)
        return MASK if pressed or (name in self._members and value) else self.over(value)

    def over_text(self, text: str) -> str:
        if text in self._secrets:
            return MASK
        if self._pattern is None:
            return text
        return self._pattern.sub(_MASK, text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")


def _pattern(secret: str) -> bytes:
    spelt = spellings(secret)
    return spelt if len(secret) >= SHORTEST_ANYWHERE else b"(?<![0-9])" + spelt + b"(?![0-9])"


def variables_of(call: Call) -> dict[str, str]:
    """The secret variables that the call knows, as it was read."""
    kept = _kept(call)
    return {name.removeprefix(_VARIABLE): text for name, text in kept.items() if name.startswith(_VARIABLE)}


def live_directives(call: Call, record_id: UUID, shown: list[JSON]) -> list[JSON]:
    """The directives of a run or an event as they were first answered; once the call has ended, as records show."""
    text = _kept(call).get(f"{_DIRECTIVES}{record_id}")
    return shown if text is None else json.loads(text)


def live_progress(call: Call, shown: Mapping[UUID, JSON]) -> list[JSON]:
    """What runs (by their ids) remember, in their order: as they gave it; once the call has ended, as records show."""
    kept = _kept(call) if shown else {}
    live = ((kept.get(f"{_PROGRESS}{pk}"), progress) for pk, progress in shown.items())
    return [progress if text is None else json.loads(text) for text, progress in live]


def keep(
    call_id: UUID,
    *,
    variables: Mapping[str, str] | None = None,
    directives: Mapping[UUID, list[JSON]] | None = None,
    progress: Mapping[UUID, JSON] | None = None,
) -> None:
    """Add to what the call keeps, inside the caller's transaction; nothing is kept of a call that has ended."""
    if not variables and not directives and not progress:
        return
    call = Call.objects.select_for_update(no_key=True).get(pk=call_id)
    if call.state == CallState.COMPLETED:
        return
    added = {f"{_VARIABLE}{name}": text for name, text in (variables or {}).items()}
    added |= {f"{_DIRECTIVES}{pk}": json.dumps(given) for pk, given in (directives or {}).items()}
    added |= {f"{_PROGRESS}{pk}": json.dumps(given) for pk, given in (progress or {}).items()}
    Call.objects.filter(pk=call_id).update(secrets=seal({**_kept(call), **added}))


def forget_old() -> int:
    """Erase what calls without an end still keep. Returns how many there were."""
    old = Call.objects.exclude(secrets="").filter(begun_at__lt=timezone.now() - FORGOTTEN_AFTER)
    return old.update(secrets="")


def _kept(call: Call) -> dict[str, str]:
    try:
        return dict(unseal(call.secrets))
    except SecretsUnreadable:
        log.warning("call_secrets_unreadable", call=str(call.pk))
        return {}
