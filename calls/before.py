"""Before the call: its actions, one after the other under one deadline, and the answer that the runtime waits for.

Both ways in (``calls.lifecycle``, ``calls.hot``) ask for it here, inside the account's scope, and each stores
what came of it in its own way.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field

from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts.models import Account
from actions.before_call import SIP_URI, FailureSettings
from actions.contract import JSON, Deadline, Moment
from actions.directives import Destination, Directive, HangUp, Say, Transfer
from actions.releases import Plan, PlannedAction
from calls import answers, records
from calls.cache.serving import Served, is_cached, serve
from calls.contexts import context_of, known_for
from calls.facts import opening_soon
from calls.models import Call, Run, RunSource, RunState
from calls.runner import RunReport, run_action

FAIL_OVER_RING_S = 45


@dataclass(slots=True)
class Before:
    """What the before-actions came to. ``fail_over`` is the reason why the agent must not take the call, or ''."""

    runs: list[Run] = field(default_factory=list)
    agent_configuration: dict[str, JSON] = field(default_factory=dict)
    fail_over: str = ""

    @property
    def directives(self) -> list[JSON]:
        """What the runtime must do in place of letting the agent speak."""
        return self.runs[-1].directives if self.fail_over else []


@dataclass(frozen=True, slots=True)
class Answered:
    """``answer`` as the runtime gets it; the rest is stored beside it. Nothing is stored yet."""

    answer: dict[str, JSON]
    runs: list[Run]
    agent_configuration: dict[str, JSON]


async def answer_call(account: Account, call: Call, plan: Plan, deadline: Deadline) -> Answered:
    """Run the before-actions and word the answer. ``call.parameters`` (in memory) are what they made of them."""
    before = await run_before(account, call, plan, deadline)
    answer = answers.begin_answer(
        call,
        plan,
        before.runs,
        parameters=call.parameters,
        agent_configuration=before.agent_configuration,
        fail_over=before.fail_over,
        directives=before.directives,
        opening=await opening_for(call, plan),
    )
    return Answered(answer, before.runs, before.agent_configuration)


async def run_before(account: Account, call: Call, plan: Plan, deadline: Deadline) -> Before:
    """Run one after the other, each seeing what those before it merged into the call's parameters.

    The first that asks for a fail-over is the last that runs. One that stands in for another runs in its place only.
    """
    before = Before()
    actions = plan.of(Moment.BEFORE)
    standing_in = {_failure(action).action for action in actions}
    for action in actions:
        if action.name in standing_in:
            continue
        failed = await _run(before, account, call, plan, action, deadline)
        stand_in = plan.find(Moment.BEFORE, _failure(action).action) if failed else None
        if stand_in is not None:
            await _run(before, account, call, plan, stand_in, deadline)
        if before.fail_over:
            break
    return before


async def opening_for(call: Call, plan: Plan) -> JSON:
    """The name ``open`` as it is now; None where the agent has no opening hours."""
    if plan.agent.opening_hours_id is None:
        return None
    return await opening_soon(plan.agent, call.account_id)


async def _run(
    before: Before, account: Account, call: Call, plan: Plan, action: PlannedAction, deadline: Deadline
) -> bool:
    """Run one, and add what came of it. Returns whether it failed."""
    run = records.new_run(call, action, state=RunState.RUNNING)
    limit = deadline.sooner(action.kind.time_limit_s(action.params))
    served = await serve(call, plan, action, run, limit) if is_cached(account, action) else None
    if served is None:
        served = await _run_now(call, plan, action, run, limit)
    report, source = served.report, served.source
    failed = report.state == RunState.FAILED
    if failed or report.outcome.fail_over:
        _go_by_policy(action, report, plan)
        source = RunSource.DEFAULTS if failed else source
    call.parameters = {**call.parameters, **report.outcome.variables}
    before.agent_configuration.update(report.outcome.agent_configuration or {})
    before.fail_over = report.outcome.fail_over
    records.fill_run(run, report, trace=served.trace, warnings=served.warnings)
    run.source = source
    before.runs.append(run)
    return failed


async def _run_now(call: Call, plan: Plan, action: PlannedAction, run: Run, limit: Deadline) -> Served:
    context = context_of(call, plan, run, limit, await known_for(call, plan, action))
    report = await run_action(action, context, {})
    return Served(report, RunSource.ACTION, context.trace, context.warnings)


def _go_by_policy(action: PlannedAction, report: RunReport, plan: Plan) -> None:
    """The caller is ringing: what the action declares for this case.

    Defaults in any case; besides, a sentence or a transfer, also where the action itself asks not to let the agent
    answer.
    """
    failure = _failure(action)
    if report.state == RunState.FAILED:
        defaults = action.kind.defaults_on_failure(action.params)
        report.outcome = dataclasses.replace(report.outcome, variables=defaults)
    directives = _directives(failure, plan)
    if not directives:
        return
    reason = report.outcome.fail_over or _reason(action, report, plan)
    report.outcome = dataclasses.replace(report.outcome, fail_over=reason, directives=directives)


def _failure(action: PlannedAction) -> FailureSettings:
    return action.before.settings.failure if action.before else FailureSettings()


def _reason(action: PlannedAction, report: RunReport, plan: Plan) -> str:
    with override(plan.agent.language):
        return _("“%(action)s” failed: %(error)s") % {"action": action.name, "error": report.error_message}


def _directives(failure: FailureSettings, plan: Plan) -> tuple[Directive, ...]:
    language = plan.agent.language
    match failure.policy:
        case "say":
            text = failure.texts.get(language) or next(iter(failure.texts.values()), "")
            return (Say(text=text, language=language), HangUp(reason="before_action_failed"))
        case "transfer":
            kind = "sip_uri" if SIP_URI.fullmatch(failure.transfer_to) else "number"
            destination = Destination(type=kind, value=failure.transfer_to)
            return (Transfer(destinations=(destination,), ring_time_s=FAIL_OVER_RING_S),)
    return ()
