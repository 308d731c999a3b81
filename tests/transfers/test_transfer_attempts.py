"""What became of a transfer: every outcome, and no order of events in which it goes backwards or claims too much."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.contract import CallContext, CallEvent, Outcome
from actions.directives import Transfer
from actions.registry import kinds
from transfers.attempts import (
    GRACE_S,
    OUTCOMES,
    UNANSWERED,
    UNDER_WAY,
    Attempt,
    Hunt,
    Report,
    Target,
    hunt_of,
    report_of,
    told,
)
from transfers.choices import Choice
from transfers.params import TransferParams

KIND = kinds.get("transfer")
MakeContext = Callable[..., CallContext]
AT = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
CHOICES = tuple(
    Choice(name=name, value=f"+3319900001{number}", description=name)
    for number, name in enumerate(("Support", "Sales", "Night"))
)
FAILURES = sorted(UNANSWERED)


def target(number: int, ring_time_s: int = 20) -> Target:
    choice = CHOICES[number]
    return Target(name=choice.name, type="number", value=choice.value, ring_time_s=ring_time_s)


def hunt(*, rings: int = 1, rest: int = 2, total: int | None = 60) -> Hunt:
    destinations = tuple(target(number) for number in range(rings))
    first = Attempt(attempt=1, destinations=destinations, ring_time_s=20, requested_at=AT)
    following = tuple(target(number) for number in range(rings, rings + rest))
    return Hunt(attempts=(first,), rest=following, total_ring_time_s=total)


def after(hunt: Hunt, *reports: Report | str, seconds: float = 1) -> Hunt:
    for number, report in enumerate(reports, start=1):
        report = Report(report) if isinstance(report, str) else report  # type: ignore[arg-type]
        hunt = told(hunt, report, AT + timedelta(seconds=number * seconds)).hunt
    return hunt


# --- one attempt ----------------------------------------------------------------------------------


@pytest.mark.parametrize("outcome", [*FAILURES, "bridged", "caller_hung_up", "cancelled"])
@pytest.mark.parametrize("rang", [True, False])
def test_every_final_outcome_is_kept_with_its_time(outcome: str, rang: bool) -> None:
    ended = after(hunt(rest=0), *(["ringing"] if rang else []), outcome).current
    assert ended.outcome == outcome
    assert (ended.ringing_at is not None) == rang
    assert ended.ended_at is not None


@pytest.mark.parametrize(
    ("code", "rang", "outcome"),
    [
        (486, True, "busy"),
        (600, False, "busy"),
        (603, True, "rejected"),
        (480, True, "no_answer"),
        (480, False, "unreachable"),
        (408, True, "no_answer"),
        (408, False, "unreachable"),
        (487, True, "no_answer"),
        (404, False, "unreachable"),
        (503, True, "failed"),
        (None, True, "failed"),
    ],
)
def test_a_bare_failure_is_told_by_its_sip_code(code: int | None, rang: bool, outcome: str) -> None:
    ended = after(hunt(rest=0), *(["ringing"] if rang else []), Report("failed", sip_code=code)).current
    assert (ended.outcome, ended.sip_code) == (outcome, code)


def test_a_named_outcome_counts_more_than_the_code() -> None:
    assert after(hunt(rest=0), Report("busy", sip_code=603)).status == "busy"


@pytest.mark.parametrize(("given", "kept"), [(503, 503), ("503", None), (200, None), (None, None), (True, None)])
def test_only_a_final_sip_answer_is_a_code(given: object, kept: int | None) -> None:
    report = report_of(CallEvent("transfer.failed", {"sip_code": given}))
    assert report is not None
    assert report.sip_code == kept


@pytest.mark.parametrize("event", ["transfer.exploded", "transfer.", "transfer", "no_answer", "call.no_answer", ""])
def test_other_events_mean_nothing_to_it(event: str) -> None:
    assert report_of(CallEvent(event, {})) is None


# --- one after the other --------------------------------------------------------------------------


@pytest.mark.parametrize("failure", FAILURES)
def test_after_a_failure_the_next_is_rung(failure: str) -> None:
    step = told(hunt(), Report(failure), AT + timedelta(seconds=3))  # type: ignore[arg-type]
    assert step.has_next
    assert (step.hunt.status, step.hunt.current.attempt) == ("requested", 2)
    assert step.hunt.current.destinations == (target(1),)
    assert step.hunt.rest == (target(2),)


@pytest.mark.parametrize("end", ["bridged", "caller_hung_up", "cancelled"])
def test_after_these_nobody_else_is_rung(end: str) -> None:
    ended = after(hunt(), end)
    assert (ended.status, len(ended.attempts), len(ended.rest)) == (end, 1, 2)


def test_after_the_last_the_agent_has_the_caller_back() -> None:
    ended = after(hunt(), "no_answer", "busy", Report("failed", sip_code=503))
    assert [attempt.outcome for attempt in ended.attempts] == ["no_answer", "busy", "failed"]
    assert not ended.current.is_under_way


def test_what_is_left_of_the_overall_limit_caps_the_ring_time() -> None:
    step = told(hunt(total=30), Report("no_answer"), AT + timedelta(seconds=18.5))
    assert step.hunt.current.ring_time_s == 11


def test_with_too_little_time_left_nobody_else_is_rung() -> None:
    step = told(hunt(total=24), Report("no_answer"), AT + timedelta(seconds=20))
    assert not step.has_next
    assert (step.hunt.status, len(step.hunt.rest)) == ("no_answer", 2)


def test_a_report_long_after_the_ring_time_orders_nothing_more() -> None:
    step = told(hunt(total=None), Report("no_answer"), AT + timedelta(seconds=20 + GRACE_S + 1))
    assert (step.has_changed, step.has_next) == (True, False)


def test_late_news_of_the_first_attempt_does_not_touch_the_second() -> None:
    second = after(hunt(), Report("no_answer", attempt=1))
    for late in ("no_answer", "busy", "ringing", "bridged", "cancelled"):
        assert after(second, Report(late, attempt=1)) == second  # type: ignore[arg-type]


def test_news_of_an_attempt_that_was_never_ordered_is_nothing() -> None:
    assert after(hunt(), Report("bridged", attempt=7)) == hunt()


def test_a_destination_of_an_earlier_attempt_tells_late_news_too() -> None:
    second = after(hunt(), "no_answer")
    assert after(second, Report("no_answer", destination=CHOICES[0].value)) == second
    assert after(second, Report("busy", destination=CHOICES[1].value)).attempts[1].outcome == "busy"


def test_a_caller_who_hangs_up_ends_whatever_rings() -> None:
    ended = after(hunt(), Report("no_answer"), Report("caller_hung_up", attempt=1))
    assert [attempt.outcome for attempt in ended.attempts] == ["no_answer", "caller_hung_up"]


# --- all together ---------------------------------------------------------------------------------


def test_one_of_several_may_give_up_while_the_others_ring() -> None:
    ringing = after(hunt(rings=3, rest=0), "ringing", Report("busy", destination=CHOICES[0].value))
    assert (ringing.status, ringing.current.out) == ("ringing", {CHOICES[0].value: "busy"})
    taken = after(ringing, Report("bridged", destination=CHOICES[2].value))
    assert (taken.status, taken.current.answered) == ("bridged", CHOICES[2].value)


def test_when_the_last_of_several_gives_up_all_have() -> None:
    reports = [Report("busy", destination=CHOICES[0].value), Report("no_answer", destination=CHOICES[1].value)]
    assert after(hunt(rings=2, rest=0), *reports).status == "no_answer"
    assert after(hunt(rings=2, rest=0), *reversed(reports)).status == "no_answer"


# --- any order ------------------------------------------------------------------------------------

REPORTS = st.builds(
    Report,
    outcome=st.sampled_from(OUTCOMES),
    attempt=st.none() | st.integers(-1, 5),
    sip_code=st.none() | st.sampled_from([404, 408, 480, 486, 487, 503, 603]),
    destination=st.sampled_from(["", "elsewhere", *(choice.value for choice in CHOICES)]),
)


@given(
    start=st.builds(hunt, rings=st.integers(1, 3), rest=st.just(0)) | st.builds(hunt, rest=st.integers(0, 2)),
    reports=st.lists(st.tuples(REPORTS, st.floats(0, 90)), max_size=14),
)
def test_no_order_of_reports_goes_backwards_or_claims_a_connection(
    start: Hunt, reports: list[tuple[Report, float]]
) -> None:
    now = start
    for report, seconds in reports:
        step = told(now, report, AT + timedelta(seconds=seconds))
        then = step.hunt
        assert step.has_changed or then == now
        assert then.attempts[: len(now.attempts) - 1] == now.attempts[:-1]
        same = then.attempts[len(now.attempts) - 1]
        if not now.current.is_under_way:
            assert then == now
        if now.current.outcome == "ringing":
            assert same.outcome != "requested"
        assert sum(attempt.outcome in UNDER_WAY for attempt in then.attempts) <= 1
        if then.status == "bridged" and now.status != "bridged":
            assert report.outcome == "bridged"
        assert step.has_next == (len(then.attempts) > len(now.attempts))
        assert hunt_of(then.model_dump(mode="json")) == then
        now = then


# --- in words -------------------------------------------------------------------------------------


async def started(context: CallContext, **fields: Any) -> CallContext:
    """The context of the run's events: it remembers what the run did."""
    params = TransferParams(**{"destinations": CHOICES, "strategy": "in_order", **fields})
    context.progress = (await KIND.run(params, context, {})).progress
    return context


