"""The before-call cache, embedded: what is reused, for whom, for how long, and what is never."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Any

import pytest
import time_machine
from asgiref.sync import async_to_sync
from django.utils import timezone
from django_scopes import scope

from accounts.models import Account
from actions.contract import ActionError, Outcome
from actions.models import Agent
from actions.releases import publish
from calls.cache import emptying, flights, live, stores, usage
from calls.cache.closing import close_cache
from calls.cache.rows import CacheEntry, CacheUsage
from calls.models import Call, Run
from tests.support.cached import CALLER, OTHER, Counting, before_action, begin, calls, sources

DOWN = ActionError("The CRM said 500.", code="upstream_error")


def test_the_second_call_with_the_same_key_gets_what_the_first_got(cached_agent: Agent, before_with: Any) -> None:
    work = Counting()
    before_with(before_action(work, cache={}))
    answers = calls(cached_agent, {}, {}, {"from_number": OTHER})
    assert [answer["parameters"]["n"] for answer in answers] == [1, 1, 2]
    assert answers[1]["agent_configuration"] == {"voice": "calm"}
    assert sources(answers) == ["action", "cache", "action"]
    run = Run.objects.filter(source="cache").get()
    assert (run.state, run.variables, run.trace[0]["output"]["result"]) == ("succeeded", {"n": 1}, "hit")
    # And in the next process, which shares the table only.
    assert sources(calls(cached_agent, {})) == ["cache"]
    assert work.count == 2


def test_no_number_stands_in_what_is_kept_or_shown(cached_agent: Agent, before_with: Any) -> None:
    before_with(before_action(Counting(), cache={"keys": ("from", "context.name")}))
    answers = calls(cached_agent, {"context": {"name": "Dupont"}})
    entry = CacheEntry.objects.get()
    shown = str([entry.__dict__, CacheUsage.objects.get().__dict__, Run.objects.get().trace])
    assert "39980001" not in shown
    assert "Dupont" not in shown
    assert answers[0]["parameters"]["name"] == "Dupont"


def test_without_the_accounts_feature_nothing_is_reused(cached_agent: Agent, before_with: Any) -> None:
    cached_agent.account.before_call_cache = False
    work = Counting()
    before_with(before_action(work, cache={}))
    assert sources(calls(cached_agent, {}, {})) == ["action", "action"]
    assert CacheEntry.objects.count() == 0


@pytest.mark.parametrize("life_s", [300, 604_800])
def test_a_result_lives_as_long_as_was_said_and_no_longer(cached_agent: Agent, before_with: Any, life_s: int) -> None:
    work = Counting()
    before_with(before_action(work, cache={"ttl_s": life_s}))
    with time_machine.travel(timezone.now(), tick=False) as clock:
        assert sources(calls(cached_agent, {})) == ["action"]
        clock.shift(life_s - 1)
        live.forget()
        assert sources(calls(cached_agent, {})) == ["cache"]
        clock.shift(1)
        assert sources(calls(cached_agent, {})) == ["action"]


@pytest.mark.parametrize("life_s", [299, 604_801])
def test_a_life_time_outside_the_bounds_is_refused(life_s: int) -> None:
    with pytest.raises(ValueError, match="ttl_s"):
        before_action(Counting(), cache={"ttl_s": life_s})


def test_another_release_content_or_action_is_another_key(cached_agent: Agent, before_with: Any) -> None:
    work = Counting()
    for action_id, digest in ((7, "one"), (7, "two"), (8, "one")):
        before_with(before_action(work, cache={}, action_id=action_id, digest=digest))
        assert sources(calls(cached_agent, {})) == ["action"]
    before_with(before_action(work, cache={}))
    assert sources(calls(cached_agent, {})) == ["cache"]


def test_another_account_never_gets_it(cached_agent: Agent, other_account: Account, before_with: Any) -> None:
    before_with(before_action(Counting(), cache={}))
    calls(cached_agent, {})
    other_account.before_call_cache = True
    other_account.save()
    with scope(account=other_account):
        other = Agent.objects.create(account=other_account, name="Accueil", slug="accueil")
        publish(other)
        assert sources(calls(other, {})) == ["action"]


def test_failures_and_fail_overs_are_not_kept(cached_agent: Agent, before_with: Any) -> None:
    work = Counting()
    work.failing = DOWN
    before_with(before_action(work, cache={}, defaults={"n": 0}))
    answers = calls(cached_agent, {}, {})
    assert [answer["parameters"] for answer in answers] == [{"n": 0}, {"n": 0}]
    assert sources(answers) == ["defaults", "defaults"]

    async def refuse(context: object) -> Outcome:
        return Outcome(fail_over="Not now")

    before_with(before_action(refuse, cache={}))
    calls(cached_agent, {}, {})
    assert not CacheEntry.objects.exclude(value="").exists()


def test_an_old_result_stands_in_for_a_failure_for_as_long_as_was_said(cached_agent: Agent, before_with: Any) -> None:
    work = Counting()
    before_with(before_action(work, cache={"ttl_s": 300, "stale_s": 600}))
    with time_machine.travel(timezone.now(), tick=False) as clock:
        calls(cached_agent, {})
        work.failing = DOWN
        clock.shift(300 + 599)
        (answer,) = calls(cached_agent, {})
        assert (answer["parameters"], sources([answer])) == ({"n": 1}, ["stale"])
        assert "The CRM said 500." in answer["runs"][0]["warnings"][0]
        clock.shift(1)
        (answer,) = calls(cached_agent, {})
        assert (answer["parameters"], answer["runs"][0]["state"]) == ({}, "failed")


def test_a_result_near_its_end_is_made_anew_while_nobody_waits(cached_agent: Agent, before_with: Any) -> None:
    work = Counting()
    before_with(before_action(work, cache={"ttl_s": 300, "refresh_ahead": True}))
    with time_machine.travel(timezone.now(), tick=False) as clock:
        calls(cached_agent, {})
        clock.shift(269)
        assert sources(calls(cached_agent, {})) == ["cache"]
        clock.shift(2)

        async def play() -> tuple[Any, Any]:
            first = await begin(cached_agent)
            while work.count < 2 or next(iter(flights._flights.values()), None):
                await asyncio.sleep(0.01)
            second = await begin(cached_agent)
            await close_cache()
            return first, second

        first, second = async_to_sync(play)()
        assert (first["parameters"], second["parameters"]) == ({"n": 1}, {"n": 2})
        assert sources([first, second]) == ["cache", "cache"]


@pytest.mark.parametrize(
    ("if_missing", "expected"),
    [("skip", ["action", "action"]), ("empty", ["action", "cache"]), ("default", ["action", "cache"])],
)
def test_a_path_that_finds_nothing_does_what_was_declared(
    cached_agent: Agent, before_with: Any, if_missing: str, expected: list[str]
) -> None:
    before_with(before_action(Counting(), cache={"keys": ("context.id",), "if_missing": if_missing, "default": "x"}))
    assert sources(calls(cached_agent, {}, {})) == expected
    given = {"context": {"id": "x" if if_missing == "default" else ""}}
    assert sources(calls(cached_agent, given)) == (["cache"] if if_missing != "skip" else ["action"])


def test_sip_headers_are_found_however_they_are_spelt(cached_agent: Agent, before_with: Any) -> None:
    before_with(before_action(Counting(), cache={"keys": ('$.sip_headers["x-tenant"]',)}))
    spelt = [{"sip_headers": {name: "7"}} for name in ("X-Tenant", "x-TENANT")]
    assert sources(calls(cached_agent, *spelt)) == ["action", "cache"]


# --- once for many ---


def test_calls_at_once_with_one_key_run_the_workflow_once(cached_agent: Agent, before_with: Any) -> None:
    work = Counting()
    work.during = lambda: asyncio.sleep(0.2)
    before_with(before_action(work, cache={}))
    answers = calls(cached_agent, *[{}] * 20, at_once=True)
    assert work.count == 1
    assert sorted(sources(answers)) == ["action", *["shared"] * 19]
    assert {answer["parameters"]["n"] for answer in answers} == {1}


def test_a_call_without_time_goes_on_and_the_work_ends_for_the_next(cached_agent: Agent, before_with: Any) -> None:
    work, let_go = Counting(), asyncio.Event()
    work.during = let_go.wait  # type: ignore[assignment]
    before_with(before_action(work, cache={}, defaults={"n": 0}))

    async def play() -> list[dict[str, Any]]:
        late = await begin(cached_agent, budget_ms=300)
        let_go.set()
        while next(iter(flights._flights.values()), None):
            await asyncio.sleep(0.01)
        next_one = await begin(cached_agent)
        await close_cache()
        return [late, next_one]

    late, next_one = async_to_sync(play)()
    assert (late["parameters"], late["runs"][0]["error"]["code"]) == ({"n": 0}, "timed_out")
    assert (next_one["parameters"], sources([next_one])) == ({"n": 1}, ["cache"])


def test_what_nobody_waits_for_is_bounded(
    cached_agent: Agent, before_with: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flights, "MOST_UNATTENDED", 2)
    work = Counting()
    work.during = lambda: asyncio.sleep(60)
    before_with(before_action(work, cache={}))

    async def play() -> int:
        await asyncio.gather(*(begin(cached_agent, budget_ms=300, from_number=f"+3363998000{n}") for n in range(6)))
        await asyncio.sleep(0.05)
        (flying,) = flights._flights.values()
        left = len(flying)
        await close_cache()
        return left

    assert async_to_sync(play)() == 2


# --- emptying ---


def test_emptied_is_emptied_and_erased(cached_agent: Agent, before_with: Any) -> None:
    account_id = cached_agent.account_id
    before_with(before_action(Counting(), cache={}))
    for empty in (
        lambda: emptying.empty_account(account_id),
        lambda: emptying.empty_action(account_id, 7),
        lambda: emptying.forget_number(account_id, CALLER),
        lambda: emptying.forget_name(account_id, 7, CacheEntry.objects.get().name),
    ):
        ForgottenNow.clear()
        calls(cached_agent, {})
        assert emptying.kept_of(account_id, 7).count == 1
        assert sources(calls(cached_agent, {})) == ["cache"]
        empty()
        assert emptying.kept_of(account_id, 7).count == 0
        emptying.sweep()
        assert CacheEntry.objects.count() == 0
        assert sources(calls(cached_agent, {})) == ["action"]
        ForgottenNow.clear()
        emptying.empty_account(account_id)
        emptying.sweep()


class ForgottenNow:
    """As if a minute had gone by since a number was forgotten."""

    @staticmethod
    def clear() -> None:
        from calls.cache.rows import ForgottenNumber

        ForgottenNumber.objects.all().delete()


def test_a_result_in_the_making_is_not_kept_once_its_number_is_forgotten(cached_agent: Agent, before_with: Any) -> None:
    work = Counting()

    async def forget() -> None:
        from accounts.database import in_database

        await in_database(emptying.forget_number)(cached_agent.account_id, "+33 6 39 98 00 01")

    work.during = forget
    before_with(before_action(work, cache={}))
    assert sources(calls(cached_agent, {})) == ["action"]
    assert not CacheEntry.objects.exclude(value="").exists()


def test_another_process_hears_of_it_within_a_second(cached_agent: Agent, before_with: Any) -> None:
    before_with(before_action(Counting(), cache={}))

    async def play() -> list[dict[str, Any]]:
        answers = [await begin(cached_agent), await begin(cached_agent)]
        known = live._known._entries.copy()
        from accounts.database import in_database

        await in_database(emptying.empty_action)(cached_agent.account_id, 7)
        # This process has not heard of it yet.
        live._known._entries.update(known)
        answers.append(await begin(cached_agent))
        await asyncio.sleep(live.KNOWN_FOR_S + live.GRACE_S + 0.1)
        answers.append(await begin(cached_agent))
        await close_cache()
        return answers

    assert sources(async_to_sync(play)()) == ["action", "cache", "cache", "action"]


def test_a_paused_action_runs_as_if_it_had_no_cache(cached_agent: Agent, before_with: Any) -> None:
    before_with(before_action(Counting(), cache={}))
    calls(cached_agent, {})
    live.pause(cached_agent.account_id, 7, paused=True)
    assert sources(calls(cached_agent, {})) == ["action"]
    live.pause(cached_agent.account_id, 7, paused=False)
    assert sources(calls(cached_agent, {})) == ["cache"]


def test_the_table_is_bounded(cached_agent: Agent, before_with: Any, settings: Any) -> None:
    before_with(before_action(Counting(), cache={}))
    calls(cached_agent, *({"from_number": f"+3363998{n:04d}"} for n in range(20)))
    settings.BEFORE_CACHE_MAX_ENTRIES = 5
    emptying.sweep()
    assert CacheEntry.objects.count() <= 5
    settings.BEFORE_CACHE_MAX_BYTES = 1
    emptying.sweep()
    assert CacheEntry.objects.count() == 0
    CacheEntry.objects.all().delete()


def test_use_is_counted(cached_agent: Agent, before_with: Any) -> None:
    work = Counting()
    work.during = lambda: asyncio.sleep(0.05)
    before_with(before_action(work, cache={"keys": ("from", "context.id")}))
    calls(cached_agent, {"context": {"id": 1}}, {"context": {"id": 1}}, {})
    use = CacheUsage.objects.get()
    assert (use.hits, use.misses, use.skipped, use.shared, use.stale) == (1, 1, 1, 0, 0)
    assert use.saved_ms > 10
    assert [each["result"] for each in use.recent] == ["skipped", "hits", "misses"]
    assert use.recent[1]["key"]["from"].startswith("+336…01 #")


def test_a_large_result_is_not_kept(cached_agent: Agent, before_with: Any) -> None:
    async def much(context: object) -> Outcome:
        return Outcome(variables={"text": "x" * 300_000})

    before_with(before_action(much, cache={}))
    assert sources(calls(cached_agent, {}, {})) == ["action", "action"]


def test_memory_is_bounded_in_number_and_size() -> None:
    from calls.cache.embedded import Memory
    from calls.cache.entries import Entry

    memory = Memory(most=3, most_bytes=10_000)

    def slot(n: int) -> stores.Slot:
        return stores.Slot(1, 7, "0.0", 0, str(n), "")

    def entry(size: int) -> Entry:
        return Entry({}, None, 0, 1, 1, 1, size=size)

    for n in range(5):
        memory.put(slot(n), entry(100))
    assert len(memory) == 3
    assert memory.get(slot(0)) is None
    memory.put(slot(9), entry(9_000))
    assert len(memory) == 1


def test_lost_figures_harm_no_call(cached_agent: Agent, before_with: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.db import DatabaseError

    def refuse(counted: object) -> None:
        raise DatabaseError

    monkeypatch.setattr(usage, "_write", refuse)
    before_with(before_action(Counting(), cache={}))
    assert sources(calls(cached_agent, {}, {})) == ["action", "cache"]


def test_an_unreadable_result_is_made_again(cached_agent: Agent, before_with: Any) -> None:
    before_with(before_action(Counting(), cache={}))
    calls(cached_agent, {})
    CacheEntry.objects.update(value="not sealed by us")
    assert sources(calls(cached_agent, {})) == ["action"]
    assert Call.objects.count() == 2
    assert dt.timedelta(0) < CacheEntry.objects.get().kept_until - timezone.now()
