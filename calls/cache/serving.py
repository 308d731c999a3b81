"""One before-action of one call, with its cache: a kept result, or the work, or an old result instead of a failure."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts.models import Account
from actions.before_call import CacheSettings
from actions.contract import JSON, Deadline
from actions.releases import Plan, PlannedAction, PlannedBefore
from calls.cache import flights, keys, usage
from calls.cache import live as live_decisions
from calls.cache.entries import Entry
from calls.cache.flights import Flight, Landed
from calls.cache.stores import LEASE_S, Slot, store
from calls.contexts import context_of, known_for
from calls.models import Call, Run, RunSource, RunState
from calls.runner import RunReport, apology, run_action
from calls.timing import part

POLL_S = 0.03
"""How often a process looks whether another one has the result."""


@dataclass(frozen=True, slots=True)
class Served:
    """A run's report, where its result comes from, and what the record says of the way there."""

    report: RunReport
    source: RunSource = RunSource.ACTION
    trace: list[dict[str, JSON]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def is_cached(account: Account, action: PlannedAction) -> bool:
    """Platform staff let the account, and its editors let the action."""
    return account.before_call_cache and action.before is not None and action.before.settings.cache is not None


async def serve(call: Call, plan: Plan, action: PlannedAction, run: Run, deadline: Deadline) -> Served | None:
    """Of an action that :func:`is_cached`. None: this call goes without the cache."""
    with part("cache"):
        asked = await _Asked.of(call, plan, action, run)
        if asked is None:
            return None
        kept = await store().get(asked.slot)
    now = live_decisions.now()
    if kept is not None and kept.is_fresh(now):
        if asked.cache.refresh_ahead and kept.is_ending(now):
            flights.begin_unattended(asked.slot, lambda flight: asked.make(flight, kept))
        return asked.found(kept, RunSource.CACHE)
    flight, is_first = flights.join(asked.slot, lambda flight: asked.make(flight, kept))
    landed = await flight.landed(deadline)
    served = asked.made(flight, landed, is_first=is_first)
    if served.report.state == RunState.FAILED and kept is not None and kept.is_kept(live_decisions.now()):
        return asked.found(kept, RunSource.STALE, served.report.error_message)
    return served


@dataclass(slots=True)
class _Asked:
    """What one call asks of the cache."""

    call: Call
    plan: Plan
    action: PlannedAction
    before: PlannedBefore
    cache: CacheSettings
    run: Run
    slot: Slot
    shown: dict[str, JSON]
    """The key as people may see it."""
    began_at: datetime = field(default_factory=timezone.now)
    began_s: float = field(default_factory=time.perf_counter)

    @classmethod
    async def of(cls, call: Call, plan: Plan, action: PlannedAction, run: Run) -> _Asked | None:
        before = action.before
        assert before is not None, "the action is cached"
        cache = before.settings.cache
        assert cache is not None, "the action is cached"
        live = await live_decisions.live_of(call.account_id)
        if live.is_paused(before.action_id):
            return None
        key = keys.key_of(call, plan, before)
        if key is None:
            usage.note(call.account_id, before.action_id, "skipped")
            return None
        generation = live.generation_of(before.action_id)
        slot = Slot(call.account_id, before.action_id, generation, live.version, key.name, key.number)
        shown = {path: keys.masked(path, value) for path, value in zip(cache.keys, key.values, strict=True)}
        return cls(call, plan, action, before, cache, run, slot, shown)

    # --- what was kept ------------------------------------------------------------------------------

    def found(self, entry: Entry, source: RunSource, instead_of: str = "") -> Served:
        """``instead_of``: the error that an old result stands in for."""
        report = RunReport(RunState.SUCCEEDED, self.began_at, self._took_ms(), entry.outcome)
        age_s = round(max(0.0, live_decisions.now() - entry.made_at))
        saved_ms = entry.cost_ms - report.duration_ms if source == RunSource.CACHE else 0.0
        warnings = []
        if instead_of:
            with override(self.plan.agent.language):
                text = _("A kept result of %(age)d s ago stands in for a failure: %(error)s")
                warnings = [text % {"age": age_s, "error": instead_of}]
        step = self._step(source, {"age_s": age_s})
        self._note("hits" if source == RunSource.CACHE else "stale", saved_ms)
        return Served(report, source, [step], warnings)

    # --- what is made -------------------------------------------------------------------------------

    async def make(self, flight: Flight, known: Entry | None) -> None:
        """The work itself, in the flight's own task; nothing is made that another process makes meanwhile."""
        token = uuid.uuid4().hex
        while not await store().claim(self.slot, token):
            await asyncio.sleep(POLL_S)
            if (
                self._lands_elsewhere(flight, known, await store().get(self.slot, anew=True))
                or not flight.deadline.remaining_s()
            ):
                return
        async with self._leased(token):
            if self._lands_elsewhere(flight, known, await store().get(self.slot, anew=True)):
                return
            limit = flight.deadline
            context = context_of(
                self.call, self.plan, self.run, limit, await known_for(self.call, self.plan, self.action)
            )
            flight.context = context
            report = await run_action(self.action, context, {})
            flight.came_to = Landed(report=report)
            if report.state == RunState.SUCCEEDED and not report.outcome.fail_over:
                await store().put(self.slot, self._entry(report))

    def _lands_elsewhere(self, flight: Flight, known: Entry | None, entry: Entry | None) -> bool:
        is_new = entry is not None and (known is None or entry.made_at > known.made_at)
        if entry is None or not is_new or not entry.is_fresh(live_decisions.now()):
            return False
        flight.came_to = Landed(entry=entry)
        return True

    @asynccontextmanager
    async def _leased(self, token: str) -> AsyncIterator[None]:
        """Others see that somebody is at it, as long as this process lives."""

        async def renew() -> None:
            while True:
                await asyncio.sleep(LEASE_S / 3)
                await store().renew(self.slot, token)

        renewing = asyncio.create_task(renew())
        try:
            yield
        finally:
            renewing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await renewing
            await store().release(self.slot, token)

    def _entry(self, report: RunReport) -> Entry:
        now = live_decisions.now()
        fresh_until = now + self.cache.ttl_s
        return Entry(
            variables=report.outcome.variables,
            agent_configuration=report.outcome.agent_configuration,
            made_at=now,
            fresh_until=fresh_until,
            kept_until=fresh_until + self.cache.stale_s,
            cost_ms=report.duration_ms,
        )

    def made(self, flight: Flight, landed: Landed | None, *, is_first: bool) -> Served:
        if landed is not None and landed.entry is not None:
            report = RunReport(RunState.SUCCEEDED, self.began_at, self._took_ms(), landed.entry.outcome)
            return self._shared(report)
        if landed is None or landed.report is None:
            report = self._too_slow()
        else:
            report = dataclasses.replace(landed.report, started_at=self.began_at, duration_ms=self._took_ms())
        if not is_first and report.state != RunState.FAILED:
            return self._shared(report)
        self._note("misses")
        context = flight.context if is_first else None
        trace = [self._step(RunSource.ACTION, {}), *(context.trace if context else ())]
        return Served(report, RunSource.ACTION, trace, list(context.warnings) if context else [])

    def _shared(self, report: RunReport) -> Served:
        self._note("shared")
        return Served(report, RunSource.SHARED, [self._step(RunSource.SHARED, {})])

    def _too_slow(self) -> RunReport:
        language = self.plan.agent.language
        with override(language):
            message = _("The action did not finish in time.")
        return RunReport(
            RunState.FAILED,
            self.began_at,
            self._took_ms(),
            error_code="timed_out",
            error_message=message,
            spoken=apology(language),
        )

    # --- what is said of it -------------------------------------------------------------------------

    def _took_ms(self) -> float:
        return round((time.perf_counter() - self.began_s) * 1000, 3)

    def _note(self, result: usage.Result, saved_ms: float = 0.0) -> None:
        usage.note(
            self.slot.account_id, self.slot.action_id, result, saved_ms=saved_ms, key=self.shown, name=self.slot.name
        )

    def _step(self, source: RunSource, more: dict[str, JSON]) -> dict[str, JSON]:
        """What the run's steps say of the cache."""
        with override(self.plan.agent.language):
            title = _("Before-call cache")
        words = {RunSource.ACTION: "miss", RunSource.CACHE: "hit"}
        return {
            "node": "cache",
            "title": title,
            "kind": "cache",
            "state": "succeeded",
            "duration_ms": self._took_ms(),
            "branch": None,
            "input": {"key": self.shown},
            "output": {"result": words.get(source, source.value), **more},
            "error": None,
        }
