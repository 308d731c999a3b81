"""The overview: today's calls, what went wrong, the agents, and the way to a new action."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from accounts.admin_base import Rank, rank_of
from actions.admin.drafts import DraftState, draft_state
from actions.admin.moments import FACES, choose_url, list_url
from actions.contract import Moment
from actions.models import Action, Agent
from calls.models import Call, CallState, Run, RunState

AGENTS_SHOWN = 6
"""Telling a draft from what is published takes a handful of queries for each agent."""


@dataclass(frozen=True)
class AgentLine:
    agent: Agent
    draft: DraftState
    calls_today: int


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    if getattr(request, "account", None) is None:
        return context
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    agents = list(Agent.objects.select_related("current_release__published_by")[:AGENTS_SHOWN])
    calls = _calls_by_agent(midnight)
    return context | {
        "may_edit": rank_of(request) >= Rank.EDITOR,
        "calls_today": sum(begun for begun, _running in calls.values()),
        "calls_now": sum(running for _begun, running in calls.values()),
        "calls_url": _calls_url(midnight),
        "problems": _problems(),
        "agents": [AgentLine(agent, draft_state(agent), calls.get(agent.pk, (0, 0))[0]) for agent in agents],
        "agents_total": Agent.objects.count(),
        "moments": _moments(),
    }


def _calls_by_agent(since: dt.datetime) -> dict[int, tuple[int, int]]:
    """Agent's id -> (calls begun since then, those of them that go on)."""
    rows = (
        Call.objects.filter(begun_at__gte=since)
        .order_by()
        .values("agent_id")
        .annotate(begun=Count("pk"), running=Count("pk", filter=~Q(state=CallState.COMPLETED)))
    )
    return {row["agent_id"]: (row["begun"], row["running"]) for row in rows}


def _moments() -> list[dict[str, Any]]:
    rows = Action.objects.filter(enabled=True).order_by().values("moment").annotate(count=Count("pk"))
    counts = {row["moment"]: row["count"] for row in rows}
    return [
        {
            "moment": moment,
            "face": FACES[moment],
            "count": counts.get(moment.value, 0),
            "list_url": list_url(moment),
            "choose_url": choose_url(moment),
        }
        for moment in Moment
    ]


def _problems() -> list[dict[str, Any]]:
    """Runs of the last 24 hours that failed during a call, or were given up after it, which can be tried again."""
    since = timezone.now() - dt.timedelta(hours=24)
    recent = Run.objects.filter(created_at__gte=since)
    failed = urlencode({"state__exact": RunState.FAILED.value, "period": "day"})
    urls = {
        RunState.FAILED: f"{reverse('admin:calls_run_changelist')}?{failed}",
        RunState.DEAD: f"{reverse('admin:calls_deadrun_changelist')}?period=day",
    }
    return [{"state": state, "count": recent.filter(state=state).count(), "url": url} for state, url in urls.items()]


def _calls_url(midnight: dt.datetime) -> str:
    calls = reverse("admin:calls_call_changelist")
    return f"{calls}?{urlencode({'begun_at_from': midnight.date().isoformat()})}"