def observe(context: CallContext, event: str, params: dict[str, Any] | None = None, **data: Any) -> Outcome:
    fields = TransferParams(**{"destinations": CHOICES, "strategy": "in_order", **(params or {})})
    outcome = KIND.observe(fields, context, CallEvent(f"transfer.{event}", data))
    assert outcome is not None
    if outcome.progress is not None:
        context.progress = outcome.progress
    return outcome


async def test_a_hunt_from_the_first_to_the_last_in_words(context_with: MakeContext) -> None:
    context = await started(context_with())
    assert observe(context, "ringing").result["message"] == "Support is ringing. The caller is not connected yet."
    second = observe(context, "no_answer", attempt=1)
    (directive,) = second.directives
    assert isinstance(directive, Transfer)
    assert (directive.attempt, directive.destinations[0].value) == (2, CHOICES[1].value)
    assert second.result["message"] == (
        "Support: nobody answered within 20 seconds. Sales is being rung; nobody has answered yet. "
        "If nobody answers within 20 seconds, Night is rung next."
    )
    third = observe(context, "failed", attempt=2, sip_code=486)
    assert third.result["status"] == "requested"
    failure_texts = {"en": "I am sorry, nobody is free."}
    last = observe(context, "failed", {"failure_texts": failure_texts}, attempt=3, sip_code=503)
    assert last.directives == ()
    assert last.result["status"] == "failed"
    assert last.result["say"] == "I am sorry, nobody is free."
    assert last.result["attempts"] == [
        {"destination": "Support", "outcome": "no_answer"},
        {"destination": "Sales", "outcome": "busy", "sip_code": 486},
        {"destination": "Night", "outcome": "failed", "sip_code": 503},
    ]
    assert last.result["message"] == (
        "Support: nobody answered within 20 seconds. Sales: busy. "
        "Night: could not be rung, for a technical reason. "
        "The caller is with you again: say so, and offer another way. "
        "Tell the caller: “I am sorry, nobody is free.”"
    )


