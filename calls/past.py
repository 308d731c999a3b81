"""Finished calls, for trying an action out on one."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from actions.contract import CallContext, Deadline, Moment
from actions.models import Action
from actions.past_calls import PastCall
from actions.releases import load_plan
from calls.contexts import context_of
from calls.facts import known_of
from calls.models import Call, CallState, Run, RunState

TRIAL_S = 30.0


class PastCallsOfAccount:
    """What ``actions.past_calls`` asks for."""

    def latest(self, agent_id: int, most: int) -> Sequence[PastCall]:
        calls = Call.objects.filter(agent=agent_id, state=CallState.COMPLETED).order_by("-begun_at")
        rows = calls.only("id", "begun_at", "from_number", "to_number")[:most]
        return [PastCall(call.pk, call.begun_at, str(call)) for call in rows]

    def context(self, agent_id: int, call_id: UUID, action: Action) -> CallContext | None:
        """Of a run that is not stored, with an id of its own."""
        calls = Call.objects.select_related("release").filter(agent=agent_id, state=CallState.COMPLETED)
        call = calls.filter(pk=call_id).first()
        if call is None:
            return None
        run = Run(
            account_id=call.account_id,
            call=call,
            moment=Moment.AFTER,
            action_name=action.name,
            kind=action.kind,
            state=RunState.RUNNING,
        )
        plan = load_plan(call.release_id)
        return context_of(call, plan, run, Deadline.after(TRIAL_S), known_of(call))
