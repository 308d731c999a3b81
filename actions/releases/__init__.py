"""Releases: ``snapshot`` freezes a configuration, ``publish`` stores it, ``plan`` makes it ready to run."""

from actions.releases.missing import Missing, RollBackError, check_runnable
from actions.releases.plan import Plan, PlannedAction, PlannedBefore, ToolDefinition, load_plan
from actions.releases.publish import publish, roll_back
from actions.releases.snapshot import PublishError, PublishProblem, draft_digest, take_snapshot

__all__ = [
    "Missing",
    "Plan",
    "PlannedAction",
    "PlannedBefore",
    "PublishError",
    "PublishProblem",
    "RollBackError",
    "ToolDefinition",
    "check_runnable",
    "draft_digest",
    "load_plan",
    "publish",
    "roll_back",
    "take_snapshot",
]
