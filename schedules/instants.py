"""From the time that a clock on the wall shows to the instant that is meant, also when the clocks change.

An instant is a whole number of seconds since 1970 UTC. In the night when the clocks go forward, a time that does not
exist means the moment of the change. In the night when they go back, something opens the first time that the clock
shows the hour, and closes the last time: it is never shut while the clock shows an hour of its opening times.
"""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo


def opening_instant(local: datetime, zone: ZoneInfo) -> int:
    """The first instant at which the clock shows ``local`` (naive) or later."""
    first, last = _candidates(local, zone)
    return first if first <= last else _change_between(last, first, zone)


def closing_instant(local: datetime, zone: ZoneInfo) -> int:
    """The first instant from which on the clock never again shows a time before ``local`` (naive)."""
    first, last = _candidates(local, zone)
    if first > last:
        return _change_between(last, first, zone)
    if first < last and _shown(last - 1, zone) >= local:
        # The clock goes back exactly to ``local``: everything before it was shown once only.
        return first
    return last


def _candidates(local: datetime, zone: ZoneInfo) -> tuple[int, int]:
    """The instants with the offset before and after a change; the same without a change."""
    return (
        int(local.replace(tzinfo=zone, fold=0).timestamp()),
        int(local.replace(tzinfo=zone, fold=1).timestamp()),
    )


def _shown(instant: int, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(instant, zone).replace(tzinfo=None)


def _offset(instant: int, zone: ZoneInfo) -> object:
    return datetime.fromtimestamp(instant, UTC).astimezone(zone).utcoffset()


def _change_between(before: int, after: int, zone: ZoneInfo) -> int:
    """The first instant of the offset that counts at ``after``."""
    new = _offset(after, zone)
    while after - before > 1:
        middle = (before + after) // 2
        if _offset(middle, zone) == new:
            after = middle
        else:
            before = middle
    return after
