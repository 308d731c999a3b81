"""One lane an endpoint: its messages in their order, a few at once, not more a minute than it takes.

A lane belongs to one process at a time, by a lease on the endpoint's row. It is a task of an event loop: an endpoint
that is slow or dead keeps nobody else waiting.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from dataclasses import dataclass, field
from uuid import UUID

import structlog
from django_scopes import scope

from accounts.database import in_database
from notifications.webhooks import queue
from notifications.webhooks.posting import post

log = structlog.get_logger(__name__)

AT_ONCE = 8
LOOK_AGAIN_S = 0.5
"""What another process was woken for is found within this time."""
RENEW_EVERY_S = 5.0
MINUTE_S = 60.0


class Stop:
    """Tells lanes to begin nothing more."""

    is_set = False


async def serve(subscription_id: int, account_id: int, stop: Stop | None = None) -> None:
    """Deliver what is due to the endpoint, unless another process does; returns when nothing is due soon."""
    stop = stop or Stop()
    with scope(account=account_id):
        while not stop.is_set:
            claimed = await in_database(queue.claim_lane)(subscription_id)
            if claimed is None:
                return
            try:
                await _Service(claimed, stop).work()
            finally:
                await in_database(queue.release_lane)(subscription_id, claimed.token)
            # Whoever was woken while we still had the lane has gone again: we look once more.


@dataclass
class _Service:
    lane: queue.Lane
    stop: Stop
    under_way: dict[asyncio.Task[None], queue.Parcel] = field(default_factory=dict)
    sent_at_s: deque[float] = field(default_factory=deque)
    renewed_at_s: float = field(default_factory=time.monotonic)

    async def work(self) -> None:
        now_s = time.monotonic()
        ago = await in_database(queue.recent_attempts)(self.lane)
        self.sent_at_s.extend(now_s - each_s for each_s in ago)
        try:
            while await self._go_on():
                pass
        finally:
            if self.under_way:
                await asyncio.wait(self.under_way)

    async def _go_on(self) -> bool:
        """One round: begin what may begin, wait for what comes first. False: the lane is to be given back."""
        if not await self._keep_lease():
            return False
        ends = self.stop.is_set or self.lane.is_paused()
        if not ends:
            await self._begin()
        if self.under_way:
            await asyncio.wait(self.under_way, timeout=LOOK_AGAIN_S, return_when=asyncio.FIRST_COMPLETED)
            self._collect()
            return True
        if ends:
            return False
        due_s = await in_database(queue.next_due_s)(self.lane)
        if due_s is None or due_s > queue.NEAR_S:
            return False
        await asyncio.sleep(min(LOOK_AGAIN_S, max(due_s, self._wait_for_rate_s(), 0.01)))
        return True

    async def _keep_lease(self) -> bool:
        """Also takes in what was changed about the endpoint; at once after a pause was asked for."""
        if time.monotonic() - self.renewed_at_s < RENEW_EVERY_S:
            return True
        renewed = await in_database(queue.renew_lane)(self.lane.subscription_id, self.lane.token)
        if renewed is None:
            return False
        self.lane, self.renewed_at_s = renewed, time.monotonic()
        return True

    async def _begin(self) -> None:
        most = min(AT_ONCE - len(self.under_way), self._places_of_rate())
        if most <= 0:
            return
        parcels = list(self.under_way.values())
        calls = {parcel.call_id for parcel in parcels if parcel.call_id is not None}
        busy: set[UUID] = {parcel.delivery_id for parcel in parcels}
        for parcel in await in_database(queue.claim_due)(self.lane, most, calls, busy):
            self.sent_at_s.append(time.monotonic())
            self.under_way[asyncio.create_task(self._deliver(parcel))] = parcel

    async def _deliver(self, parcel: queue.Parcel) -> None:
        reply = await post(self.lane.url, parcel.message, self.lane.keys, account_id=self.lane.account_id)
        await in_database(queue.settle)(self.lane, parcel, reply)
        if not reply.is_success:
            # It may have been paused or disabled by that.
            self.renewed_at_s = 0.0

    def _collect(self) -> None:
        for task in [task for task in self.under_way if task.done()]:
            parcel = self.under_way.pop(task)
            if error := task.exception():
                log.error("webhook_attempt_crashed", delivery=str(parcel.delivery_id), error=type(error).__name__)

    def _places_of_rate(self) -> int:
        """How many more may be sent now: no minute has more than the endpoint takes."""
        self._forget_old()
        return self.lane.rate_per_minute - len(self.sent_at_s)

    def _wait_for_rate_s(self) -> float:
        self._forget_old()
        if len(self.sent_at_s) < self.lane.rate_per_minute:
            return 0.0
        return self.sent_at_s[0] + MINUTE_S - time.monotonic()

    def _forget_old(self) -> None:
        oldest_s = time.monotonic() - MINUTE_S
        while self.sent_at_s and self.sent_at_s[0] <= oldest_s:
            self.sent_at_s.popleft()
