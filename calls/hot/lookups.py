"""Whose key it is, and which release an agent answers with: kept in process until something changes.

The looking up itself is what Django's way in does (``find_key``, ``find_agent``); here are only its good answers.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from django_scopes import scope

from accounts import keys
from accounts.api.authentication import LAST_USED_EVERY, find_key
from accounts.database import in_database
from accounts.models import Account, KeyScope
from accounts.problems import Problem
from actions.announcements import Announced, is_awaited
from actions.releases import Plan, load_plan
from calls import records
from calls.cache import live
from calls.models import Call
from calls.requests import BeginCall

T = TypeVar("T")

MOST_KEPT = 10_000
KEPT_S = 60.0
"""At most, although every change is heard: nothing wrong stays for ever."""


@dataclass(frozen=True, slots=True)
class KnownKey:
    """A key that may play calls. ``expires_at`` in seconds of the epoch; None: never.

    ``announces_begins``: somebody waits to hear of each call that begins, which Django's way tells.
    """

    account: Account
    expires_at: float | None
    announces_begins: bool = False

    @property
    def is_usable(self) -> bool:
        return self.expires_at is None or self.expires_at > time.time()


@dataclass(frozen=True, slots=True)
class KnownAgent:
    """An agent that takes calls in the direction that was asked for.

    ``is_announced``: outside systems are told of its calls' beginnings.
    """

    id: int
    plan: Plan
    is_announced: bool


class Lookups:
    """``may_keep`` says whether changes are being heard of."""

    def __init__(self, may_keep: Callable[[], bool]) -> None:
        self._may_keep = may_keep
        self._kept: dict[Any, tuple[float, Any]] = {}
        self._generation = 0
        self._releases: dict[tuple[int, UUID], int] = {}

    def forget(self) -> None:
        self._generation += 1
        self._kept.clear()
        live.forget()

    async def account(self, plain_text: str) -> Account | None:
        """Whose calls this key may play; None for a key that Django has to say something about."""
        found = await self._known(("key", keys.digest(plain_text)), lambda: _find_key(plain_text))
        return found.account if found is not None and found.is_usable else None

    async def agent(self, account_id: int, request: BeginCall) -> KnownAgent | None:
        """None where the request is to be refused, or nobody answers."""
        key = ("agent", account_id, request.direction, request.agent, "" if request.agent else request.to_number)
        return await self._known(key, lambda: _find_agent(account_id, request))

    async def plan_of_call(self, account_id: int, call_id: UUID) -> Plan | None:
        """That of the release which the call began with; None where there is no such call."""
        release_id = self._releases.get((account_id, call_id))
        if release_id is not None and (known := load_plan.known(release_id)) is not None:
            return known
        plan = await in_database(_find_plan)(account_id, call_id)
        if plan is not None:
            self.remember_call(account_id, call_id, plan)
        return plan

    def remember_call(self, account_id: int, call_id: UUID, plan: Plan) -> None:
        """What never changes of a call. Whether it is there still is asked whenever it matters."""
        if len(self._releases) >= MOST_KEPT:
            # The oldest: calls end.
            del self._releases[next(iter(self._releases))]
        self._releases[account_id, call_id] = plan.release_id

    async def _known(self, key: Any, find: Callable[[], T | None]) -> T | None:
        """Good answers only: what was not found may be there a moment later."""
        kept = self._kept.get(key)
        if kept is not None and kept[0] > time.monotonic():
            found: T = kept[1]
            return found
        generation = self._generation
        looked_up = await in_database(find)()
        # What changed while we looked may have been read before it changed.
        if looked_up is not None and generation == self._generation and self._may_keep():
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            self._kept[key] = (time.monotonic() + KEPT_S, looked_up)
        return looked_up


def _find_key(plain_text: str) -> KnownKey | None:
    """Also notes that the key is in use, as often as KEPT_S lets it be asked."""
    assert LAST_USED_EVERY.total_seconds() >= KEPT_S
    key = find_key(plain_text)
    if key is None or KeyScope.CALLS not in key.scopes:
        return None
    return KnownKey(key.account, key.expires_at.timestamp() if key.expires_at else None)


def _find_agent(account_id: int, request: BeginCall) -> KnownAgent | None:
    with scope(account=account_id):
        try:
            agent = records.find_agent(request)
        except Problem:
            return None
        assert agent.current_release_id is not None
        is_announced = is_awaited(account_id, Announced.CALL_STARTED, at_once=True)
        return KnownAgent(agent.pk, load_plan(agent.current_release_id), is_announced)


def _find_plan(account_id: int, call_id: UUID) -> Plan | None:
    with scope(account=account_id):
        release_id = Call.objects.filter(pk=call_id).values_list("release_id", flat=True).first()
        return None if release_id is None else load_plan(release_id)