async def test_every_attempt_goes_out_with_the_same_headers_and_briefing(context_with: MakeContext) -> None:
    fields = {"sip_headers": {"X-Id": "{{ id }}"}, "mode": "warm_spoken", "summary": "{{ id }} rings"}
    context = await started(context_with({"id": 7}), **fields)
    (directive,) = observe(context, "busy", fields).directives
    assert isinstance(directive, Transfer)
    assert (directive.sip_headers, directive.mode) == ({"X-Id": "7"}, "warm")
    assert directive.briefing is not None
    assert directive.briefing.text == "7 rings"


@pytest.mark.parametrize("status", ["ringing", "requested", *FAILURES, "caller_hung_up", "cancelled"])
@pytest.mark.parametrize("strategy", ["choice", "in_order", "together"])
async def test_nothing_but_bridged_claims_a_connection(context_with: MakeContext, status: str, strategy: str) -> None:
    fields: dict[str, Any] = {"strategy": strategy}
    if strategy == "choice":
        fields["destinations"] = CHOICES[:1]
    context = await started(context_with(), **fields)
    message = observe(context, status, fields).result["message"]
    assert "transferred" not in message.replace("is being transferred", "")
    assert "is connected" not in message


async def test_busy_after_bridged_leaves_the_truth(context_with: MakeContext) -> None:
    context = await started(context_with())
    observe(context, "bridged")
    late = observe(context, "busy")
    assert (late.result["status"], late.result["ignored"], late.directives) == ("bridged", True, ())
    assert late.progress is None


async def test_an_event_about_a_run_that_ordered_nothing_is_none_of_its_business(context_with: MakeContext) -> None:
    context = context_with()
    context.progress = {"status": "closed"}
    params = TransferParams(destinations=CHOICES)
    assert KIND.observe(params, context, CallEvent("transfer.busy", {})) is None


async def test_it_speaks_french_to_a_french_agent(context_with: MakeContext) -> None:
    context = await started(context_with(language="fr"))
    assert "rung" not in observe(context, "busy").result["message"]
