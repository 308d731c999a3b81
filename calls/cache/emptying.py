"""Taking kept results away, and telling what is there; for the admin, the API and the sweep.

Emptying all, or one action, changes one row: nothing kept before is served again, and the sweep erases it. One key or
one number is erased at once, in a time that does not depend on how much else is kept.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from accounts.lazily import lazily
from accounts.problems import Problem
from actions.contract import JSON
from actions.releases import Plan, PlannedAction
from calls.cache import embedded, keys, live, shared, usage
from calls.cache.rows import CacheUsage
from calls.cache.stores import is_shared

if TYPE_CHECKING:
    import redis
else:
    redis = lazily("redis")

PATIENCE_S = 2.0
SWEPT_AT_ONCE = 500
MOST_SWEPT = 100_000


class CacheUnreachable(Problem):
    """Nothing was promised: somebody's data may still be there."""

    status = 503
    code = "cache_unreachable"
    title = _("The cache cannot be reached; try again in a moment")


@dataclass(frozen=True, slots=True)
class Kept:
    """How many results, and when the oldest and the newest were made. ``count`` None: the cache cannot be reached."""

    count: int | None = None
    oldest: dt.datetime | None = None
    newest: dt.datetime | None = None


# --- emptying -------------------------------------------------------------------------------------


def empty_account(account_id: int) -> None:
    """In constant time. Works while Redis is out of reach, too: what is there is never served again."""
    before = live.read_live(account_id)
    live.empty(account_id)
    usage.forget_recent(account_id)
    _hand_to_sweep(account_id, before)


def empty_action(account_id: int, action_id: int) -> None:
    """The same for one action."""
    before = live.read_live(account_id)
    live.empty(account_id, action_id)
    usage.forget_recent(account_id)
    _hand_to_sweep(account_id, before, action_id)


def forget_number(account_id: int, number: str) -> int:
    """Erase what was made in calls with this number, by any action. Returns how many results there were.

    Raises CacheUnreachable.
    """
    digest = keys.number_digest(account_id, number)
    gone = embedded.forget_number(account_id, digest)
    if is_shared():
        with _connected() as server:
            gone += _forget_in_redis(server, account_id, digest)
    usage.forget_recent(account_id)
    live.changed(account_id)
    return gone


def forget_name(account_id: int, action_id: int, name: str) -> int:
    """Erase the result of one key, by its name. Returns how many there were. Raises CacheUnreachable."""
    gone = embedded.forget_name(account_id, action_id, name)
    if is_shared():
        generation = live.read_live(account_id).generation_of(action_id)
        key = f"{shared.PREFIX}:{account_id}:e:{action_id}:{generation}:{name}"
        with _connected() as server:
            gone += int(server.unlink(key))
            server.zrem(shared.index_key(account_id, action_id, generation), key)
    live.changed(account_id)
    return gone


def forget_key(account_id: int, planned: PlannedAction, values: Mapping[str, JSON]) -> int:
    """The same for a key given by the values of its paths; a path left out counts as empty."""
    before = planned.before
    cache = before.settings.cache if before else None
    if before is None or cache is None:
        return 0
    name = keys.name_of(account_id, before, [values.get(path, "") for path in cache.keys])
    return forget_name(account_id, before.action_id, name) if name else 0


def planned_of(plan: Plan | None, action_id: int) -> PlannedAction | None:
    """The action as the release has it, if it has it with a cache."""
    actions = plan.actions if plan else ()
    return next(
        (row for row in actions if row.before and row.before.action_id == action_id and row.before.settings.cache), None
    )


# --- telling --------------------------------------------------------------------------------------


def kept_of(account_id: int, action_id: int) -> Kept:
    """What is there of one action."""
    generation = live.read_live(account_id).generation_of(action_id)
    if not is_shared():
        return Kept(*embedded.ages_of(account_id, action_id, generation))
    index = shared.index_key(account_id, action_id, generation)
    try:
        with _connected() as server:
            asked = server.pipeline(transaction=False)
            asked.zcard(index).zrange(index, 0, 0, withscores=True).zrange(index, -1, -1, withscores=True)
            count, first, last = asked.execute()
    except CacheUnreachable:
        return Kept()
    return Kept(count, *(_when(pair[0][1]) if pair else None for pair in (first, last)))


def _when(seconds: float) -> dt.datetime:
    return dt.datetime.fromtimestamp(seconds, dt.UTC)


# --- Redis ----------------------------------------------------------------------------------------


@contextmanager
def _connected() -> Iterator[Any]:
    """Raises CacheUnreachable."""
    server = redis.Redis.from_url(
        settings.CACHE_URL,
        socket_timeout=PATIENCE_S,
        socket_connect_timeout=PATIENCE_S,
        retry=redis.retry.Retry(redis.backoff.NoBackoff(), 0),
        decode_responses=True,
    )
    try:
        yield server
    except redis.RedisError as error:
        raise CacheUnreachable from error
    finally:
        server.close()


def _forget_in_redis(server: Any, account_id: int, digest: str) -> int:
    # First the sign that nothing of this number is to be kept: a result may be in the making.
    server.set(shared.forgotten_key(account_id, digest), "1", px=int(embedded.FORGOTTEN_FOR.total_seconds() * 1000))
    index = shared.number_key(account_id, digest)
    names = server.zrange(index, 0, -1)
    if not names:
        return 0
    asked = server.pipeline(transaction=False).unlink(*names).unlink(index)
    for name in names:
        _head, _entries, action_id, generation, _name = name.removeprefix(f"{shared.PREFIX}:").split(":")
        asked.zrem(shared.index_key(account_id, int(action_id), generation), name)
    return int(asked.execute()[0])


def _hand_to_sweep(account_id: int, before: live.Live, action_id: int = 0) -> None:
    """Put the indexes of what was emptied where the sweep finds them; what it does not find ends by itself."""
    if not is_shared():
        return
    actions = [action_id] if action_id else _actions_of(account_id)
    try:
        with _connected() as server:
            for each in actions:
                index, gone = (
                    shared.index_key(account_id, each, before.generation_of(each)),
                    f"{shared.GONE}:{uuid.uuid4()}",
                )
                if server.exists(index):
                    server.rename(index, gone)
                    server.sadd(shared.GONE, gone)
    except CacheUnreachable:
        return


def _actions_of(account_id: int) -> list[int]:
    return list(CacheUsage.objects.filter(account_id=account_id).values_list("action_id", flat=True).distinct())


def sweep() -> int:
    """Erase what was emptied or is over. Returns how many results there were."""
    usage.sweep()
    gone = embedded.sweep()
    if not is_shared():
        return gone
    try:
        with _connected() as server:
            return gone + _sweep_redis(server)
    except CacheUnreachable:
        return gone


def _sweep_redis(server: Any) -> int:
    gone = 0
    for index in server.smembers(shared.GONE):
        while gone < MOST_SWEPT and (names := [name for name, _score in server.zpopmin(index, SWEPT_AT_ONCE)]):
            gone += int(server.unlink(*names))
        if not server.exists(index):
            server.srem(shared.GONE, index)
    return gone
