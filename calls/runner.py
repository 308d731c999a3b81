"""Runs ONE action: deadline, outcome, errors -> report. The only place where a kind's ``run`` is called."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog
from django.core.serializers.json import DjangoJSONEncoder
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from actions.contract import JSON, ActionError, CallContext, Outcome
from actions.releases import PlannedAction
from actions.storable import storable
from calls.models import RunState

log = structlog.get_logger(__name__)

CANCEL_GRACE_S = 0.02
"""How long a kind may take to notice that its time is over; the call's answer does not wait longer."""

_still_stopping: set[asyncio.Task[Outcome]] = set()


@dataclass(slots=True)
class RunReport:
    """What became of one run; ``permanent`` says that a retry cannot help."""

    state: RunState
    started_at: datetime
    duration_ms: float
    outcome: Outcome = field(default_factory=Outcome)
    error_code: str = ""
    error_message: str = ""
    spoken: str = ""
    permanent: bool = False


async def run_action(action: PlannedAction, context: CallContext, arguments: Mapping[str, JSON]) -> RunReport:
    """Never raises for what an action does: errors, overruns and nonsense end in the report."""
    started_at, started = timezone.now(), time.perf_counter()
    try:
        # Dates, sentences and errors of a run are in the agent's language, whoever asked for it.
        with override(context.agent.language):
            outcome = _fit_to_keep(await _bounded(action, context, arguments))
    except ActionError as error:
        report = RunReport(
            RunState.FAILED,
            started_at,
            0.0,
            error_code=error.code,
            error_message=error.message,
            spoken=error.spoken or "",
            permanent=error.permanent,
        )
    except Exception as error:  # a kind's bug must not take the call down
        log.exception("run_crashed", action=action.name, kind=action.kind.name, error=type(error).__name__)
        report = RunReport(
            RunState.FAILED,
            started_at,
            0.0,
            error_code="internal_error",
            error_message=_("An internal error occurred."),
        )
    else:
        state = RunState.SKIPPED if outcome.skipped else RunState.SUCCEEDED
        report = RunReport(state, started_at, 0.0, outcome)
    report.duration_ms = round((time.perf_counter() - started) * 1000, 3)
    if report.state == RunState.FAILED and not report.spoken:
        report.spoken = _apology(context.agent.language)
    return report


async def _bounded(action: PlannedAction, context: CallContext, arguments: Mapping[str, JSON]) -> Outcome:
    """The outcome, at the deadline at the latest: not even a kind that ignores its cancellation is waited for."""
    remaining_s = context.deadline.remaining_s()
    if remaining_s <= 0:
        raise _timed_out()
    task: asyncio.Task[Outcome] = asyncio.ensure_future(action.kind.run(action.params, context, arguments))
    try:
        done, _pending = await asyncio.wait({task}, timeout=remaining_s)
    except asyncio.CancelledError:
        task.cancel()
        raise
    if done:
        return task.result()
    task.cancel()
    done, _pending = await asyncio.wait({task}, timeout=CANCEL_GRACE_S)
    if not done:
        _still_stopping.add(task)
        task.add_done_callback(_forget)
    elif not task.cancelled():
        # The kind ended in the same instant: an error of its own says more than ours.
        if isinstance(error := task.exception(), ActionError):
            raise error
        if error is None:
            return task.result()
    raise _timed_out()


def _forget(task: asyncio.Task[Outcome]) -> None:
    _still_stopping.discard(task)
    if not task.cancelled() and (error := task.exception()):
        log.warning("run_failed_after_deadline", error=type(error).__name__)


def _timed_out() -> ActionError:
    return ActionError(_("The action did not finish in time."), code="timed_out")


def _fit_to_keep(outcome: Outcome) -> Outcome:
    """Whatever a kind gives back goes into a record and an answer: it must be JSON that a database takes."""
    values: Any = (outcome.result, outcome.variables, outcome.agent_configuration)
    try:
        written = json.dumps(values, cls=DjangoJSONEncoder, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ActionError(_("The action gave back something that is not JSON."), code="bad_result") from error
    if "\\u" not in written:
        return outcome
    return dataclasses.replace(
        outcome,
        result=storable(outcome.result),
        variables=storable(dict(outcome.variables)),
        agent_configuration=storable(outcome.agent_configuration),
    )


def _apology(language: str) -> str:
    with override(language):
        return _("This could not be done just now. Apologise to the caller and offer another way.")
