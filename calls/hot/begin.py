"""A call begins, as ``calls.lifecycle.begin`` does it, with as few trips to the database as there can be.

A call without an external id has nobody to repeat it: it is written once, with its runs and its answer. One with
an external id is written first, so that a repeat finds it, and again with its answer.
"""

from __future__ import annotations

import psycopg
import structlog

from accounts.database import in_database
from accounts.models import Account
from actions.contract import BEFORE_LIMIT_S, JSON, Deadline
from calls import records
from calls.before import Answered, answer_call
from calls.hot.desk import Desk
from calls.hot.lookups import KnownAgent
from calls.hot.writer import Change, Writer
from calls.lifecycle import LEASE_MARGIN_S, limit_s_of
from calls.mcp.tokens import access_json
from calls.models import Call, CallState
from calls.requests import BeginCall
from calls.timing import part

log = structlog.get_logger(__name__)


async def begin(account: Account, agent: KnownAgent, request: BeginCall, desk: Desk) -> dict[str, JSON] | None:
    """Inside the account's scope. None, with nothing done, where Django is to answer: a repeat, or a beginning that
    outside systems are told of.
    """
    if agent.is_announced:
        return None
    limit_s = limit_s_of(request.budget_ms, BEFORE_LIMIT_S)
    deadline = Deadline.after(limit_s)
    plan = agent.plan
    call = records.new_call(account.id, agent.id, plan.release_id, request, answer_within_s=limit_s + LEASE_MARGIN_S)
    if request.external_id is not None:
        with part("records"):
            if not await _is_first(call, desk.writer):
                return None
    with part("actions"):
        answered = await answer_call(account, call, plan, deadline)
    call.agent_configuration = answered.agent_configuration
    with part("records"):
        if not await _is_stored(call, answered, desk.writer):
            await in_database(records.store_late_answer)(call, answered.answer, answered.runs)
    desk.lookups.remember_call(account.id, call.id, plan)
    return {**answered.answer, "mcp": access_json(account, call.id)}


async def _is_first(call: Call, writer: Writer) -> bool:
    try:
        return await writer.write(Change(call=call))
    except psycopg.Error as error:
        # Django's way in tries again, and words what is wrong if it fails, too.
        log.warning("call_left_to_django", error=type(error).__name__)
        return False


async def _is_stored(call: Call, answered: Answered, writer: Writer) -> bool:
    """Whether the writer could: not when the caller has hung up meanwhile, or its connection broke."""
    call.state = CallState.IN_PROGRESS
    if call.external_id is None:
        # Nobody can ask for this answer again.
        change = Change(call=call, runs=answered.runs)
    else:
        call.answer = answered.answer
        change = Change(answered=call, runs=answered.runs)
    try:
        return await writer.write(change)
    except psycopg.Error as error:
        log.warning("answer_left_to_django", error=type(error).__name__)
        return False
