"""How an agent's draft stands to what is published."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from actions.models import Agent, Release
from actions.releases import PublishError, PublishProblem, take_snapshot
from actions.releases.snapshot import digest


@dataclass(frozen=True)
class DraftState:
    """``name``: the draft was ``never`` published, is ``published`` as it stands, ``differs``, or is ``blocked``."""

    name: Literal["never", "published", "differs", "blocked"]
    release: Release | None
    problems: list[PublishProblem] = field(default_factory=list)


def draft_state(agent: Agent) -> DraftState:
    """A handful of queries, whatever the number of actions."""
    release = agent.current_release
    try:
        draft = digest(take_snapshot(agent))
    except PublishError as error:
        return DraftState("blocked", release, error.problems)
    if release is None:
        return DraftState("never", None)
    return DraftState("published" if draft == release.digest else "differs", release)
