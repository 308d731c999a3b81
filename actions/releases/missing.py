"""What an earlier version needs and has lost since: rows that it refers to, and never copies, were deleted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pydantic
from django.utils.translation import gettext as _

from actions.releases.plan import Plan, compile_plan
from schedules.models import Schedule

if TYPE_CHECKING:
    from actions.models import Release


@dataclass(frozen=True, slots=True)
class Missing:
    """``message`` is a sentence for people; ``action`` '': it concerns the agent itself."""

    action: str
    message: str


class RollBackError(Exception):
    """A version cannot be run any more: ``missing`` says why, with one entry at least."""

    def __init__(self, missing: list[Missing]) -> None:
        super().__init__("; ".join(f"{each.action}: {each.message}" for each in missing))
        self.missing = missing


def check_runnable(release: Release) -> None:
    """Raises :class:`RollBackError` with everything that calls on this release would lack."""
    try:
        plan = compile_plan(release)
    except (pydantic.ValidationError, KeyError) as error:
        message = _("It was made by a version of this product that knew other actions, or other settings of them.")
        raise RollBackError([Missing("", message)]) from error
    if missing := _missing(plan, release.agent.account_id):
        raise RollBackError(missing)


def _missing(plan: Plan, account_id: int) -> list[Missing]:
    hours = plan.agent.opening_hours_id
    found: list[Missing] = []
    if hours is not None and not Schedule.objects.filter(pk=hours, account=account_id).exists():
        found.append(Missing("", _("The schedule of its opening hours was deleted.")))
    for action in plan.actions:
        found += [Missing(action.name, text) for text in action.kind.missing(action.params, account_id)]
    return found
