"""Runs ONE action: deadline, outcome, errors -> report. The only place where a kind's ``run`` is called."""

from __future__ import annotations

import asyncio
import dataclasses
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

import structlog
from django.core.serializers.json import DjangoJSONEncoder
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts.json_values import quickly_written
from actions.contract import JSON, ActionError, CallContext, Deferred, Outcome
from actions.releases import PlannedAction
from actions.storable import storable
from calls.models import RunState
from calls.results import STORED_CHARS, bounded

log = structlog.get_logger(__name__)

CANCEL_GRACE_S = 0.02
"""How long a kind may take to notice that its time is over; the call's answer does not wait longer."""

DEEPEST = 100
"""Levels of lists and objects in what a kind gives back, as in what a request may hold."""

_ENCODER = DjangoJSONEncoder(allow_nan=False)

_still_stopping: set[asyncio.Task[Outcome]] = set()


@dataclass(slots=True)
class RunReport:
    """What became of one run; ``permanent`` says that a retry cannot help, ``retry_after_s`` when it can first.

    ``deferred_until``: it was not due yet, and is put off.
    """

    state: RunState
    started_at: datetime
    duration_ms: float
    outcome: Outcome = field(default_factory=Outcome)
    error_code: str = ""
    error_message: str = ""
    spoken: str = ""
    permanent: bool = False
    retry_after_s: float | None = None
    deferred_until: datetime | None = None


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
            retry_after_s=error.retry_after_s,
        )
    except Deferred as error:
        report = RunReport(
            RunState.FAILED,
            started_at,
            0.0,
            error_code="deferred",
            error_message=error.reason,
            deferred_until=error.until,
        )
    except Exception as error:  # a kind's bug must not take the call down
        # Where, and not with what: an exception's own words may hold whatever the call knows.
        where = "".join(traceback.format_tb(error.__traceback__))
        log.error("run_crashed", action=action.name, kind=action.kind.name, error=type(error).__name__, where=where)
        with override(context.agent.language):
            message = _("An internal error occurred.")
        report = RunReport(RunState.FAILED, started_at, 0.0, error_code="internal_error", error_message=message)
    else:
        state = RunState.SKIPPED if outcome.skipped else RunState.SUCCEEDED
        report = RunReport(state, started_at, 0.0, outcome)
    report.duration_ms = round((time.perf_counter() - started) * 1000, 3)
    if report.state == RunState.FAILED and not report.spoken:
        report.spoken = apology(context.agent.language)
    return report


async def _bounded(action: PlannedAction, context: CallContext, arguments: Mapping[str, JSON]) -> Outcome:
    """The outcome, at the deadline at the latest: not even a kind that ignores its cancellation is waited for."""
    remaining_s = context.deadline.remaining_s()
    if remaining_s <= 0:
        raise _timed_out()
    loop = asyncio.get_running_loop()
    task: asyncio.Task[Outcome] = loop.create_task(action.kind.run(action.params, context, arguments))
    over: asyncio.Future[None] = loop.create_future()
    alarm = loop.call_later(remaining_s, _end, over)
    task.add_done_callback(partial(_end, over))
    try:
        await over
    except asyncio.CancelledError:
        task.cancel()
        raise
    finally:
        alarm.cancel()
    if task.done():
        return task.result()
    task.cancel()
    done, _pending = await asyncio.wait({task}, timeout=CANCEL_GRACE_S)
    if not done:
        _still_stopping.add(task)
        task.add_done_callback(_forget)
    elif not task.cancelled():
        # The kind ended in the same instant: an error of its own says more than ours.
        if isinstance(error := task.exception(), ActionError | Deferred):
            raise error
        if error is None:
            return task.result()
    raise _timed_out()


def _end(over: asyncio.Future[None], _task: asyncio.Task[Outcome] | None = None) -> None:
    if not over.done():
        over.set_result(None)


def _forget(task: asyncio.Task[Outcome]) -> None:
    _still_stopping.discard(task)
    if not task.cancelled() and (error := task.exception()):
        log.warning("run_failed_after_deadline", error=type(error).__name__)


def _timed_out() -> ActionError:
    return ActionError(_("The action did not finish in time."), code="timed_out")


def _fit_to_keep(outcome: Outcome) -> Outcome:
    """Whatever a kind gives back goes into a record and an answer: it must be JSON that a database takes."""
    # Nothing in place of None, which most outcomes hold at these two places.
    shapes = (outcome.agent_configuration or {}, outcome.progress or {})
    values: Any = (outcome.result, outcome.variables, *shapes)
    if _is_plain(values):
        return outcome
    try:
        written = _ENCODER.encode(values)
    except RecursionError as error:
        raise _too_deep() from error
    except (TypeError, ValueError) as error:
        raise ActionError(_("The action gave back something that is not JSON."), code="bad_result") from error
    if written.count("[") + written.count("{") > DEEPEST and _is_deeper(values, DEEPEST + 1):
        raise _too_deep()
    if len(written) > STORED_CHARS:
        outcome = dataclasses.replace(outcome, result=bounded(outcome.result, STORED_CHARS))
    if "\\u" not in written:
        return outcome
    return dataclasses.replace(
        outcome,
        result=storable(outcome.result),
        variables=storable(dict(outcome.variables)),
        agent_configuration=storable(outcome.agent_configuration),
    )


def _is_plain(values: Any) -> bool:
    """A quick look that nearly every outcome passes: small, flat, and nothing in it that JSON or a database refuses.

    A null may have been NaN: somebody else must look.
    """
    written = quickly_written(values)
    return (
        written is not None
        and len(written) <= STORED_CHARS
        and b"null" not in written
        and b"\\u0000" not in written
        and written.count(b"[") + written.count(b"{") <= DEEPEST
    )


def _too_deep() -> ActionError:
    return ActionError(_("The action gave back something that is nested too deeply."), code="bad_result")


def _is_deeper(value: Any, levels: int) -> bool:
    if not isinstance(value, Mapping | list | tuple):
        return False
    inner = value.values() if isinstance(value, Mapping) else value
    return levels == 0 or any(_is_deeper(each, levels - 1) for each in inner)


def apology(language: str) -> str:
    with override(language):
        return _("This could not be done just now. Apologise to the caller and offer another way.")
