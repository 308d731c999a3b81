"""Publishing and going back. A release is never changed once stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Max

from actions.models import Agent, Release
from actions.releases.missing import check_runnable
from actions.releases.plan import compile_plan
from actions.releases.snapshot import digest, take_snapshot

if TYPE_CHECKING:
    from accounts.models import User
    from actions.contract import JSON


def publish(agent: Agent, *, by: User | None = None, note: str = "") -> Release:
    """Store the draft as the agent's next release and make it current.

    Raises :class:`actions.releases.PublishError` with every problem; nothing is stored then.
    """
    with transaction.atomic():
        agent = _locked(agent)
        return _store(agent, take_snapshot(agent), by=by, note=note)


def roll_back(agent: Agent, *, to: Release, by: User | None = None, note: str = "") -> Release:
    """Store an earlier release's content as the next release; the draft stays as it is.

    Raises ValueError when ``to`` belongs to another agent, :class:`actions.releases.RollBackError` when it cannot be
    run any more.
    """
    if to.agent_id != agent.pk:
        raise ValueError("the release belongs to another agent")
    with transaction.atomic():
        agent = _locked(agent)
        check_runnable(to)
        return _store(agent, to.snapshot, by=by, note=note, rolled_back_to=to)


def _locked(agent: Agent) -> Agent:
    """The row, locked where the database can: two people who publish at once get two numbers."""
    return Agent.objects.select_for_update().get(pk=agent.pk)


def _store(
    agent: Agent, snapshot: dict[str, JSON], *, by: User | None, note: str, rolled_back_to: Release | None = None
) -> Release:
    latest = Release.objects.filter(agent=agent).aggregate(number=Max("number"))["number"] or 0
    release = Release(
        agent=agent,
        number=latest + 1,
        snapshot=snapshot,
        digest=digest(snapshot),
        note=note,
        rolled_back_to=rolled_back_to,
        published_by=by,
    )
    # What is stored must be runnable: compile it as a call would before anybody can call it.
    compile_plan(release)
    release.save()
    agent.current_release = release
    agent.save(update_fields=["current_release"])
    return release
