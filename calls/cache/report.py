"""What the cache does for each action of an account: for the admin's pages and the API. Inside the account's scope."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.utils import timezone

from actions.contract import JSON, Moment
from actions.models import Agent
from actions.releases import PlannedAction, load_plan
from calls.cache import emptying, live
from calls.cache.emptying import Kept
from calls.cache.rows import CacheUsage
from calls.cache.usage import COUNTED, RECENT

DAYS = 7


@dataclass(slots=True)
class Use:
    """Counts of the last days; ``saved_ms`` is what calls did not wait; ``recent`` are the last calls, masked."""

    hits: int = 0
    stale: int = 0
    shared: int = 0
    misses: int = 0
    skipped: int = 0
    saved_ms: float = 0.0
    recent: list[dict[str, JSON]] = field(default_factory=list)

    @property
    def hit_rate(self) -> float | None:
        """Of the calls that asked, how many did not wait for the action; None: none asked."""
        asked = self.hits + self.stale + self.shared + self.misses
        return (self.hits + self.stale + self.shared) / asked if asked else None


@dataclass(frozen=True, slots=True)
class CachedAction:
    """An action that has a cache in the agent's current release."""

    agent: Agent
    planned: PlannedAction
    action_id: int
    is_paused: bool
    use: Use
    kept: Kept

    @property
    def keys(self) -> tuple[str, ...]:
        before = self.planned.before
        return before.settings.cache.keys if before and before.settings.cache else ()


def cached_actions(account_id: int) -> list[CachedAction]:
    """By agent, in the order in which they run."""
    found = [(agent, planned) for agent in _agents() for planned in _planned(agent)]
    uses = uses_of(account_id, [planned.before.action_id for _agent, planned in found if planned.before])
    decided = live.read_live(account_id)
    return [_cached(account_id, agent, planned, decided, uses) for agent, planned in found]


def cached_action(account_id: int, agent: Agent, action_id: int) -> CachedAction | None:
    """The same for one."""
    for planned in _planned(agent):
        if planned.before and planned.before.action_id == action_id:
            uses = uses_of(account_id, [action_id])
            return _cached(account_id, agent, planned, live.read_live(account_id), uses)
    return None


def uses_of(account_id: int, action_ids: Iterable[int]) -> dict[int, Use]:
    """Of the last seven days, by action."""
    since = timezone.now().date() - dt.timedelta(days=DAYS - 1)
    rows = CacheUsage.objects.filter(account_id=account_id, action_id__in=list(action_ids), day__gte=since)
    uses: dict[int, Use] = {}
    for row in rows.order_by("-day"):
        use = uses.setdefault(row.action_id, Use())
        for name in COUNTED:
            setattr(use, name, getattr(use, name) + getattr(row, name))
        use.saved_ms += row.saved_ms
        use.recent = [*use.recent, *row.recent][:RECENT]
    return uses


def _agents() -> list[Agent]:
    return list(Agent.objects.filter(current_release__isnull=False).order_by("name"))


def _planned(agent: Agent) -> list[PlannedAction]:
    if agent.current_release_id is None:
        return []
    actions = load_plan(agent.current_release_id).of(Moment.BEFORE)
    return [action for action in actions if action.before and action.before.settings.cache]


def _cached(
    account_id: int, agent: Agent, planned: PlannedAction, decided: live.Live, uses: dict[int, Use]
) -> CachedAction:
    before = planned.before
    assert before is not None, "only cached actions are asked for"
    return CachedAction(
        agent=agent,
        planned=planned,
        action_id=before.action_id,
        is_paused=decided.is_paused(before.action_id),
        use=uses.get(before.action_id, Use()),
        kept=emptying.kept_of(account_id, before.action_id),
    )
