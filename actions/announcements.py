"""What happens to calls, told to whoever listens, inside the transaction that makes it true.

``calls`` announces and shows calls, ``notifications`` listens; neither knows of the other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from django.db.models import QuerySet, TextChoices
from django.utils.translation import gettext_lazy as _

from actions.contract import JSON


class Announced(TextChoices):
    """What can be listened for; the values are the types that outside systems see."""

    CALL_STARTED = "call.started", _("The call has begun")
    TRANSCRIPT_UPDATE = "call.transcript_update", _("Something was said")
    CALL_COMPLETED = "call.completed", _("The call has ended")
    CALL_ANALYZED = "call.analyzed", _("The call is analysed")
    ACTION_FAILED = "action.failed", _("An action was given up")


@dataclass(frozen=True, slots=True)
class Announcement:
    """One thing that happened; ``run_id`` names the run that was given up."""

    type: Announced
    account_id: int
    agent_id: int
    call_id: UUID
    run_id: UUID | None = None


class CallRow(Protocol):
    """A call, as far as announcements name it."""

    @property
    def pk(self) -> Any: ...
    @property
    def account_id(self) -> int: ...
    @property
    def agent_id(self) -> int: ...


class Listener(Protocol):
    def awaits(self, account_id: int, type: Announced, *, at_once: bool = False) -> bool:
        """Whether the account wants to hear of it. From memory, unless ``at_once``: then as the database has it."""

    def hear(self, announcement: Announcement) -> None:
        """Called in the transaction of what happened: whatever is written here is true if and only if that is."""

    def untold(self) -> QuerySet[Any, UUID]:
        """Ids of the calls of the account in scope of which something is still to be told."""


_listeners: list[Listener] = []
_show_call: Callable[[UUID], Mapping[str, JSON] | None] | None = None


def listen(listener: Listener) -> None:
    """From now on, for the life of the process."""
    _listeners.append(listener)


def is_awaited(account_id: int, type: Announced, *, at_once: bool = False) -> bool:
    """Whether anybody listens for this in the account; up to five seconds old, unless ``at_once``."""
    return any(listener.awaits(account_id, type, at_once=at_once) for listener in _listeners)


def announce(type: Announced, call: CallRow, *, run_id: UUID | None = None) -> None:
    """Call it inside the transaction that makes it true."""
    for listener in _listeners:
        if listener.awaits(call.account_id, type):
            listener.hear(Announcement(type, call.account_id, call.agent_id, call.pk, run_id))


def untold() -> list[QuerySet[Any, UUID]]:
    """Of each listener: ids of the calls of the account in scope that it still has to tell of."""
    return [listener.untold() for listener in _listeners]


def show_calls_by(provider: Callable[[UUID], Mapping[str, JSON] | None]) -> None:
    """``provider`` gives a call as the API shows it, inside its account's scope; None for one that is gone."""
    global _show_call
    _show_call = provider


def shown_call(call_id: UUID) -> Mapping[str, JSON] | None:
    """A call of the account in scope, as the API shows it now, ready for ``json.dumps``; None: it is gone."""
    assert _show_call is not None, "calls.apps names who shows calls"
    return _show_call(call_id)
